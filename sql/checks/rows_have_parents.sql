-- Every row belongs to a run, matrix, model, calibration or clustering that exists.
WITH children AS (
    SELECT DISTINCT
        'matrices' AS table_name,
        'models' AS parent,
        model_id AS parent_key
    FROM matrices
    UNION ALL
    SELECT DISTINCT
        'pruning_runs' AS table_name,
        'models' AS parent,
        model_id AS parent_key
    FROM pruning_runs
    UNION ALL
    SELECT DISTINCT
        'pruning_runs' AS table_name,
        'calibrations' AS parent,
        calibration_id::VARCHAR AS parent_key
    FROM pruning_runs
    WHERE calibration_id IS NOT NULL
    UNION ALL
    SELECT DISTINCT
        'matrix_prunings' AS table_name,
        'pruning_runs' AS parent,
        run_id::VARCHAR AS parent_key
    FROM matrix_prunings
    UNION ALL
    SELECT DISTINCT
        'matrix_prunings' AS table_name,
        'matrices' AS parent,
        matrix_id::VARCHAR AS parent_key
    FROM matrix_prunings
    UNION ALL
    SELECT DISTINCT
        'activation_thresholds' AS table_name,
        'models' AS parent,
        model_id AS parent_key
    FROM activation_thresholds
    UNION ALL
    SELECT DISTINCT
        'activation_thresholds' AS table_name,
        'matrices' AS parent,
        matrix_id::VARCHAR AS parent_key
    FROM activation_thresholds
    UNION ALL
    SELECT DISTINCT
        'activation_thresholds' AS table_name,
        'calibrations' AS parent,
        calibration_id::VARCHAR AS parent_key
    FROM activation_thresholds
    UNION ALL
    SELECT DISTINCT
        'activation_perplexities' AS table_name,
        'models' AS parent,
        model_id AS parent_key
    FROM activation_perplexities
    UNION ALL
    SELECT DISTINCT
        'block_allocations' AS table_name,
        'pruning_runs' AS parent,
        run_id::VARCHAR AS parent_key
    FROM block_allocations
    UNION ALL
    SELECT DISTINCT
        'expert_loads' AS table_name,
        'pruning_runs' AS parent,
        run_id::VARCHAR AS parent_key
    FROM expert_loads
    UNION ALL
    SELECT DISTINCT
        'feature_masks' AS table_name,
        'matrix_prunings' AS parent,
        concat_ws(', ', run_id, matrix_id) AS parent_key
    FROM feature_masks
    UNION ALL
    SELECT DISTINCT
        'feature_metrics' AS table_name,
        'matrix_prunings' AS parent,
        concat_ws(', ', run_id, matrix_id) AS parent_key
    FROM feature_metrics
    UNION ALL
    SELECT DISTINCT
        'feature_comparisons' AS table_name,
        'matrix_prunings' AS parent,
        concat_ws(', ', run_id_a, matrix_id) AS parent_key
    FROM feature_comparisons
    UNION ALL
    SELECT DISTINCT
        'feature_comparisons' AS table_name,
        'matrix_prunings' AS parent,
        concat_ws(', ', run_id_b, matrix_id) AS parent_key
    FROM feature_comparisons
    UNION ALL
    SELECT DISTINCT
        'feature_embeddings' AS table_name,
        'matrix_prunings' AS parent,
        concat_ws(', ', run_id, matrix_id) AS parent_key
    FROM feature_embeddings
    UNION ALL
    SELECT DISTINCT
        'structure_tests' AS table_name,
        'matrix_prunings' AS parent,
        concat_ws(', ', run_id, matrix_id) AS parent_key
    FROM structure_tests
    UNION ALL
    SELECT DISTINCT
        'clusterings' AS table_name,
        'matrix_prunings' AS parent,
        concat_ws(', ', run_id, matrix_id) AS parent_key
    FROM clusterings
    UNION ALL
    SELECT DISTINCT
        'cluster_assignments' AS table_name,
        'clusterings' AS parent,
        clustering_id::VARCHAR AS parent_key
    FROM cluster_assignments
    UNION ALL
    SELECT DISTINCT
        'cluster_pair_distances' AS table_name,
        'clusterings' AS parent,
        clustering_id::VARCHAR AS parent_key
    FROM cluster_pair_distances
    UNION ALL
    SELECT DISTINCT
        'cluster_centroids' AS table_name,
        'clusterings' AS parent,
        clustering_id::VARCHAR AS parent_key
    FROM cluster_centroids
    UNION ALL
    SELECT DISTINCT
        'perplexities' AS table_name,
        'pruning_runs' AS parent,
        run_id::VARCHAR AS parent_key
    FROM perplexities
    UNION ALL
    SELECT DISTINCT
        'slices' AS table_name,
        'pruning_runs' AS parent,
        run_id::VARCHAR AS parent_key
    FROM slices
    UNION ALL
    SELECT DISTINCT
        'etl_steps' AS table_name,
        'etl_runs' AS parent,
        etl_run_id::VARCHAR AS parent_key
    FROM etl_steps
),

parents AS (
    SELECT
        'models' AS parent,
        model_id AS parent_key
    FROM models
    UNION ALL
    SELECT
        'calibrations' AS parent,
        calibration_id::VARCHAR AS parent_key
    FROM calibrations
    UNION ALL
    SELECT
        'pruning_runs' AS parent,
        run_id::VARCHAR AS parent_key
    FROM pruning_runs
    UNION ALL
    SELECT
        'matrices' AS parent,
        matrix_id::VARCHAR AS parent_key
    FROM matrices
    UNION ALL
    SELECT
        'matrix_prunings' AS parent,
        concat_ws(', ', run_id, matrix_id) AS parent_key
    FROM matrix_prunings
    UNION ALL
    SELECT
        'clusterings' AS parent,
        clustering_id::VARCHAR AS parent_key
    FROM clusterings
    UNION ALL
    SELECT
        'etl_runs' AS parent,
        etl_run_id::VARCHAR AS parent_key
    FROM etl_runs
)

SELECT
    children.table_name,
    children.parent,
    children.parent_key
FROM children
ANTI JOIN parents ON children.parent = parents.parent AND children.parent_key = parents.parent_key;
