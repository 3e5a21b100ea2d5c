CREATE TABLE IF NOT EXISTS cluster_assignments (
    clustering_id INTEGER NOT NULL,
    feature_index INTEGER NOT NULL,
    cluster INTEGER NOT NULL,
    gradient_rank INTEGER NOT NULL,
    reference_distance DOUBLE NOT NULL
);

COMMENT ON TABLE cluster_assignments IS 'One row per clustering of a real mask and feature.';
COMMENT ON COLUMN cluster_assignments.reference_distance IS 'Hamming distance to the reference feature';
