CREATE TABLE IF NOT EXISTS feature_embeddings (
    run_id INTEGER NOT NULL,
    matrix_id INTEGER NOT NULL,
    axis VARCHAR NOT NULL,
    reference_feature INTEGER NOT NULL,
    embedding VARCHAR NOT NULL,
    seed INTEGER NOT NULL,
    feature_index INTEGER NOT NULL,
    x FLOAT NOT NULL,
    y FLOAT NOT NULL
);

COMMENT ON TABLE feature_embeddings IS 'One row per run, matrix, reference feature, embedding and clustered feature: its place in the plane.';
COMMENT ON COLUMN feature_embeddings.run_id IS 'Pruning run';
COMMENT ON COLUMN feature_embeddings.matrix_id IS 'Weight matrix';
COMMENT ON COLUMN feature_embeddings.axis IS 'input: the feature is a column of the matrix; output: a row';
COMMENT ON COLUMN feature_embeddings.reference_feature IS 'Feature the neighbours were chosen around';
COMMENT ON COLUMN feature_embeddings.embedding IS 'pca: the two main axes of the masks; tsne: t-SNE of their Euclidean distances';
COMMENT ON COLUMN feature_embeddings.seed IS 'Seed of the random draws';
COMMENT ON COLUMN feature_embeddings.feature_index IS 'Column or row, from 0';
COMMENT ON COLUMN feature_embeddings.x IS 'First coordinate';
COMMENT ON COLUMN feature_embeddings.y IS 'Second coordinate';
