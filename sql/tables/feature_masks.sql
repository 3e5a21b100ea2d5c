CREATE TABLE IF NOT EXISTS feature_masks (
    run_id INTEGER NOT NULL,
    matrix_id INTEGER NOT NULL,
    axis VARCHAR NOT NULL,
    feature_index INTEGER NOT NULL,
    keep_mask BIT NOT NULL,
    kept_count INTEGER NOT NULL
);

COMMENT ON TABLE feature_masks IS 'One row per run, matrix, axis and feature: which weights of the feature are kept.';
COMMENT ON COLUMN feature_masks.keep_mask IS 'One bit per position of the feature, position 0 first; 1 = kept';
