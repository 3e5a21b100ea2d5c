-- The pairs of clusters of a clustering hold every pair of its features once.
SELECT
    clusterings.clustering_id,
    clusterings.neighbour_count,
    coalesce(sum(pairs.pair_count), 0) AS pair_count
FROM clusterings
LEFT JOIN cluster_pair_distances AS pairs ON clusterings.clustering_id = pairs.clustering_id
GROUP BY clusterings.clustering_id, clusterings.neighbour_count
HAVING coalesce(sum(pairs.pair_count), 0) <> pair_total(clusterings.neighbour_count);
