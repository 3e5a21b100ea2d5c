CREATE OR REPLACE VIEW clustering_figures AS
-- One row per clustering, of real and of chance masks. All pairs are summed first, then those within
-- clusters: far cheaper than conditional sums over every pair of clusters.
WITH all_pairs AS (
    SELECT
        clustering_id,
        sum(distance_sum) AS distance_sum,
        sum(pair_count)::BIGINT AS pair_count
    FROM cluster_pair_distances
    GROUP BY clustering_id
),

inner_pairs AS (
    SELECT
        clustering_id,
        sum(distance_sum) AS distance_sum,
        sum(pair_count)::BIGINT AS pair_count,
        -- A cluster of one has no pairs: its within distance counts as 0, as in the published figure.
        avg(coalesce(safe_ratio(distance_sum, pair_count), 0)) AS within_distance_macro,
        count(*) AS cluster_count,
        count(*) - count(nullif(pair_count, 0)) AS singleton_count,
        -- A cluster of s features has s (s - 1) / 2 pairs.
        ((1 + sqrt(1 + 8 * max(pair_count))) / 2)::INTEGER AS largest_cluster
    FROM cluster_pair_distances
    WHERE cluster_a = cluster_b
    GROUP BY clustering_id
),

distances AS (
    SELECT
        inner_pairs.clustering_id,
        safe_ratio(inner_pairs.distance_sum, inner_pairs.pair_count) AS within_distance,
        safe_ratio(
            all_pairs.distance_sum - inner_pairs.distance_sum, all_pairs.pair_count - inner_pairs.pair_count
        ) AS between_distance,
        inner_pairs.within_distance_macro,
        inner_pairs.cluster_count,
        inner_pairs.singleton_count,
        inner_pairs.largest_cluster
    FROM inner_pairs
    INNER JOIN all_pairs ON inner_pairs.clustering_id = all_pairs.clustering_id
)

SELECT
    clusterings.clustering_id,
    clusterings.run_id,
    clusterings.matrix_id,
    clusterings.axis,
    clusterings.algorithm,
    clusterings.distance,
    clusterings.k,
    clusterings.neighbour_count,
    clusterings.reference_feature,
    clusterings.seed,
    clusterings.null_replicate,
    distances.within_distance,
    distances.between_distance,
    safe_ratio(distances.between_distance, distances.within_distance) AS separation_ratio,
    safe_ratio(distances.between_distance, distances.within_distance_macro) AS separation_ratio_macro,
    distances.cluster_count,
    distances.singleton_count,
    distances.largest_cluster
FROM clusterings
INNER JOIN distances ON clusterings.clustering_id = distances.clustering_id;

COMMENT ON VIEW clustering_figures IS
'One row per clustering, chance masks included: distances within and between clusters, both ratios, cluster sizes.';
