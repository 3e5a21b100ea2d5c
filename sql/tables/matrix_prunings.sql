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
COMMENT ON COLUMN matrix_prunings.run_id IS 'Pruning run';
COMMENT ON COLUMN matrix_prunings.matrix_id IS 'Weight matrix';
COMMENT ON COLUMN matrix_prunings.kept_count IS 'Weights kept';
COMMENT ON COLUMN matrix_prunings.weight_count IS 'Weights in the matrix';
COMMENT ON COLUMN matrix_prunings.reconstruction_error IS 'Frobenius norm of WX - W''X over that of WX, on the calibration inputs; NULL where there were none';
COMMENT ON COLUMN matrix_prunings.elapsed_seconds IS 'Time spent on pruning this matrix, in seconds';
COMMENT ON COLUMN matrix_prunings.threshold IS 'Largest score pruned where one threshold holds for the whole matrix; NULL elsewhere';
