-- Which storage format is worth deploying for each projection, and why?
SELECT
    method,
    sparsity,
    pattern,
    projection,
    tier,
    format,
    block_size,
    why,
    count(*) AS matrix_count
FROM format_recommendations
GROUP BY ALL
ORDER BY min(run_id), projection, matrix_count DESC, why;
