-- One row per feature of a method, sparsity and projection, under the name that the research code the project
-- grew from gave its tables. What begins with seed_ is put in by warehouse.seed_views.
CREATE OR REPLACE VIEW seed_view AS
SELECT
    runs.model_id,
    runs.run_id,
    matrices.layer,
    masks.axis,
    masks.feature_index,
    masks.kept_count,
    safe_ratio(masks.kept_count, bit_length(masks.keep_mask)) AS density,
    metrics.weight_norm,
    metrics.pruned_weight_norm,
    metrics.activation_norm,
    metrics.weight_norm * metrics.activation_norm AS relevance
FROM feature_masks AS masks
INNER JOIN pruning_runs AS runs ON masks.run_id = runs.run_id
INNER JOIN matrices ON masks.matrix_id = matrices.matrix_id
LEFT JOIN feature_metrics AS metrics
    ON
        masks.run_id = metrics.run_id
        AND masks.matrix_id = metrics.matrix_id
        AND masks.axis = metrics.axis
        AND masks.feature_index = metrics.feature_index
WHERE
    runs.method = 'seed_method'
    AND runs.pattern = 'seed_pattern'
    AND runs.sparsity = 'seed_sparsity'::DOUBLE
    AND matrices.component = 'seed_component';

COMMENT ON VIEW seed_view IS
'One row per model, run, block and feature of seed_method at seed_sparsity (seed_pattern), seed_component.';
