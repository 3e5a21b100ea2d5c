CREATE OR REPLACE VIEW layer_trends AS
-- One row per run, projection and block, with the trend of its figures over the blocks of the model.
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
    regr_slope(reconstruction_error, layer) OVER all_blocks AS error_slope,
    rank() OVER hardest AS error_rank,
    k,
    separation_ratio,
    null_ratio_mean,
    separation_ratio / null_ratio_mean AS separation_excess,
    z_score,
    regr_slope(separation_ratio / null_ratio_mean, layer) OVER all_blocks AS excess_slope
FROM model_overview
WINDOW
    blocks AS (PARTITION BY run_id, component ORDER BY layer),
    all_blocks AS (PARTITION BY run_id, component),
    hardest AS (PARTITION BY run_id, component ORDER BY reconstruction_error DESC NULLS LAST);

COMMENT ON VIEW layer_trends IS
'One row per run, projection and block: how reconstruction error and separation change with depth.';
COMMENT ON COLUMN layer_trends.error_change IS 'Reconstruction error less that of the block before';
COMMENT ON COLUMN layer_trends.error_slope IS 'Change of the reconstruction error per block: least-squares slope over the blocks of the run';
COMMENT ON COLUMN layer_trends.error_rank IS 'Place of the block by reconstruction error among those of the run and projection, 1 the highest';
COMMENT ON COLUMN layer_trends.separation_excess IS 'Separation ratio over its chance mean: 1 at chance';
COMMENT ON COLUMN layer_trends.excess_slope IS 'Change of the separation excess per block: least-squares slope over the blocks of the run';
COMMENT ON COLUMN layer_trends.actual_sparsity IS 'Share of the weights of the matrix that are pruned';
COMMENT ON COLUMN layer_trends.separation_ratio IS 'Between distance over within distance of clusters, by pairs; averaged over references and seeds';
COMMENT ON COLUMN layer_trends.null_ratio_mean IS 'Mean separation ratio of the same pipeline on chance masks';
COMMENT ON COLUMN layer_trends.z_score IS 'Standard deviations of chance between the separation ratio and its chance mean';
