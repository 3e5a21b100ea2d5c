CREATE OR REPLACE VIEW separation_intervals AS
-- One row per run, matrix, algorithm, distance and k, over all reference features and seeds.
WITH summaries AS (
    SELECT
        model_id,
        run_id,
        matrix_id,
        method,
        sparsity,
        pattern,
        layer,
        projection,
        algorithm,
        distance,
        k,
        count(separation_ratio) AS clustering_count,
        avg(separation_ratio) AS mean_ratio,
        stddev_samp(separation_ratio) AS ratio_sd,
        avg(separation_ratio_macro) AS mean_ratio_macro,
        avg(null_ratio_mean) AS mean_null_ratio,
        avg(null_ratio_macro_mean) AS mean_null_ratio_macro,
        avg(separation_excess) AS mean_excess,
        stddev_samp(separation_excess) AS excess_sd,
        avg(z_score) AS mean_z_score,
        avg(singleton_count) AS mean_singleton_count,
        count(*) FILTER (WHERE is_above_chance) AS above_chance_count
    FROM separation_ratios
    GROUP BY ALL
),

halves AS (
    SELECT
        *,
        safe_ratio(student_t_975(clustering_count - 1), sqrt(clustering_count)) AS standard_errors
    FROM summaries
)

SELECT
    * EXCLUDE (standard_errors),
    mean_ratio - standard_errors * ratio_sd AS ratio_low,
    mean_ratio + standard_errors * ratio_sd AS ratio_high,
    mean_excess - standard_errors * excess_sd AS excess_low,
    mean_excess + standard_errors * excess_sd AS excess_high,
    is_above_chance(mean_z_score) AS is_above_chance,
    is_inflated(mean_ratio_macro, mean_ratio, mean_singleton_count) AS is_inflated,
    CASE
        WHEN mean_null_ratio IS NULL THEN 'no chance masks to compare with'
        ELSE printf(
            '%s: %.2f× against %.2f, above chance in %d of %d clusterings',
            CASE
                WHEN above_chance_count = 0 THEN 'at chance'
                WHEN mean_excess >= structured_excess() THEN 'structured'
                ELSE 'barely above chance'
            END,
            mean_ratio,
            mean_null_ratio,
            above_chance_count,
            clustering_count
        )
    END AS verdict
FROM halves;

COMMENT ON VIEW separation_intervals IS
'One row per run, matrix, algorithm, distance and k: mean separation ratio over references and seeds, with its 95% confidence interval.';
COMMENT ON COLUMN separation_intervals.clustering_count IS 'Number of clusterings averaged: reference features times seeds';
COMMENT ON COLUMN separation_intervals.ratio_sd IS 'Standard deviation of the separation ratio; NULL for one clustering';
COMMENT ON COLUMN separation_intervals.excess_sd IS 'Standard deviation of the ratio over its chance mean; NULL for one clustering';
COMMENT ON COLUMN separation_intervals.mean_z_score IS 'Mean z-score of the clusterings';
COMMENT ON COLUMN separation_intervals.above_chance_count IS 'Clusterings whose own z-score stands above chance';
COMMENT ON COLUMN separation_intervals.ratio_low IS 'Lower end of the 95% confidence interval of the mean ratio; NULL for one clustering';
COMMENT ON COLUMN separation_intervals.ratio_high IS 'Upper end of the 95% confidence interval of the mean ratio; NULL for one clustering';
COMMENT ON COLUMN separation_intervals.excess_low IS 'Lower end of the 95% confidence interval of the mean excess; NULL for one clustering';
COMMENT ON COLUMN separation_intervals.excess_high IS 'Upper end of the 95% confidence interval of the mean excess; NULL for one clustering';
COMMENT ON COLUMN separation_intervals.is_inflated IS 'Whether clusters of one lift the macro ratio well above the pair ratio';
