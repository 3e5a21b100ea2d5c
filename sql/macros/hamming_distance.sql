CREATE OR REPLACE MACRO hamming_distance(mask_a, mask_b) AS -- noqa: CP05
safe_ratio(bit_count(xor(mask_a, mask_b)), bit_length(mask_a));

COMMENT ON MACRO hamming_distance IS -- noqa: PRS
'Share of the positions in which two keep masks of equal length differ.';
