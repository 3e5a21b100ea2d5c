CREATE OR REPLACE MACRO jaccard_similarity(mask_a, mask_b) AS -- noqa: CP05
coalesce(safe_ratio(bit_count(mask_a & mask_b), bit_count(mask_a | mask_b)), 1);

COMMENT ON MACRO jaccard_similarity IS -- noqa: PRS
'Positions kept by both masks over positions kept by either; 1 when both keep nothing.';
