CREATE OR REPLACE VIEW separation_ratios AS
-- One row per clustering of a real mask, beside the same pipeline on chance masks. One pass over all
-- clusterings, real and chance, lets a filter by run and matrix reach the tables.
WITH compared AS (
    SELECT
        *,
        count(*) FILTER (WHERE null_replicate IS NOT NULL) OVER alike AS null_count,
        avg(separation_ratio) FILTER (WHERE null_replicate IS NOT NULL) OVER alike AS null_ratio_mean,
        stddev_samp(separation_ratio) FILTER (WHERE null_replicate IS NOT NULL) OVER alike AS null_ratio_sd,
        avg(separation_ratio_macro) FILTER (WHERE null_replicate IS NOT NULL) OVER alike
            AS null_ratio_macro_mean,
        avg(separation_difference) FILTER (WHERE null_replicate IS NOT NULL) OVER alike
            AS null_difference_mean,
        avg(neighbourhood_distance) FILTER (WHERE null_replicate IS NOT NULL) OVER alike
            AS null_neighbourhood_distance,
        avg(singleton_count) FILTER (WHERE null_replicate IS NOT NULL) OVER alike AS null_singleton_mean
    FROM clustering_figures
    WINDOW
        alike AS (
            PARTITION BY
                run_id, matrix_id, axis, algorithm, distance, k, neighbour_count, reference_feature, seed
        )
),

standing AS (
    SELECT
        clusterings.*,
        compared.neighbourhood_distance,
        compared.within_distance,
        compared.between_distance,
        compared.separation_difference,
        compared.separation_ratio,
        compared.separation_ratio_macro,
        compared.cluster_count,
        compared.singleton_count,
        compared.largest_cluster,
        nullif(compared.null_count, 0) AS null_count,
        compared.null_neighbourhood_distance,
        compared.null_difference_mean,
        compared.null_ratio_mean,
        compared.null_ratio_sd,
        compared.null_ratio_macro_mean,
        compared.null_singleton_mean,
        z_score(compared.separation_ratio, compared.null_ratio_mean, compared.null_ratio_sd) AS z_score,
        safe_ratio(compared.separation_ratio, compared.null_ratio_mean) AS separation_excess,
        evidence.q_value,
        evidence.evidence,
        separation_effect(compared.within_distance, compared.between_distance, compared.null_ratio_mean)
            AS effect,
        is_filled(
            compared.neighbourhood_distance,
            compared.null_neighbourhood_distance,
            compared.separation_ratio,
            compared.null_ratio_mean
        ) AS is_filled,
        evidence.is_structured
    FROM compared
    INNER JOIN real_clusterings AS clusterings
        ON
            compared.run_id = clusterings.run_id
            AND compared.matrix_id = clusterings.matrix_id
            AND compared.clustering_id = clusterings.clustering_id
    LEFT JOIN matrix_evidence AS evidence
        ON compared.run_id = evidence.run_id AND compared.matrix_id = evidence.matrix_id
    WHERE compared.null_replicate IS NULL
)

SELECT
    *,
    separation_verdict(
        q_value,
        effect,
        separation_ratio,
        separation_ratio_macro,
        singleton_count,
        null_ratio_mean,
        null_ratio_macro_mean
    ) AS verdict
FROM standing;

COMMENT ON VIEW separation_ratios IS
'One row per clustering of a real mask: how far apart its clusters are, by pairs and as published, against chance.';
COMMENT ON COLUMN separation_ratios.null_count IS 'Chance replicates behind the chance columns';
COMMENT ON COLUMN separation_ratios.null_ratio_sd IS 'Standard deviation of the separation ratio on chance masks';
COMMENT ON COLUMN separation_ratios.null_difference_mean IS 'Mean separation difference on chance masks';
COMMENT ON COLUMN separation_ratios.null_neighbourhood_distance IS 'Mean neighbourhood distance on chance masks';
COMMENT ON COLUMN separation_ratios.null_singleton_mean IS 'Mean number of clusters of one feature on chance masks';
COMMENT ON COLUMN separation_ratios.verdict IS 'What the tests and the ratios say, in a sentence';
