CREATE TABLE IF NOT EXISTS matrix_prunings (
    run_id INTEGER NOT NULL,
    matrix_id INTEGER NOT NULL,
    kept_count BIGINT NOT NULL,
    weight_count BIGINT NOT NULL,
    reconstruction_error DOUBLE,
    elapsed_seconds DOUBLE,
    threshold DOUBLE
);

COMMENT ON TABLE matrix_prunings IS 'One row per run and matrix.';
COMMENT ON COLUMN matrix_prunings.threshold IS 'Largest score pruned where one threshold holds for the whole matrix; NULL elsewhere';
