CREATE OR REPLACE VIEW clustering_figures AS
-- One row per clustering, of real and of chance masks. Sums are grouped by run and matrix as well, so that a
-- filter by them reaches the tables.
WITH sums AS (
    SELECT
        clusterings.run_id,
        clusterings.matrix_id,
        clusterings.clustering_id,
        sum(pairs.distance_sum) AS distance_sum,
        sum(pairs.pair_count)::BIGINT AS pair_count,
        sum(pairs.distance_sum) FILTER (WHERE pairs.cluster_a = pairs.cluster_b) AS inner_distance_sum,
        sum(pairs.pair_count) FILTER (WHERE pairs.cluster_a = pairs.cluster_b)::BIGINT AS inner_pair_count,
        -- A cluster of one has no pairs: its within distance counts as 0, as in the published figure.
        avg(coalesce(safe_ratio(pairs.distance_sum, pairs.pair_count), 0)) FILTER (
            WHERE pairs.cluster_a = pairs.cluster_b
        ) AS within_distance_macro,
        count(*) FILTER (WHERE pairs.cluster_a = pairs.cluster_b) AS cluster_count,
        count(*) FILTER (WHERE pairs.cluster_a = pairs.cluster_b AND pairs.pair_count = 0) AS singleton_count,
        -- A cluster of s features has s (s - 1) / 2 pairs.
        max((1 + sqrt(1 + 8 * pairs.pair_count)) / 2) FILTER (
            WHERE pairs.cluster_a = pairs.cluster_b
        )::INTEGER AS largest_cluster
    FROM clusterings
    INNER JOIN cluster_pair_distances AS pairs ON clusterings.clustering_id = pairs.clustering_id
    GROUP BY clusterings.run_id, clusterings.matrix_id, clusterings.clustering_id
),

distances AS (
    SELECT
        *,
        safe_ratio(distance_sum, pair_count) AS neighbourhood_distance,
        safe_ratio(inner_distance_sum, inner_pair_count) AS within_distance,
        safe_ratio(distance_sum - inner_distance_sum, pair_count - inner_pair_count) AS between_distance
    FROM sums
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
    distances.neighbourhood_distance,
    distances.within_distance,
    distances.between_distance,
    distances.between_distance - distances.within_distance AS separation_difference,
    safe_ratio(distances.between_distance, distances.within_distance) AS separation_ratio,
    safe_ratio(distances.between_distance, distances.within_distance_macro) AS separation_ratio_macro,
    distances.cluster_count,
    distances.singleton_count,
    distances.largest_cluster
FROM clusterings
INNER JOIN distances
    ON
        clusterings.run_id = distances.run_id
        AND clusterings.matrix_id = distances.matrix_id
        AND clusterings.clustering_id = distances.clustering_id;

COMMENT ON VIEW clustering_figures IS
'One row per clustering, chance masks included: distances within and between clusters, both ratios, cluster sizes.';
