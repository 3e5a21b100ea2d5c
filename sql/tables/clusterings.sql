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
COMMENT ON COLUMN clusterings.clustering_id IS 'Clustering';
COMMENT ON COLUMN clusterings.run_id IS 'Pruning run';
COMMENT ON COLUMN clusterings.matrix_id IS 'Weight matrix';
COMMENT ON COLUMN clusterings.axis IS 'input: the feature is a column of the matrix; output: a row';
COMMENT ON COLUMN clusterings.algorithm IS 'kmeans';
COMMENT ON COLUMN clusterings.distance IS 'Distance the algorithm works on, such as euclidean';
COMMENT ON COLUMN clusterings.k IS 'Number of clusters asked for';
COMMENT ON COLUMN clusterings.neighbour_count IS 'Features clustered: the reference and those nearest to it by Hamming distance';
COMMENT ON COLUMN clusterings.reference_feature IS 'Feature the neighbours were chosen around';
COMMENT ON COLUMN clusterings.seed IS 'Seed of the random draws';
COMMENT ON COLUMN clusterings.null_replicate IS 'NULL for the real mask; 0, 1, … for masks drawn at random with the same kept counts';
