CREATE OR REPLACE VIEW kernel_speedups AS
-- One row per device, kernel, value format, shape, batch, dtype, sparsity, pattern, mask and cache state:
-- its best time.
SELECT
    device,
    kernel,
    value_format,
    out_features,
    in_features,
    batch,
    dtype,
    sparsity,
    pattern,
    mask_source,
    cache,
    arg_min(variant, latency_us_p50) AS variant,
    min(latency_us_p50) AS latency_us_p50,
    arg_min(dense_latency_us_p50, latency_us_p50) AS dense_latency_us_p50,
    arg_min(speedup, latency_us_p50) AS speedup,
    arg_min(limit_fraction, latency_us_p50) AS limit_fraction,
    arg_min(bits_per_weight, latency_us_p50) AS bits_per_weight,
    count(*) AS measurement_count,
    max(measured_at) AS measured_at,
    coalesce(arg_min(speedup, latency_us_p50) >= worthwhile_speedup(), FALSE) AS is_worthwhile
FROM kernel_benchmarks
WHERE error IS NULL AND latency_us_p50 IS NOT NULL
GROUP BY ALL;

COMMENT ON VIEW kernel_speedups IS
'One row per device, kernel, value format, shape, batch, type of the weights, sparsity, pattern, mask and cache state: its best time against dense.';
COMMENT ON COLUMN kernel_speedups.measurement_count IS 'Measurements behind the row';
COMMENT ON COLUMN kernel_speedups.measured_at IS 'Time of the latest of them, UTC';
COMMENT ON COLUMN kernel_speedups.is_worthwhile IS 'Whether the speed-up is large enough to deploy the kernel: see the macro worthwhile_speedup';
