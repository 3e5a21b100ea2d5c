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
        avg(separation_ratio / null_ratio_mean) AS mean_excess,
        stddev_samp(separation_ratio / null_ratio_mean) AS excess_sd,
        avg(z_score) AS mean_z_score,
        avg(singleton_count) AS mean_singleton_count,
        count(*) FILTER (WHERE z_score > 3) AS above_chance_count
    FROM separation_ratios
    GROUP BY ALL
),

halves AS (
    SELECT
        *,
        student_t_975(clustering_count - 1) / sqrt(clustering_count) AS standard_errors
    FROM summaries
)

SELECT
    * EXCLUDE (standard_errors),
    mean_ratio - standard_errors * ratio_sd AS ratio_low,
    mean_ratio + standard_errors * ratio_sd AS ratio_high,
    mean_excess - standard_errors * excess_sd AS excess_low,
    mean_excess + standard_errors * excess_sd AS excess_high,
    CASE
        WHEN mean_null_ratio IS NULL THEN 'no chance masks to compare with'
        ELSE printf(
            '%s: %.2f× against %.2f, above chance in %d of %d clusterings',
            CASE
                WHEN above_chance_count = 0 THEN 'at chance'
                WHEN mean_excess >= 1.1 THEN 'structured'
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
COMMENT ON COLUMN separation_intervals.clustering_count IS 'Clusterings averaged: reference features times seeds';
COMMENT ON COLUMN separation_intervals.mean_ratio IS 'Mean separation ratio';
COMMENT ON COLUMN separation_intervals.ratio_sd IS 'Standard deviation of the separation ratio; NULL for one clustering';
COMMENT ON COLUMN separation_intervals.mean_ratio_macro IS 'Mean macro separation ratio';
COMMENT ON COLUMN separation_intervals.mean_null_ratio IS 'Mean separation ratio of chance masks';
COMMENT ON COLUMN separation_intervals.mean_null_ratio_macro IS 'Mean macro separation ratio of chance masks';
COMMENT ON COLUMN separation_intervals.mean_excess IS 'Mean of the separation ratio over its chance mean: 1 at chance';
COMMENT ON COLUMN separation_intervals.excess_sd IS 'Standard deviation of the ratio over its chance mean; NULL for one clustering';
COMMENT ON COLUMN separation_intervals.mean_z_score IS 'Mean z-score';
COMMENT ON COLUMN separation_intervals.mean_singleton_count IS 'Mean number of clusters of one feature';
COMMENT ON COLUMN separation_intervals.above_chance_count IS 'Clusterings more than 3 standard deviations above chance';
COMMENT ON COLUMN separation_intervals.ratio_low IS 'Lower end of the 95% confidence interval of the mean ratio; NULL for one clustering';
COMMENT ON COLUMN separation_intervals.ratio_high IS 'Upper end of the 95% confidence interval of the mean ratio; NULL for one clustering';
COMMENT ON COLUMN separation_intervals.excess_low IS 'Lower end of the 95% confidence interval of the mean excess; NULL for one clustering';
COMMENT ON COLUMN separation_intervals.excess_high IS 'Upper end of the 95% confidence interval of the mean excess; NULL for one clustering';
COMMENT ON COLUMN separation_intervals.verdict IS 'What the ratios say together, in a sentence';
