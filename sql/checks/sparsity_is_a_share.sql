-- Sparsities and densities are shares of zeros and of kept weights; no run was asked to keep nothing.
SELECT
    'pruning_runs' AS table_name,
    run_id::VARCHAR AS key_text,
    sparsity AS figure
FROM pruning_runs
WHERE out_of_range('sparsity', sparsity, 0, 1) IS NOT NULL OR sparsity = 1
UNION ALL
SELECT
    'activation_thresholds' AS table_name,
    concat_ws(', ', model_id, matrix_id) AS key_text,
    activation_sparsity AS figure
FROM activation_thresholds
WHERE out_of_range('activation_sparsity', activation_sparsity, 0, 1) IS NOT NULL
UNION ALL
SELECT
    'activation_perplexities' AS table_name,
    concat_ws(', ', model_id, dataset, "window") AS key_text,
    activation_sparsity AS figure
FROM activation_perplexities
WHERE out_of_range('activation_sparsity', activation_sparsity, 0, 1) IS NOT NULL
UNION ALL
SELECT
    'block_allocations' AS table_name,
    concat_ws(', ', run_id, layer) AS key_text,
    sparsity AS figure
FROM block_allocations
WHERE out_of_range('sparsity', sparsity, 0, 1) IS NOT NULL
UNION ALL
SELECT
    'matrix_prunings' AS table_name,
    concat_ws(', ', run_id, matrix_id) AS key_text,
    safe_ratio(kept_count, weight_count) AS figure
FROM matrix_prunings
WHERE weight_count <= 0 OR kept_count NOT BETWEEN 0 AND weight_count
UNION ALL
SELECT
    'feature_metrics' AS table_name,
    concat_ws(', ', run_id, matrix_id, axis, feature_index) AS key_text,
    density AS figure
FROM feature_metrics
WHERE out_of_range('density', density, 0, 1) IS NOT NULL
UNION ALL
SELECT
    'kernel_benchmarks' AS table_name,
    concat_ws(', ', device, kernel, out_features, in_features, batch, measured_at) AS key_text,
    sparsity AS figure
FROM kernel_benchmarks
WHERE out_of_range('sparsity', sparsity, 0, 1) IS NOT NULL
UNION ALL
SELECT
    'reference_results' AS table_name,
    concat_ws(', ', source, metric) AS key_text,
    sparsity AS figure
FROM reference_results
WHERE out_of_range('sparsity', sparsity, 0, 1) IS NOT NULL;
