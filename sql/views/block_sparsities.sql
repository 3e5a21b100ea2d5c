CREATE OR REPLACE VIEW block_sparsities AS
-- One row per pruning run and block it pruned.
WITH blocks AS (
    SELECT
        run_id,
        model_id,
        method,
        sparsity,
        pattern,
        layer,
        1 - safe_ratio(sum(kept_count), sum(weight_count)) AS actual_sparsity,
        avg(reconstruction_error) AS mean_reconstruction_error
    FROM pruned_matrices
    GROUP BY ALL
)

SELECT
    blocks.model_id,
    blocks.run_id,
    blocks.method,
    blocks.sparsity,
    blocks.pattern,
    runs.allocation,
    blocks.layer,
    coalesce(allocations.sparsity, blocks.sparsity) AS block_sparsity,
    blocks.actual_sparsity,
    allocations.outlier_ratio,
    blocks.mean_reconstruction_error
FROM blocks
INNER JOIN pruning_runs AS runs ON blocks.run_id = runs.run_id
LEFT JOIN block_allocations AS allocations
    ON blocks.run_id = allocations.run_id AND blocks.layer = allocations.layer;

COMMENT ON VIEW block_sparsities IS
'One row per pruning run and block: the sparsity that the allocation gives it, the one it has, and what that costs.';
COMMENT ON COLUMN block_sparsities.block_sparsity IS 'Share of zeros that the block is given';
COMMENT ON COLUMN block_sparsities.actual_sparsity IS 'Share of the weights of the block that are pruned';
