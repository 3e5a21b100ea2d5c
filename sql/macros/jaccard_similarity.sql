CREATE OR REPLACE MACRO jaccard_similarity(mask_a, mask_b) AS -- noqa: CP05
CASE
    WHEN bit_count(mask_a | mask_b) = 0 THEN 1.0
    ELSE bit_count(mask_a & mask_b) / bit_count(mask_a | mask_b)
END;

COMMENT ON MACRO jaccard_similarity IS -- noqa: PRS
'Positions kept by both masks over positions kept by either; 1 when both keep nothing.';
