CREATE OR REPLACE VIEW feature_extremes AS
-- One row per run, matrix, axis and feature, with its place by density and by relevance.
SELECT
    runs.model_id,
    metrics.run_id,
    metrics.matrix_id,
    runs.method,
    runs.sparsity,
    runs.pattern,
    matrices.layer,
    matrices.projection,
    metrics.axis,
    metrics.feature_index,
    metrics.density,
    metrics.weight_norm,
    metrics.activation_norm,
    metrics.weight_norm * metrics.activation_norm AS relevance,
    rank() OVER (features ORDER BY metrics.density DESC) AS densest_rank,
    rank() OVER (features ORDER BY metrics.density) AS sparsest_rank,
    rank() OVER (features ORDER BY metrics.weight_norm * metrics.activation_norm DESC NULLS LAST)
        AS relevance_rank
FROM feature_metrics AS metrics
INNER JOIN pruning_runs AS runs ON metrics.run_id = runs.run_id
INNER JOIN matrices ON metrics.matrix_id = matrices.matrix_id
WINDOW features AS (PARTITION BY metrics.run_id, metrics.matrix_id, metrics.axis);

COMMENT ON VIEW feature_extremes IS
'One row per run, matrix, axis and feature: its place by density and by relevance, for the top and the bottom features.';
COMMENT ON COLUMN feature_extremes.relevance IS 'Weight norm times activation norm: what Wanda scores add up to; NULL for output features';
COMMENT ON COLUMN feature_extremes.densest_rank IS 'Place by density, 1 the feature that keeps most';
COMMENT ON COLUMN feature_extremes.sparsest_rank IS 'Place by density, 1 the feature that keeps least';
COMMENT ON COLUMN feature_extremes.relevance_rank IS 'Place by relevance, 1 the most relevant';
