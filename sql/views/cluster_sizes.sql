CREATE OR REPLACE VIEW cluster_sizes AS
-- One row per cluster of a real mask.
WITH sizes AS (
    SELECT
        clustering_id,
        cluster,
        count(*) AS feature_count,
        avg(reference_distance) AS mean_reference_distance
    FROM cluster_assignments
    GROUP BY clustering_id, cluster
)

SELECT
    clusterings.*,
    sizes.cluster,
    sizes.feature_count,
    row_number() OVER (
        PARTITION BY sizes.clustering_id ORDER BY sizes.feature_count DESC, sizes.cluster
    ) AS size_rank,
    sizes.mean_reference_distance
FROM sizes
INNER JOIN real_clusterings AS clusterings ON sizes.clustering_id = clusterings.clustering_id;

COMMENT ON VIEW cluster_sizes IS
'One row per cluster of a real mask: how many features it holds and how far they lie from the reference feature.';
COMMENT ON COLUMN cluster_sizes.size_rank IS 'Place of the cluster by size, 1 the largest';
COMMENT ON COLUMN cluster_sizes.mean_reference_distance IS 'Mean Hamming distance of its features to the reference feature';
