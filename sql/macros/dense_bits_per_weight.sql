CREATE OR REPLACE MACRO dense_bits_per_weight() AS 16; -- noqa: CP05

COMMENT ON MACRO dense_bits_per_weight IS -- noqa: PRS
'Bits of a weight of the dense matrix that sparse formats are held against.';
