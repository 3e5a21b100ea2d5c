-- Which blocks does an allocation spare, and do they lose less?
SELECT
    model_id,
    method,
    allocation,
    sparsity,
    layer,
    round(block_sparsity, 4) AS block_sparsity,
    round(actual_sparsity, 4) AS actual_sparsity,
    round(outlier_ratio, 5) AS outlier_ratio,
    round(mean_reconstruction_error, 4) AS mean_reconstruction_error
FROM block_sparsities
ORDER BY model_id, method, allocation, sparsity, run_id, layer;
