CREATE OR REPLACE VIEW run_matrices AS
-- One row per run and matrix of its model, pruned or not: the columns with which other views begin.
SELECT
    runs.model_id,
    runs.run_id,
    matrices.matrix_id,
    runs.method,
    runs.sparsity,
    runs.pattern,
    matrices.layer,
    matrices.component,
    matrices.projection
FROM pruning_runs AS runs
INNER JOIN matrices ON runs.model_id = matrices.model_id;

COMMENT ON VIEW run_matrices IS
'One row per run and matrix of its model, pruned or not: pruned_matrices has those that the run pruned.';
