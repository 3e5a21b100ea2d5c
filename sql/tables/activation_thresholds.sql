CREATE TABLE IF NOT EXISTS activation_thresholds (
    model_id VARCHAR NOT NULL,
    matrix_id INTEGER NOT NULL,
    activation_sparsity DOUBLE NOT NULL,
    threshold DOUBLE NOT NULL,
    calibration_id INTEGER NOT NULL
);

COMMENT ON TABLE activation_thresholds IS
'One row per model, matrix and activation sparsity: the size below which so large a share of the inputs of the dense model lies.';
COMMENT ON COLUMN activation_thresholds.threshold IS 'Quantile of the sizes of the calibration inputs, at most 0.1% above the exact one';
