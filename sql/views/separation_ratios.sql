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
)

SELECT
    runs.model_id,
    figures.run_id,
    figures.matrix_id,
    figures.clustering_id,
    runs.method,
    runs.sparsity,
    runs.pattern,
    matrices.layer,
    matrices.component,
    matrices.projection,
    figures.axis,
    figures.algorithm,
    figures.distance,
    figures.k,
    figures.neighbour_count,
    figures.reference_feature,
    figures.seed,
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
    separation_verdict(
        figures.separation_ratio,
        figures.separation_ratio_macro,
        figures.singleton_count,
        chance.null_ratio_mean,
        chance.null_ratio_sd,
        chance.null_ratio_macro_mean
    ) AS verdict
FROM figures
INNER JOIN pruning_runs AS runs ON figures.run_id = runs.run_id
INNER JOIN matrices ON figures.matrix_id = matrices.matrix_id
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
WHERE figures.null_replicate IS NULL;

COMMENT ON VIEW separation_ratios IS
'One row per clustering of a real mask: how far apart its clusters are, by pairs and as published, against chance.';
COMMENT ON COLUMN separation_ratios.null_count IS 'Chance replicates behind the chance columns';
COMMENT ON COLUMN separation_ratios.null_ratio_mean IS 'Mean separation ratio of the same pipeline on chance masks';
COMMENT ON COLUMN separation_ratios.null_ratio_sd IS 'Standard deviation of the separation ratio on chance masks';
COMMENT ON COLUMN separation_ratios.null_ratio_macro_mean IS 'Mean macro separation ratio on chance masks';
COMMENT ON COLUMN separation_ratios.null_singleton_mean IS 'Mean number of clusters of one feature on chance masks';
COMMENT ON COLUMN separation_ratios.z_score IS 'Standard deviations of chance between the separation ratio and its chance mean';
COMMENT ON COLUMN separation_ratios.verdict IS 'What the ratios say, in a sentence';
COMMENT ON COLUMN separation_ratios.separation_ratio IS 'Between distance over within distance, by pairs';
COMMENT ON COLUMN separation_ratios.separation_ratio_macro IS 'Between distance over the mean across clusters of the within distance, a cluster of one counting as 0: the published figure';
COMMENT ON COLUMN separation_ratios.cluster_count IS 'Clusters found';
COMMENT ON COLUMN separation_ratios.singleton_count IS 'Clusters of one feature; they inflate the macro ratio';
