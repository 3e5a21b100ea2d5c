-- 0.1.0 kept no record of what it made: these are the names it shipped, as far as they are still there, and
-- the views it made for every method, sparsity and projection, told by their comment and the name that
-- follows from it.
INSERT INTO warehouse_objects
SELECT DISTINCT
    schema_name,
    table_name AS object_name,
    'table' AS kind
FROM duckdb_tables()
WHERE
    database_name = current_database()
    AND schema_name = 'main'
    AND table_name IN (
        'calibrations',
        'cluster_assignments',
        'cluster_centroids',
        'cluster_pair_distances',
        'clusterings',
        'etl_runs',
        'etl_steps',
        'feature_comparisons',
        'feature_embeddings',
        'feature_masks',
        'feature_metrics',
        'kernel_benchmarks',
        'matrices',
        'matrix_prunings',
        'models',
        'perplexities',
        'pruning_runs',
        'reference_results',
        'warehouse_info'
    )
UNION ALL
SELECT DISTINCT
    schema_name,
    view_name AS object_name,
    'view' AS kind
FROM duckdb_views()
WHERE
    database_name = current_database()
    AND schema_name = 'main'
    AND view_name IN (
        'block_coherence',
        'cluster_profiles',
        'cluster_sizes',
        'cluster_stability',
        'clustered_embeddings',
        'clustering_figures',
        'comparison_summary',
        'feature_extremes',
        'format_recommendations',
        'hamming_histogram',
        'kernel_speedups',
        'layer_trends',
        'mask_overlap',
        'measured_formats',
        'model_overview',
        'pattern_compliance',
        'prediction_vs_measurement',
        'pruned_matrices',
        'reference_distances',
        'run_history',
        'run_overview',
        'separation_against_report',
        'separation_intervals',
        'separation_ratios',
        'separation_summary',
        'separation_winners',
        'sparsity_sweep',
        'structured_matrices'
    )
UNION ALL
SELECT DISTINCT
    schema_name,
    function_name AS object_name,
    'macro' AS kind
FROM duckdb_functions()
WHERE
    database_name = current_database()
    AND schema_name = 'main'
    AND function_type = 'macro'
    AND function_name IN (
        'adjusted_rand',
        'binomial_at_most',
        'chance_hamming_distance',
        'hamming_distance',
        'jaccard_similarity',
        'packed_bits_per_weight',
        'pair_total',
        'separation_verdict',
        'student_t_975',
        'z_score'
    )
UNION ALL
SELECT
    schema_name,
    view_name AS object_name,
    'seed view' AS kind
FROM (
    SELECT
        schema_name,
        view_name,
        regexp_extract(
            comment,
            '^One row per model, run, block and feature of (\w+) at (\S+) \((\S+)\), (\S+)\.$',
            ['method', 'sparsity', 'pattern', 'component']
        ) AS made_for
    FROM duckdb_views()
    WHERE database_name = current_database() AND schema_name = 'main' AND comment IS NOT NULL
) AS commented
WHERE
    view_name = lower(regexp_replace(
        concat_ws(
            '_',
            made_for.method,
            if(
                made_for.pattern = 'unstructured',
                format('{:g}', try_cast(made_for.sparsity AS DOUBLE)),
                made_for.pattern
            ),
            regexp_extract(made_for.component, '[^.]*$')
        ),
        '\W+',
        '_',
        'g'
    ));
