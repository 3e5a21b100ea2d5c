CREATE OR REPLACE VIEW prediction_vs_measurement AS
-- One row per run, matrix and device with a measured kernel: what was predicted of it, twice, and what came.
WITH macro_ratios AS (
    SELECT
        run_id,
        matrix_id,
        max(mean_ratio_macro) AS ratio_macro
    FROM separation_intervals
    GROUP BY run_id, matrix_id
),

expected AS (
    -- The report's rule: its tiers by macro ratio, and what it expected of block kernels over csr in each.
    SELECT
        macro_ratios.run_id,
        macro_ratios.matrix_id,
        macro_ratios.ratio_macro,
        CASE
            WHEN macro_ratios.ratio_macro > 8 THEN 2.0
            WHEN macro_ratios.ratio_macro >= 2 THEN 1.5
            ELSE 1.0
        END AS report_low,
        CASE
            WHEN macro_ratios.ratio_macro > 8 THEN 3.0
            WHEN macro_ratios.ratio_macro >= 2 THEN 2.0
            ELSE 1.2
        END AS report_high
    FROM macro_ratios
)

SELECT
    runs.model_id,
    measured.run_id,
    measured.matrix_id,
    runs.method,
    runs.sparsity,
    runs.pattern,
    matrices.layer,
    matrices.projection,
    measured.device,
    measured.best_kernel,
    measured.best_speedup,
    16 / nullif(measured.bits_per_weight, 0) AS byte_limit,
    measured.best_speedup * measured.bits_per_weight / 16 AS limit_share,
    expected.ratio_macro,
    expected.report_low,
    expected.report_high,
    measured.csr_latency_us / nullif(measured.block_latency_us, 0) AS block_over_csr,
    CASE
        WHEN measured.csr_latency_us IS NULL OR measured.block_latency_us IS NULL
            THEN 'block kernels not measured against csr'
        WHEN expected.report_low IS NULL THEN 'no clusters to predict from'
        WHEN measured.csr_latency_us / measured.block_latency_us < expected.report_low
            THEN 'the report promised more'
        WHEN measured.csr_latency_us / measured.block_latency_us > expected.report_high
            THEN 'the report promised less'
        ELSE 'as the report promised'
    END AS verdict
FROM measured_formats AS measured
INNER JOIN pruning_runs AS runs ON measured.run_id = runs.run_id
INNER JOIN matrices ON measured.matrix_id = matrices.matrix_id
LEFT JOIN expected ON measured.run_id = expected.run_id AND measured.matrix_id = expected.matrix_id;

COMMENT ON VIEW prediction_vs_measurement IS
'One row per run, matrix and device with measured kernels: the predictions by bytes and by the report''s tiers, and what was measured.';
COMMENT ON COLUMN prediction_vs_measurement.best_kernel IS 'Fastest measured kernel at batch 1, cold cache';
COMMENT ON COLUMN prediction_vs_measurement.best_speedup IS 'Its speed-up over dense';
COMMENT ON COLUMN prediction_vs_measurement.byte_limit IS 'Speed-up over 16-bit dense if time followed the bytes of its packed weights';
COMMENT ON COLUMN prediction_vs_measurement.limit_share IS 'Measured speed-up over that limit';
COMMENT ON COLUMN prediction_vs_measurement.ratio_macro IS 'Largest mean macro ratio over algorithms and k: what the report predicts from';
COMMENT ON COLUMN prediction_vs_measurement.report_low IS 'Lower end of the speed-up of block kernels over csr that the report expects of such a ratio';
COMMENT ON COLUMN prediction_vs_measurement.report_high IS 'Upper end of that speed-up';
COMMENT ON COLUMN prediction_vs_measurement.block_over_csr IS 'Measured speed-up of the better block kernel over csr; NULL where either was not measured';
COMMENT ON COLUMN prediction_vs_measurement.verdict IS 'How the report''s prediction fared, in words';
