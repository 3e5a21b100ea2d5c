CREATE TABLE IF NOT EXISTS structure_tests (
    run_id INTEGER NOT NULL,
    matrix_id INTEGER NOT NULL,
    axis VARCHAR NOT NULL,
    test VARCHAR NOT NULL,
    statistic DOUBLE NOT NULL,
    null_mean DOUBLE NOT NULL,
    null_sd DOUBLE NOT NULL,
    replicates INTEGER NOT NULL,
    p_value DOUBLE NOT NULL,
    q_value DOUBLE NOT NULL,
    effect DOUBLE,
    effect_low DOUBLE,
    effect_high DOUBLE
);

COMMENT ON TABLE structure_tests IS 'One row per run, matrix, axis and test: does the mask have structure that its row and column counts do not explain?';
COMMENT ON COLUMN structure_tests.test IS 'nearest_neighbours: mean Hamming distance of features to those nearest to them; top_eigenvalue: largest eigenvalue of the mask less what its row and column counts explain, the same for both axes';
COMMENT ON COLUMN structure_tests.statistic IS 'The statistic of the mask';
COMMENT ON COLUMN structure_tests.null_mean IS 'Mean of the statistic over random masks with the same row and column counts, in N:M also the same counts in every group';
COMMENT ON COLUMN structure_tests.null_sd IS 'Standard deviation of the statistic over these random masks';
COMMENT ON COLUMN structure_tests.replicates IS 'Random masks drawn: few where many were as extreme as the mask, more where the number of tests needs it';
COMMENT ON COLUMN structure_tests.p_value IS 'Probability that a random mask is as extreme, by Monte Carlo with early stopping';
COMMENT ON COLUMN structure_tests.effect IS 'By what share of its mean over random masks the statistic is better: neighbours nearer, or the eigenvalue larger; NULL where that mean is 0';
COMMENT ON COLUMN structure_tests.effect_low IS 'Lower end of its 95% interval: over features for neighbours, over random masks for the eigenvalue';
COMMENT ON COLUMN structure_tests.effect_high IS 'Upper end of its 95% interval';
