CREATE OR REPLACE MACRO packed_bits_per_weight(pattern_text, density) AS -- noqa: CP05
CASE
    -- A kept value of N:M is 16 bits and its place in the group of M.
    WHEN pattern_text LIKE '%:%' THEN density * (16 + ceil(log2(split_part(pattern_text, ':', 2)::INTEGER)))
    -- A kept value of an unstructured mask is 16 bits and a 4-bit gap to the value before.
    ELSE density * 20
END;

COMMENT ON MACRO packed_bits_per_weight IS -- noqa: PRS
'Bits a weight, zeros included, that the leanest format stores of 16-bit weights: gaps of 4 bits, or the places of N:M.';
