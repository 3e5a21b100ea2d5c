CREATE TABLE IF NOT EXISTS clusterings (
    clustering_id INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    matrix_id INTEGER NOT NULL,
    axis VARCHAR NOT NULL,
    algorithm VARCHAR NOT NULL,
    distance VARCHAR NOT NULL,
    k INTEGER NOT NULL,
    neighbour_count INTEGER NOT NULL,
    reference_feature INTEGER NOT NULL,
    seed INTEGER NOT NULL,
    null_replicate INTEGER
);

COMMENT ON TABLE clusterings IS 'One row per run, matrix, algorithm, distance, k, reference feature, seed and chance replicate.';
