CREATE OR REPLACE VIEW pruned_matrices AS
-- One row per run and matrix that it pruned. No distances are read, so that the view is fast.
SELECT
    places.*,
    matrices.out_features,
    matrices.in_features,
    prunings.kept_count,
    prunings.weight_count,
    1 - safe_ratio(prunings.kept_count, prunings.weight_count) AS actual_sparsity,
    prunings.reconstruction_error,
    prunings.elapsed_seconds
FROM matrix_prunings AS prunings
INNER JOIN run_matrices AS places
    ON prunings.run_id = places.run_id AND prunings.matrix_id = places.matrix_id
INNER JOIN matrices ON prunings.matrix_id = matrices.matrix_id;

COMMENT ON VIEW pruned_matrices IS
'One row per run and matrix it pruned: sparsity and reconstruction error; model_overview adds structure and speed.';
