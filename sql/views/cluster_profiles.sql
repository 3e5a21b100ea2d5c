CREATE OR REPLACE VIEW cluster_profiles AS
-- One row per cluster of a real mask: its centroid in figures, and the activations its features see.
SELECT
    clusterings.*,
    centroids.cluster,
    any_value(centroids.feature_count) AS feature_count,
    any_value(centroids.mean_density) AS mean_density,
    any_value(centroids.majority_agreement) AS majority_agreement,
    any_value(safe_ratio(bit_count(centroids.majority_mask), bit_length(centroids.majority_mask)))
        AS majority_density,
    avg(metrics.weight_norm) AS mean_weight_norm,
    avg(metrics.activation_norm) AS mean_activation_norm,
    stddev_samp(metrics.activation_norm) AS activation_norm_sd
FROM cluster_centroids AS centroids
INNER JOIN real_clusterings AS clusterings ON centroids.clustering_id = clusterings.clustering_id
INNER JOIN cluster_assignments AS assignments
    ON centroids.clustering_id = assignments.clustering_id AND centroids.cluster = assignments.cluster
LEFT JOIN feature_metrics AS metrics
    ON
        clusterings.run_id = metrics.run_id
        AND clusterings.matrix_id = metrics.matrix_id
        AND clusterings.axis = metrics.axis
        AND assignments.feature_index = metrics.feature_index
GROUP BY ALL;

COMMENT ON VIEW cluster_profiles IS
'One row per cluster of a real mask: its centroid in figures, and the norms of the weights and activations of its features.';
COMMENT ON COLUMN cluster_profiles.majority_density IS 'Share of the positions that more than half of the features of the cluster keep';
COMMENT ON COLUMN cluster_profiles.mean_weight_norm IS 'Mean weight norm of its features';
COMMENT ON COLUMN cluster_profiles.mean_activation_norm IS 'Mean activation norm of its features; NULL for output features';
COMMENT ON COLUMN cluster_profiles.activation_norm_sd IS 'Standard deviation of the activation norms of its features';
