CREATE OR REPLACE VIEW measured_formats AS
-- One row per run, matrix and device that a benchmark of its shape, pattern and sparsity exists for.
-- Batch 1 and a cold cache: generating a token multiplies one vector by weights that no cache holds.
WITH applicable AS (
    SELECT
        matrices.run_id,
        matrices.matrix_id,
        speedups.device,
        speedups.kernel,
        speedups.mask_source,
        speedups.latency_us_p50,
        speedups.dense_latency_us_p50,
        speedups.speedup,
        speedups.bits_per_weight
    FROM pruned_matrices AS matrices
    INNER JOIN kernel_speedups AS speedups
        ON
            matrices.out_features = speedups.out_features
            AND matrices.in_features = speedups.in_features
            AND matrices.pattern = speedups.pattern
            AND sparsity_key(matrices.sparsity) = sparsity_key(speedups.sparsity)
            -- A measurement on the mask of another run says nothing about this run.
            AND speedups.mask_source IN ('random', matrices.run_id::VARCHAR)
    WHERE
        speedups.batch = 1
        AND speedups.cache = 'cold'
        -- Runs keep 16-bit values; rounding them would add a loss that no run has measured.
        AND speedups.value_format = '16'
        -- The sparsity of the kernel activation is that of its inputs, not of the weights.
        AND speedups.kernel <> 'activation'
)

SELECT
    run_id,
    matrix_id,
    device,
    arg_max(kernel, speedup) AS best_kernel,
    max(speedup) AS best_speedup,
    arg_max(mask_source, speedup) AS mask_source,
    arg_max(latency_us_p50, speedup) AS latency_us_p50,
    arg_max(dense_latency_us_p50, speedup) AS dense_latency_us_p50,
    arg_max(bits_per_weight, speedup) AS bits_per_weight,
    count(DISTINCT kernel) AS kernel_count,
    min(latency_us_p50) FILTER (WHERE kernel = 'csr') AS csr_latency_us,
    min(latency_us_p50) FILTER (WHERE kernel IN ('bsr', 'clustered')) AS block_latency_us
FROM applicable
GROUP BY run_id, matrix_id, device;

COMMENT ON VIEW measured_formats IS
'One row per run, matrix and device: the fastest measured kernel for its shape, pattern and sparsity at batch 1, cold cache.';
COMMENT ON COLUMN measured_formats.kernel_count IS 'Kernels compared';
COMMENT ON COLUMN measured_formats.csr_latency_us IS 'Median time of the element-wise sparse kernel (csr), in microseconds; NULL where not measured';
COMMENT ON COLUMN measured_formats.block_latency_us IS 'Median time of the better of the block kernels (bsr, clustered), in microseconds; NULL where not measured';
