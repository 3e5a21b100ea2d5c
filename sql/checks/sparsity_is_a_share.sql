-- Sparsities and densities are shares of zeros and of kept weights.
SELECT
    'pruning_runs' AS table_name,
    run_id,
    NULL::INTEGER AS matrix_id,
    sparsity AS figure
FROM pruning_runs
WHERE NOT isfinite(sparsity) OR sparsity < 0 OR sparsity >= 1
UNION ALL
SELECT
    'matrix_prunings' AS table_name,
    run_id,
    matrix_id,
    kept_count / nullif(weight_count, 0) AS figure
FROM matrix_prunings
WHERE weight_count <= 0 OR kept_count NOT BETWEEN 0 AND weight_count
UNION ALL
SELECT
    'feature_metrics' AS table_name,
    run_id,
    matrix_id,
    density AS figure
FROM feature_metrics
WHERE NOT isfinite(density) OR density NOT BETWEEN 0 AND 1;
