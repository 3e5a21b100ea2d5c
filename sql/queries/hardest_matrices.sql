-- Which matrices lose most when pruned?
SELECT
    model_id,
    method,
    sparsity,
    pattern,
    layer,
    projection,
    round(reconstruction_error, 4) AS reconstruction_error
FROM model_overview
ORDER BY reconstruction_error DESC NULLS LAST, run_id, matrix_id
LIMIT 20;
