CREATE OR REPLACE MACRO rows_of_head(head, head_size, out_features) AS -- noqa: CP05
(
    repeat('0', head * head_size)
    || repeat('1', head_size)
    || repeat('0', out_features - (head + 1) * head_size)
)::BIT;

COMMENT ON MACRO rows_of_head IS -- noqa: PRS
'The rows of one head of attention, as bits over all rows of its matrix.';
