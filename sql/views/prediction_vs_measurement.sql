CREATE OR REPLACE VIEW prediction_vs_measurement AS
-- One row per run, matrix and device with a measured kernel: the two predictions for it, and the measurement.
WITH macro_ratios AS (
    SELECT
        run_id,
        matrix_id,
        max(mean_ratio_macro) AS ratio_macro
    FROM separation_intervals
    GROUP BY run_id, matrix_id
),

compared AS (
    SELECT
        matrices.model_id,
        measured.run_id,
        measured.matrix_id,
        matrices.method,
        matrices.sparsity,
        matrices.pattern,
        matrices.layer,
        matrices.projection,
        measured.device,
        measured.best_kernel,
        measured.best_speedup,
        safe_ratio(dense_bits_per_weight(), measured.bits_per_weight) AS byte_limit,
        safe_ratio(measured.best_speedup * measured.bits_per_weight, dense_bits_per_weight()) AS limit_share,
        macro_ratios.ratio_macro,
        report_speedup(macro_ratios.ratio_macro).low AS report_low,
        report_speedup(macro_ratios.ratio_macro).high AS report_high,
        safe_ratio(measured.csr_latency_us, measured.block_latency_us) AS block_over_csr
    FROM measured_formats AS measured
    INNER JOIN pruned_matrices AS matrices
        ON measured.run_id = matrices.run_id AND measured.matrix_id = matrices.matrix_id
    LEFT JOIN macro_ratios
        ON measured.run_id = macro_ratios.run_id AND measured.matrix_id = macro_ratios.matrix_id
)

SELECT
    *,
    CASE
        WHEN block_over_csr IS NULL THEN 'block kernels not measured against csr'
        WHEN report_low IS NULL THEN 'no clusters to predict from'
        WHEN block_over_csr < report_low THEN 'the report promised more'
        WHEN block_over_csr > report_high THEN 'the report promised less'
        ELSE 'as the report promised'
    END AS verdict
FROM compared;

COMMENT ON VIEW prediction_vs_measurement IS
'One row per run, matrix and device with measured kernels: the predictions by bytes and by the report''s tiers, and what was measured.';
COMMENT ON COLUMN prediction_vs_measurement.byte_limit IS 'Speed-up over 16-bit dense weights if time followed the bytes of the packed weights';
COMMENT ON COLUMN prediction_vs_measurement.limit_share IS 'Measured speed-up over that limit';
COMMENT ON COLUMN prediction_vs_measurement.report_low IS 'Lower end of the speed-up of block kernels over csr that the report expects of such a ratio';
COMMENT ON COLUMN prediction_vs_measurement.report_high IS 'Upper end of that speed-up';
COMMENT ON COLUMN prediction_vs_measurement.block_over_csr IS 'Measured speed-up of the better block kernel over csr; NULL where either was not measured';
COMMENT ON COLUMN prediction_vs_measurement.verdict IS 'How the report''s prediction fared, in words';
