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
