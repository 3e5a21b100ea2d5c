-- How do measured speed-ups compare with what was predicted?
SELECT
    device,
    method,
    pattern,
    projection,
    best_kernel,
    round(avg(best_speedup), 2) AS best_speedup,
    round(avg(byte_limit), 2) AS byte_limit,
    round(avg(report_low), 2) AS report_low,
    round(avg(report_high), 2) AS report_high,
    round(avg(block_over_csr), 2) AS block_over_csr
FROM prediction_vs_measurement
GROUP BY device, method, pattern, projection, best_kernel
ORDER BY device, method, pattern, projection;
