-- Which method loses least at each sparsity and pattern?
SELECT
    model_id,
    pattern,
    sparsity,
    method,
    round(perplexity, 3) AS perplexity,
    round(perplexity_ratio, 3) AS perplexity_ratio,
    round(mean_reconstruction_error, 4) AS mean_reconstruction_error
FROM sparsity_sweep
WHERE method_rank = 1
ORDER BY model_id, pattern, sparsity;
