-- Does any mask have structure beyond chance?
SELECT
    method,
    pattern,
    layer,
    projection,
    k,
    round(mean_excess, 3) AS mean_excess,
    round(mean_z_score, 1) AS mean_z_score,
    verdict
FROM separation_intervals
ORDER BY mean_excess DESC NULLS LAST, run_id, matrix_id, k
LIMIT 20;
