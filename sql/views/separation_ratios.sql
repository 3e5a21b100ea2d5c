CREATE OR REPLACE VIEW separation_ratios AS
-- One row per clustering of a real mask, beside the same pipeline on chance masks.
WITH figures AS (
    FROM clustering_figures
),

chance AS (
    SELECT
        run_id,
        matrix_id,
        axis,
        algorithm,
        distance,
        k,
        reference_feature,
        seed,
        count(*) AS null_count,
        avg(separation_ratio) AS null_ratio_mean,
        stddev_samp(separation_ratio) AS null_ratio_sd,
        avg(separation_ratio_macro) AS null_ratio_macro_mean,
        avg(singleton_count) AS null_singleton_mean
    FROM figures
    WHERE null_replicate IS NOT NULL
    GROUP BY ALL
),

compared AS (
    SELECT
        clusterings.*,
        figures.within_distance,
        figures.between_distance,
        figures.separation_ratio,
        figures.separation_ratio_macro,
        figures.cluster_count,
        figures.singleton_count,
        figures.largest_cluster,
        chance.null_count,
        chance.null_ratio_mean,
        chance.null_ratio_sd,
        chance.null_ratio_macro_mean,
        chance.null_singleton_mean,
        z_score(figures.separation_ratio, chance.null_ratio_mean, chance.null_ratio_sd) AS z_score,
        safe_ratio(figures.separation_ratio, chance.null_ratio_mean) AS separation_excess
    FROM figures
    INNER JOIN real_clusterings AS clusterings ON figures.clustering_id = clusterings.clustering_id
    LEFT JOIN chance
        ON
            figures.run_id = chance.run_id
            AND figures.matrix_id = chance.matrix_id
            AND figures.axis = chance.axis
            AND figures.algorithm = chance.algorithm
            AND figures.distance = chance.distance
            AND figures.k = chance.k
            AND figures.reference_feature = chance.reference_feature
            AND figures.seed = chance.seed
    WHERE figures.null_replicate IS NULL
)

SELECT
    *,
    is_above_chance(z_score) AS is_above_chance,
    is_structured(z_score, separation_ratio, null_ratio_mean) AS is_structured,
    separation_verdict(
        separation_ratio,
        separation_ratio_macro,
        singleton_count,
        null_ratio_mean,
        null_ratio_sd,
        null_ratio_macro_mean
    ) AS verdict
FROM compared;

COMMENT ON VIEW separation_ratios IS
'One row per clustering of a real mask: how far apart its clusters are, by pairs and as published, against chance.';
COMMENT ON COLUMN separation_ratios.null_count IS 'Chance replicates behind the chance columns';
COMMENT ON COLUMN separation_ratios.null_ratio_sd IS 'Standard deviation of the separation ratio on chance masks';
COMMENT ON COLUMN separation_ratios.null_singleton_mean IS 'Mean number of clusters of one feature on chance masks';
COMMENT ON COLUMN separation_ratios.verdict IS 'What the ratios say, in a sentence';
COMMENT ON COLUMN separation_ratios.is_above_chance IS 'Whether the z-score stands above chance';
COMMENT ON COLUMN separation_ratios.is_structured IS 'Whether the ratio stands above chance, and well above: see the macro is_structured';
