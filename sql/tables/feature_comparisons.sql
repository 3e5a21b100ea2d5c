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
COMMENT ON COLUMN feature_comparisons.run_id_a IS 'First run, the lower key';
COMMENT ON COLUMN feature_comparisons.run_id_b IS 'Second run';
COMMENT ON COLUMN feature_comparisons.matrix_id IS 'Weight matrix';
COMMENT ON COLUMN feature_comparisons.axis IS 'input: the feature is a column of the matrix; output: a row';
COMMENT ON COLUMN feature_comparisons.feature_index IS 'Column or row, from 0';
COMMENT ON COLUMN feature_comparisons.jaccard IS 'Weights both runs keep over weights either keeps; 1 when both keep nothing';
COMMENT ON COLUMN feature_comparisons.cosine IS 'Cosine of the pruned weights of the feature in the two runs; NULL where either has none left';
COMMENT ON COLUMN feature_comparisons.hamming IS 'Share of the weights on which the two masks differ';
