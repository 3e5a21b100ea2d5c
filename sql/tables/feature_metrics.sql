CREATE TABLE IF NOT EXISTS feature_metrics (
    run_id INTEGER NOT NULL,
    matrix_id INTEGER NOT NULL,
    axis VARCHAR NOT NULL,
    feature_index INTEGER NOT NULL,
    weight_norm FLOAT,
    pruned_weight_norm FLOAT,
    activation_norm FLOAT,
    density FLOAT NOT NULL
);

COMMENT ON TABLE feature_metrics IS 'One row per run, matrix, axis and feature: its figures.';
COMMENT ON COLUMN feature_metrics.run_id IS 'Pruning run';
COMMENT ON COLUMN feature_metrics.matrix_id IS 'Weight matrix';
COMMENT ON COLUMN feature_metrics.axis IS 'input: the feature is a column of the matrix; output: a row';
COMMENT ON COLUMN feature_metrics.feature_index IS 'Column or row, from 0';
COMMENT ON COLUMN feature_metrics.weight_norm IS 'Euclidean norm of the dense weights of the feature';
COMMENT ON COLUMN feature_metrics.pruned_weight_norm IS 'Euclidean norm of the weights of the feature after pruning';
COMMENT ON COLUMN feature_metrics.activation_norm IS 'Euclidean norm of the activations of an input feature over the tokens of a calibration sequence, root mean square over sequences; NULL for output features';
COMMENT ON COLUMN feature_metrics.density IS 'Share of the weights of the feature that are kept';
