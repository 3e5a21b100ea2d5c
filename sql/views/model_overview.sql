CREATE OR REPLACE VIEW model_overview AS
-- One row per run and matrix, with the figures the first screen shows.
WITH chosen AS (
    -- K-means where there is one, at the largest k; several references and seeds are averaged.
    SELECT
        run_id,
        matrix_id,
        min((algorithm <> 'kmeans', algorithm, distance, -k)) AS way
    FROM clusterings
    WHERE null_replicate IS NULL
    GROUP BY run_id, matrix_id
),

separations AS (
    SELECT
        ratios.run_id,
        ratios.matrix_id,
        any_value(ratios.k) AS k,
        avg(ratios.separation_ratio) AS separation_ratio,
        avg(ratios.separation_ratio_macro) AS separation_ratio_macro,
        avg(ratios.null_ratio_mean) AS null_ratio_mean,
        avg(ratios.null_ratio_macro_mean) AS null_ratio_macro_mean,
        avg(ratios.z_score) AS z_score,
        avg(ratios.singleton_count) AS singleton_count
    FROM separation_ratios AS ratios
    INNER JOIN chosen
        ON
            ratios.run_id = chosen.run_id
            AND ratios.matrix_id = chosen.matrix_id
            AND ratios.algorithm = chosen.way[2]
            AND ratios.distance = chosen.way[3]
            AND ratios.k = -chosen.way[4]
    GROUP BY ratios.run_id, ratios.matrix_id
),

speedups AS (
    -- Cold cache, batch 1: what generating one token at a time pays.
    SELECT
        out_features,
        in_features,
        pattern,
        round(sparsity, 2) AS sparsity,
        max(speedup) AS best_speedup,
        arg_max(kernel, speedup) AS best_kernel,
        arg_max(device, speedup) AS best_device
    FROM kernel_speedups
    WHERE batch = 1 AND cache = 'cold'
    GROUP BY ALL
)

SELECT
    runs.model_id,
    runs.run_id,
    matrices.matrix_id,
    runs.method,
    runs.sparsity,
    runs.pattern,
    matrices.layer,
    matrices.component,
    matrices.projection,
    matrices.out_features,
    matrices.in_features,
    prunings.kept_count,
    prunings.weight_count,
    1 - prunings.kept_count / prunings.weight_count AS actual_sparsity,
    prunings.reconstruction_error,
    prunings.elapsed_seconds,
    separations.k,
    separations.separation_ratio,
    separations.separation_ratio_macro,
    separations.null_ratio_mean,
    separations.null_ratio_macro_mean,
    separations.z_score,
    separations.singleton_count,
    speedups.best_speedup,
    speedups.best_kernel,
    speedups.best_device
FROM matrix_prunings AS prunings
INNER JOIN pruning_runs AS runs ON prunings.run_id = runs.run_id
INNER JOIN matrices ON prunings.matrix_id = matrices.matrix_id
LEFT JOIN separations ON prunings.run_id = separations.run_id AND prunings.matrix_id = separations.matrix_id
LEFT JOIN speedups
    ON
        matrices.out_features = speedups.out_features
        AND matrices.in_features = speedups.in_features
        AND runs.pattern = speedups.pattern
        AND round(runs.sparsity, 2) = speedups.sparsity;

COMMENT ON VIEW model_overview IS
'One row per run, layer and projection: sparsity, reconstruction error, separation against chance, best measured speed-up.';
COMMENT ON COLUMN model_overview.actual_sparsity IS 'Share of the weights of the matrix that are pruned';
COMMENT ON COLUMN model_overview.k IS 'Largest number of clusters asked for; the separation columns are for it, averaged over references and seeds';
COMMENT ON COLUMN model_overview.separation_ratio IS 'Between distance over within distance of clusters, by pairs';
COMMENT ON COLUMN model_overview.separation_ratio_macro IS 'The published separation ratio, inflated by clusters of one';
COMMENT ON COLUMN model_overview.null_ratio_mean IS 'Mean separation ratio of chance masks';
COMMENT ON COLUMN model_overview.null_ratio_macro_mean IS 'Mean macro separation ratio of chance masks';
COMMENT ON COLUMN model_overview.z_score IS 'Standard deviations of chance between the separation ratio and its chance mean';
COMMENT ON COLUMN model_overview.singleton_count IS 'Clusters of one feature';
COMMENT ON COLUMN model_overview.best_speedup IS 'Best measured speed-up over dense for this shape, pattern and sparsity at batch 1, cold cache';
COMMENT ON COLUMN model_overview.best_kernel IS 'Kernel with that speed-up';
COMMENT ON COLUMN model_overview.best_device IS 'Device it was measured on';
