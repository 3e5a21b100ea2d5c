CREATE TABLE IF NOT EXISTS cluster_pair_distances (
    clustering_id INTEGER NOT NULL,
    cluster_a INTEGER,
    cluster_b INTEGER,
    pair_count INTEGER NOT NULL,
    distance_sum DOUBLE NOT NULL
);

COMMENT ON TABLE cluster_pair_distances IS 'One row per clustering and pair of clusters; a cluster paired with itself holds the distances within it. Chance masks have one row for all pairs in different clusters.';
COMMENT ON COLUMN cluster_pair_distances.cluster_a IS 'First cluster, never above the second; NULL in the one row for all pairs in different clusters of a chance mask';
COMMENT ON COLUMN cluster_pair_distances.cluster_b IS 'Second cluster; NULL in the one row for all pairs in different clusters of a chance mask';
COMMENT ON COLUMN cluster_pair_distances.pair_count IS 'Pairs of features, one of each cluster; 0 for a cluster of one with itself';
COMMENT ON COLUMN cluster_pair_distances.distance_sum IS 'Sum of the Hamming distances of these pairs';
