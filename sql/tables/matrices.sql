CREATE TABLE IF NOT EXISTS matrices (
    matrix_id INTEGER NOT NULL,
    model_id VARCHAR NOT NULL,
    layer INTEGER NOT NULL,
    component VARCHAR NOT NULL,
    projection VARCHAR NOT NULL,
    out_features INTEGER NOT NULL,
    in_features INTEGER NOT NULL,
    head_count INTEGER
);

COMMENT ON TABLE matrices IS 'One row per prunable weight matrix of a model.';
COMMENT ON COLUMN matrices.head_count IS 'Attention heads of the matrix, rows of q, k and v and columns of o; NULL where it has none';
