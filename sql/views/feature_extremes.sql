CREATE OR REPLACE VIEW feature_extremes AS
-- One row per run, matrix, axis and feature, with its place by density and by relevance.
SELECT
    matrices.model_id,
    metrics.run_id,
    metrics.matrix_id,
    matrices.method,
    matrices.sparsity,
    matrices.pattern,
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
INNER JOIN run_matrices AS matrices
    ON metrics.run_id = matrices.run_id AND metrics.matrix_id = matrices.matrix_id
WINDOW features AS (PARTITION BY metrics.run_id, metrics.matrix_id, metrics.axis);

COMMENT ON VIEW feature_extremes IS
'One row per run, matrix, axis and feature: its place by density and by relevance.';
COMMENT ON COLUMN feature_extremes.densest_rank IS 'Place by density, 1 the feature that keeps most';
COMMENT ON COLUMN feature_extremes.sparsest_rank IS 'Place by density, 1 the feature that keeps least';
COMMENT ON COLUMN feature_extremes.relevance_rank IS 'Place by relevance, 1 the most relevant';
