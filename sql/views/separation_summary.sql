CREATE OR REPLACE VIEW separation_summary AS
-- One row per run, algorithm, distance and k: the statistical summary of its separation ratios.
WITH summaries AS (
    SELECT
        model_id,
        run_id,
        method,
        sparsity,
        pattern,
        algorithm,
        distance,
        k,
        count(*) AS clustering_count,
        avg(separation_ratio) AS mean_ratio,
        max(separation_ratio) AS max_ratio,
        avg(separation_ratio_macro) AS mean_ratio_macro,
        max(separation_ratio_macro) AS max_ratio_macro,
        count(*) FILTER (WHERE separation_ratio > 5) AS above_5_count,
        count(*) FILTER (WHERE separation_ratio_macro > 5) AS above_5_count_macro,
        -- Uniform: between and within distances agree within 5%.
        avg((separation_ratio BETWEEN 0.95 AND 1.05)::INTEGER) AS uniform_share,
        avg(null_ratio_mean) AS mean_null_ratio,
        avg(null_ratio_macro_mean) AS mean_null_ratio_macro,
        avg((z_score > 3)::INTEGER) AS above_chance_share
    FROM separation_ratios
    GROUP BY ALL
)

SELECT
    *,
    first_value(method) OVER compared AS winner,
    first_value(method) OVER compared_macro AS winner_macro
FROM summaries
WINDOW
    compared AS (
        PARTITION BY model_id, sparsity, pattern, algorithm, distance, k
        ORDER BY mean_ratio - mean_null_ratio DESC NULLS LAST, run_id
    ),
    compared_macro AS (
        PARTITION BY model_id, sparsity, pattern, algorithm, distance, k
        ORDER BY mean_ratio_macro DESC NULLS LAST, run_id
    );

COMMENT ON VIEW separation_summary IS
'One row per run, algorithm, distance and k: mean and maximum ratio, how many are high, uniform or above chance, winner.';
COMMENT ON COLUMN separation_summary.clustering_count IS 'Clusterings summarised';
COMMENT ON COLUMN separation_summary.mean_ratio IS 'Mean separation ratio';
COMMENT ON COLUMN separation_summary.max_ratio IS 'Largest separation ratio';
COMMENT ON COLUMN separation_summary.mean_ratio_macro IS 'Mean macro separation ratio';
COMMENT ON COLUMN separation_summary.max_ratio_macro IS 'Largest macro separation ratio';
COMMENT ON COLUMN separation_summary.above_5_count IS 'Clusterings with a separation ratio above 5';
COMMENT ON COLUMN separation_summary.above_5_count_macro IS 'Clusterings with a macro separation ratio above 5';
COMMENT ON COLUMN separation_summary.uniform_share IS 'Share of clusterings whose separation ratio lies within 5% of 1';
COMMENT ON COLUMN separation_summary.mean_null_ratio IS 'Mean separation ratio of chance masks';
COMMENT ON COLUMN separation_summary.mean_null_ratio_macro IS 'Mean macro separation ratio of chance masks';
COMMENT ON COLUMN separation_summary.above_chance_share IS 'Share of clusterings more than 3 standard deviations above chance';
COMMENT ON COLUMN separation_summary.winner IS 'Method whose mean ratio stands furthest above chance among runs of equal model, sparsity and pattern';
COMMENT ON COLUMN separation_summary.winner_macro IS 'Method with the highest mean macro ratio: the winner as published';
