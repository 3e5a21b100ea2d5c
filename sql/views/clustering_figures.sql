CREATE OR REPLACE VIEW clustering_figures AS
-- One row per clustering, of real and of chance masks. All pairs are summed once and those within clusters
-- once more: together far cheaper than conditional sums over every pair of clusters.
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
        avg(coalesce(distance_sum / nullif(pair_count, 0), 0)) AS within_distance_macro,
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
        inner_pairs.distance_sum / nullif(inner_pairs.pair_count, 0) AS within_distance,
        (all_pairs.distance_sum - inner_pairs.distance_sum)
        / nullif(all_pairs.pair_count - inner_pairs.pair_count, 0) AS between_distance,
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
    distances.between_distance / nullif(distances.within_distance, 0) AS separation_ratio,
    distances.between_distance / nullif(distances.within_distance_macro, 0) AS separation_ratio_macro,
    distances.cluster_count,
    distances.singleton_count,
    distances.largest_cluster
FROM clusterings
INNER JOIN distances ON clusterings.clustering_id = distances.clustering_id;

COMMENT ON VIEW clustering_figures IS
'One row per clustering, chance masks included: distances within and between clusters, both ratios, cluster sizes.';
COMMENT ON COLUMN clustering_figures.within_distance IS 'Mean Hamming distance over all pairs of features in the same cluster';
COMMENT ON COLUMN clustering_figures.between_distance IS 'Mean Hamming distance over all pairs of features in different clusters';
COMMENT ON COLUMN clustering_figures.separation_ratio IS 'Between distance over within distance, by pairs';
COMMENT ON COLUMN clustering_figures.separation_ratio_macro IS 'Between distance over the mean across clusters of the within distance, a cluster of one counting as 0: the published figure';
COMMENT ON COLUMN clustering_figures.cluster_count IS 'Clusters found';
COMMENT ON COLUMN clustering_figures.singleton_count IS 'Clusters of one feature; they inflate the macro ratio';
COMMENT ON COLUMN clustering_figures.largest_cluster IS 'Features in the largest cluster';
