CREATE OR REPLACE VIEW separation_intervals AS
-- One row per run, matrix, algorithm, distance, k and size of the neighbourhood. Seeds see the same features,
-- so that they are averaged first, and the intervals are over reference features.
WITH reference_means AS (
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
        neighbour_count,
        reference_feature,
        count(*) AS clustering_count,
        avg(separation_ratio) AS separation_ratio,
        avg(separation_ratio_macro) AS separation_ratio_macro,
        avg(separation_difference) AS separation_difference,
        avg(within_distance) AS within_distance,
        avg(between_distance) AS between_distance,
        avg(null_ratio_mean) AS null_ratio_mean,
        avg(null_ratio_macro_mean) AS null_ratio_macro_mean,
        avg(null_difference_mean) AS null_difference_mean,
        avg(separation_excess) AS separation_excess,
        avg(z_score) AS z_score,
        avg(singleton_count) AS singleton_count,
        bool_or(is_filled) AS is_filled,
        any_value(q_value) AS q_value,
        any_value(evidence) AS evidence,
        any_value(is_structured) AS is_structured
    FROM separation_ratios
    GROUP BY ALL
),

summaries AS (
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
        neighbour_count,
        count(*) AS reference_count,
        sum(clustering_count)::BIGINT AS clustering_count,
        avg(separation_ratio) AS mean_ratio,
        stddev_samp(separation_ratio) AS ratio_sd,
        avg(separation_ratio_macro) AS mean_ratio_macro,
        avg(separation_difference) AS mean_difference,
        avg(null_ratio_mean) AS mean_null_ratio,
        avg(null_ratio_macro_mean) AS mean_null_ratio_macro,
        avg(null_difference_mean) AS mean_null_difference,
        avg(separation_excess) AS mean_excess,
        stddev_samp(separation_excess) AS excess_sd,
        avg(z_score) AS mean_z_score,
        avg(singleton_count) AS mean_singleton_count,
        safe_ratio(student_t_975(count(separation_ratio) - 1), sqrt(count(separation_ratio)))
            AS standard_errors,
        any_value(q_value) AS q_value,
        any_value(evidence) AS evidence,
        separation_effect(avg(within_distance), avg(between_distance), avg(null_ratio_mean)) AS effect,
        bool_or(is_filled) AS is_filled,
        any_value(is_structured) AS is_structured
    FROM reference_means
    GROUP BY ALL
)

SELECT
    * EXCLUDE (standard_errors),
    mean_ratio - standard_errors * ratio_sd AS ratio_low,
    mean_ratio + standard_errors * ratio_sd AS ratio_high,
    mean_excess - standard_errors * excess_sd AS excess_low,
    mean_excess + standard_errors * excess_sd AS excess_high,
    is_inflated(mean_ratio_macro, mean_ratio, mean_singleton_count) AS is_inflated,
    separation_verdict(q_value, effect, mean_ratio, NULL, 0, mean_null_ratio, NULL) AS verdict
FROM summaries;

COMMENT ON VIEW separation_intervals IS
'One row per run, matrix, algorithm, distance, k and size of the neighbourhood: mean separation ratio, with its 95% confidence interval over reference features.';
COMMENT ON COLUMN separation_intervals.clustering_count IS 'Number of clusterings averaged: reference features times seeds';
COMMENT ON COLUMN separation_intervals.reference_count IS 'Number of reference features, the replicates behind the intervals';
COMMENT ON COLUMN separation_intervals.ratio_sd IS 'Standard deviation of the separation ratio over reference features; NULL for one';
COMMENT ON COLUMN separation_intervals.excess_sd IS 'Standard deviation of the ratio over its chance mean; NULL for one reference feature';
COMMENT ON COLUMN separation_intervals.mean_difference IS 'Mean separation difference';
COMMENT ON COLUMN separation_intervals.mean_null_difference IS 'Mean separation difference of chance masks';
COMMENT ON COLUMN separation_intervals.mean_z_score IS 'Mean z-score of the clusterings';
COMMENT ON COLUMN separation_intervals.ratio_low IS 'Lower end of the 95% confidence interval of the mean ratio; NULL for one reference feature';
COMMENT ON COLUMN separation_intervals.ratio_high IS 'Upper end of the 95% confidence interval of the mean ratio; NULL for one reference feature';
COMMENT ON COLUMN separation_intervals.excess_low IS 'Lower end of the 95% confidence interval of the mean excess; NULL for one reference feature';
COMMENT ON COLUMN separation_intervals.excess_high IS 'Upper end of the 95% confidence interval of the mean excess; NULL for one reference feature';
COMMENT ON COLUMN separation_intervals.is_inflated IS 'Whether clusters of one lift the macro ratio well above the pair ratio';
