CREATE OR REPLACE MACRO packed_bits_per_weight(pattern_text, density) AS -- noqa: CP05
CASE
    -- A kept value of N:M is stored beside its place in the group of M.
    WHEN is_group_pattern(pattern_text)
        THEN
            density
            * (dense_bits_per_weight() + ceil(log2(split_part(pattern_text, ':', 2)::INTEGER)))
    -- A kept value of an unstructured mask is stored beside the gap to the value before it, 4 bits wide.
    ELSE density * (dense_bits_per_weight() + 4)
END;

COMMENT ON MACRO packed_bits_per_weight IS -- noqa: PRS
'Bits per weight, zeros included, of the smallest format for 16-bit weights: a gap of 4 bits beside each kept value, or its place in the group of N:M.';
