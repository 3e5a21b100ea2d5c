CREATE OR REPLACE VIEW fastest_formats AS
-- One row per run and matrix with a measured kernel: the best measurement on any device.
SELECT
    run_id,
    matrix_id,
    max(best_speedup) AS best_speedup,
    arg_max(best_kernel, best_speedup) AS best_kernel,
    arg_max(device, best_speedup) AS best_device
FROM measured_formats
GROUP BY run_id, matrix_id;

COMMENT ON VIEW fastest_formats IS
'One row per run and matrix with a measured kernel: the fastest over all devices; measured_formats has each device.';
