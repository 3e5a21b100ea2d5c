CREATE OR REPLACE VIEW pruned_matrices AS
-- One row per run and matrix it pruned: what needs no distances, and so is there at once.
SELECT
    matrices.model_id,
    prunings.run_id,
    matrices.matrix_id,
    matrices.layer,
    matrices.component,
    matrices.projection,
    matrices.out_features,
    matrices.in_features,
    prunings.kept_count,
    prunings.weight_count,
    1 - prunings.kept_count / prunings.weight_count AS actual_sparsity,
    prunings.reconstruction_error,
    prunings.elapsed_seconds
FROM matrix_prunings AS prunings
INNER JOIN matrices ON prunings.matrix_id = matrices.matrix_id;

COMMENT ON VIEW pruned_matrices IS
'One row per run and matrix it pruned: sparsity and reconstruction error; model_overview adds structure and speed.';
COMMENT ON COLUMN pruned_matrices.actual_sparsity IS 'Share of the weights of the matrix that are pruned';
