CREATE OR REPLACE VIEW report_tiers AS
-- One row per run and matrix of a method that the report has tiers for: its tier by the rule of the report.
WITH limits AS (
    SELECT
        method,
        max(value) FILTER (WHERE metric = 'tier_high_ratio') AS high_ratio,
        max(value) FILTER (WHERE metric = 'tier_low_ratio') AS low_ratio
    FROM reference_results
    WHERE metric IN ('tier_high_ratio', 'tier_low_ratio')
    GROUP BY method
),

largest AS (
    SELECT
        run_id,
        matrix_id,
        method,
        max(mean_ratio_macro) AS ratio_macro
    FROM separation_intervals
    GROUP BY run_id, matrix_id, method
)

SELECT
    largest.run_id,
    largest.matrix_id,
    largest.ratio_macro,
    CASE
        WHEN largest.ratio_macro > limits.high_ratio THEN 'high'
        WHEN largest.ratio_macro >= limits.low_ratio THEN 'medium'
        ELSE 'low'
    END AS report_tier
FROM largest
INNER JOIN limits ON largest.method = limits.method;

COMMENT ON VIEW report_tiers IS
'One row per run and matrix of a method that the report has tiers for: its priority by the macro ratio alone, as published.';
