CREATE OR REPLACE VIEW cluster_stability AS
-- One row per pair of clusterings of one mask that differ only in the seed or only in the reference feature;
-- of a run without such pairs one row that says why.
WITH pairs AS (
    SELECT
        a.model_id,
        a.run_id,
        a.matrix_id,
        a.method,
        a.sparsity,
        a.pattern,
        a.layer,
        a.projection,
        a.algorithm,
        a.distance,
        a.k,
        a.clustering_id AS clustering_id_a,
        b.clustering_id AS clustering_id_b,
        a.reference_feature AS reference_feature_a,
        b.reference_feature AS reference_feature_b,
        a.seed AS seed_a,
        b.seed AS seed_b
    FROM real_clusterings AS a
    INNER JOIN real_clusterings AS b
        ON
            a.run_id = b.run_id
            AND a.matrix_id = b.matrix_id
            AND a.axis = b.axis
            AND a.algorithm = b.algorithm
            AND a.distance = b.distance
            AND a.k = b.k
            AND a.neighbour_count = b.neighbour_count
            AND a.clustering_id < b.clustering_id
            AND (a.reference_feature = b.reference_feature OR a.seed = b.seed)
),

cells AS (
    SELECT
        pairs.clustering_id_a,
        pairs.clustering_id_b,
        in_a.cluster AS cluster_a,
        in_b.cluster AS cluster_b,
        count(*) AS feature_count
    FROM pairs
    INNER JOIN cluster_assignments AS in_a ON pairs.clustering_id_a = in_a.clustering_id
    INNER JOIN cluster_assignments AS in_b
        ON pairs.clustering_id_b = in_b.clustering_id AND in_a.feature_index = in_b.feature_index
    GROUP BY ALL
),

sums AS (
    SELECT
        clustering_id_a,
        clustering_id_b,
        grouping(cluster_a) = 0 AS by_a,
        grouping(cluster_b) = 0 AS by_b,
        sum(feature_count)::BIGINT AS feature_count
    FROM cells
    GROUP BY
        GROUPING SETS (
            (clustering_id_a, clustering_id_b, cluster_a, cluster_b),
            (clustering_id_a, clustering_id_b, cluster_a),
            (clustering_id_a, clustering_id_b, cluster_b),
            (clustering_id_a, clustering_id_b)
        )
),

agreements AS (
    SELECT
        clustering_id_a,
        clustering_id_b,
        max(feature_count) AS common_feature_count,
        adjusted_rand(
            sum(pair_total(feature_count)) FILTER (WHERE by_a AND by_b),
            sum(pair_total(feature_count)) FILTER (WHERE by_a AND NOT by_b),
            sum(pair_total(feature_count)) FILTER (WHERE by_b AND NOT by_a),
            pair_total(max(feature_count))
        ) AS adjusted_rand
    FROM sums
    GROUP BY clustering_id_a, clustering_id_b
)

SELECT -- noqa: AM07
    pairs.*,
    NULL AS why_none,
    CASE
        WHEN pairs.reference_feature_a = pairs.reference_feature_b THEN 'seed'
        ELSE 'reference'
    END AS varied,
    agreements.common_feature_count,
    agreements.adjusted_rand
FROM pairs
INNER JOIN agreements
    ON
        pairs.clustering_id_a = agreements.clustering_id_a
        AND pairs.clustering_id_b = agreements.clustering_id_b
UNION ALL BY NAME
SELECT DISTINCT
    clusterings.model_id,
    clusterings.run_id,
    clusterings.method,
    clusterings.sparsity,
    clusterings.pattern,
    'one seed and one reference feature: cluster with several, --references 3 --cluster-seed 0 1' AS why_none
FROM real_clusterings AS clusterings
ANTI JOIN pairs ON clusterings.run_id = pairs.run_id;

COMMENT ON VIEW cluster_stability IS
'One row per pair of clusterings of one mask that differ in the seed or in the reference feature: how far they agree; of a run without such pairs one row that says why.';
COMMENT ON COLUMN cluster_stability.why_none IS 'Why there is nothing to compare in the run; NULL in every row of a pair';
COMMENT ON COLUMN cluster_stability.clustering_id_a IS 'First clustering';
COMMENT ON COLUMN cluster_stability.clustering_id_b IS 'Second clustering';
COMMENT ON COLUMN cluster_stability.reference_feature_a IS 'Reference feature of the first clustering';
COMMENT ON COLUMN cluster_stability.reference_feature_b IS 'Reference feature of the second clustering';
COMMENT ON COLUMN cluster_stability.seed_a IS 'Seed of the first clustering';
COMMENT ON COLUMN cluster_stability.seed_b IS 'Seed of the second clustering';
COMMENT ON COLUMN cluster_stability.varied IS 'What differs: seed or reference';
COMMENT ON COLUMN cluster_stability.common_feature_count IS 'Features in both clusterings; the agreement is over these';
COMMENT ON COLUMN cluster_stability.adjusted_rand IS 'Adjusted Rand index: 1 for equal clusters, 0 for what chance gives';
