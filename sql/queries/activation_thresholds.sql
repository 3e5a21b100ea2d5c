-- How much of the activations could be left out, at which threshold and at what cost?
SELECT
    thresholds.model_id,
    thresholds.activation_sparsity,
    thresholds.projection,
    round(thresholds.mean_threshold, 5) AS mean_threshold,
    round(thresholds.lowest_threshold, 5) AS lowest_threshold,
    round(thresholds.highest_threshold, 5) AS highest_threshold,
    thresholds.published_threshold,
    round(measured.perplexity, 3) AS perplexity,
    round(measured.perplexity_ratio, 3) AS perplexity_ratio
FROM activation_threshold_summary AS thresholds
LEFT JOIN activation_costs AS measured
    ON
        thresholds.model_id = measured.model_id
        AND thresholds.activation_sparsity = measured.activation_sparsity
ORDER BY thresholds.model_id, thresholds.activation_sparsity, thresholds.projection;
