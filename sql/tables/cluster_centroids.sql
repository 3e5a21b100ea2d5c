CREATE TABLE IF NOT EXISTS cluster_centroids (
    clustering_id INTEGER NOT NULL,
    cluster INTEGER NOT NULL,
    feature_count INTEGER NOT NULL,
    majority_mask BIT NOT NULL,
    mean_density FLOAT NOT NULL,
    majority_agreement FLOAT NOT NULL
);

COMMENT ON TABLE cluster_centroids IS 'One row per clustering of a real mask and cluster: its majority mask.';
COMMENT ON COLUMN cluster_centroids.majority_mask IS 'One bit per position, position 0 first; 1 = kept by more than half of the features of the cluster';
