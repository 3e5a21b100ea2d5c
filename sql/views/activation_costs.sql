CREATE OR REPLACE VIEW activation_costs AS
-- One row per model, activation sparsity and evaluation text.
SELECT
    measured.model_id,
    measured.activation_sparsity,
    measured.dataset,
    measured."window",
    measured.token_count,
    measured.perplexity,
    dense.perplexity AS dense_perplexity,
    safe_ratio(measured.perplexity, dense.perplexity) AS perplexity_ratio
FROM activation_perplexities AS measured
LEFT JOIN activation_perplexities AS dense
    ON
        measured.model_id = dense.model_id
        AND measured.dataset = dense.dataset
        AND measured."window" = dense."window"
        AND measured.token_count = dense.token_count
        AND dense.activation_sparsity = 0
WHERE measured.activation_sparsity > 0;

COMMENT ON VIEW activation_costs IS
'One row per model, activation sparsity and evaluation text: what it costs to take the small inputs of every matrix for 0.';
