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
