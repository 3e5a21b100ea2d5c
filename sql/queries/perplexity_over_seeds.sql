-- How much of a difference between methods is the luck of the calibration draw?
SELECT
    model_id,
    sparsity,
    pattern,
    method,
    scope,
    value_format,
    allocation,
    refinement,
    seed_count,
    round(mean_perplexity, 3) AS mean_perplexity,
    round(perplexity_low, 3) AS perplexity_low,
    round(perplexity_high, 3) AS perplexity_high
FROM perplexity_over_seeds
ORDER BY model_id, sparsity, pattern, mean_perplexity;
