CREATE TABLE IF NOT EXISTS matrices (
    matrix_id INTEGER NOT NULL,
    model_id VARCHAR NOT NULL,
    layer INTEGER NOT NULL,
    component VARCHAR NOT NULL,
    projection VARCHAR NOT NULL,
    out_features INTEGER NOT NULL,
    in_features INTEGER NOT NULL
);

COMMENT ON TABLE matrices IS 'One row per prunable weight matrix of a model.';
COMMENT ON COLUMN matrices.matrix_id IS 'Weight matrix';
COMMENT ON COLUMN matrices.model_id IS 'Model: the checkpoint folder name, with a piece of its fingerprint where two folders share one';
COMMENT ON COLUMN matrices.layer IS 'Transformer block, from 0';
COMMENT ON COLUMN matrices.component IS 'Module inside the block, such as self_attn.q_proj';
COMMENT ON COLUMN matrices.projection IS 'q, k, v, o, gate, up or down; elsewhere the own name of the module';
COMMENT ON COLUMN matrices.out_features IS 'Rows: output features';
COMMENT ON COLUMN matrices.in_features IS 'Columns: input features';
