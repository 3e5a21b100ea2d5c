CREATE OR REPLACE VIEW layer_trends AS
-- One row per run and matrix, and the trend over the matrices of its component in all blocks.
SELECT
    model_id,
    run_id,
    matrix_id,
    method,
    sparsity,
    pattern,
    projection,
    layer,
    actual_sparsity,
    reconstruction_error,
    reconstruction_error - lag(reconstruction_error) OVER blocks AS error_change,
    finite_or_null(regr_slope(reconstruction_error, layer) OVER all_blocks) AS error_slope,
    rank() OVER hardest AS error_rank,
    k,
    separation_ratio,
    null_ratio_mean,
    separation_excess,
    z_score,
    finite_or_null(regr_slope(separation_excess, layer) OVER all_blocks) AS excess_slope
FROM model_overview
WINDOW
    blocks AS (PARTITION BY run_id, component ORDER BY layer),
    all_blocks AS (PARTITION BY run_id, component),
    hardest AS (PARTITION BY run_id, component ORDER BY reconstruction_error DESC NULLS LAST);

COMMENT ON VIEW layer_trends IS
'One row per run and matrix: how reconstruction error and separation change with depth.';
COMMENT ON COLUMN layer_trends.error_change IS 'Reconstruction error less that of the block before';
COMMENT ON COLUMN layer_trends.error_slope IS 'Change of the reconstruction error per block: least-squares slope over the blocks of the run; NULL for one block';
COMMENT ON COLUMN layer_trends.error_rank IS 'Place of the block by reconstruction error among those of the run and component, 1 the highest';
COMMENT ON COLUMN layer_trends.excess_slope IS 'Change of the separation excess per block: least-squares slope over the blocks of the run; NULL for one block';
