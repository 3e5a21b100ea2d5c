CREATE TABLE IF NOT EXISTS feature_comparisons (
    run_id_a INTEGER NOT NULL,
    run_id_b INTEGER NOT NULL,
    matrix_id INTEGER NOT NULL,
    axis VARCHAR NOT NULL,
    feature_index INTEGER NOT NULL,
    jaccard FLOAT NOT NULL,
    cosine FLOAT,
    hamming FLOAT NOT NULL
);

COMMENT ON TABLE feature_comparisons IS 'One row per pair of runs of a model, matrix and feature: how alike the two runs treat it.';
COMMENT ON COLUMN feature_comparisons.cosine IS 'Cosine of the pruned weights of the feature in the two runs; NULL where either has none left';
