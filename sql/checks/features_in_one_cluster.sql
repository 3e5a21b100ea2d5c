-- Every clustered feature of a real mask is in exactly one cluster, and has a rank of its own.
SELECT
    clusterings.clustering_id,
    clusterings.neighbour_count,
    count(assignments.feature_index) AS assigned_count,
    count(DISTINCT assignments.feature_index) AS feature_count,
    count(DISTINCT assignments.gradient_rank) AS rank_count
FROM clusterings
LEFT JOIN cluster_assignments AS assignments ON clusterings.clustering_id = assignments.clustering_id
WHERE clusterings.null_replicate IS NULL
GROUP BY clusterings.clustering_id, clusterings.neighbour_count
HAVING
    count(assignments.feature_index) <> clusterings.neighbour_count
    OR count(DISTINCT assignments.feature_index) <> clusterings.neighbour_count
    OR count(DISTINCT assignments.gradient_rank) <> clusterings.neighbour_count
    OR max(assignments.gradient_rank) <> clusterings.neighbour_count - 1;
