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
