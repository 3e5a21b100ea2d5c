-- How much does every method, sparsity and pattern cost in perplexity?
SELECT
    model_id,
    method,
    sparsity,
    pattern,
    value_format,
    refinement,
    round(perplexity, 3) AS perplexity,
    round(perplexity_ratio, 3) AS perplexity_ratio,
    round(mean_reconstruction_error, 4) AS mean_reconstruction_error
FROM run_overview
ORDER BY model_id, perplexity;
