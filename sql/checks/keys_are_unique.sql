-- No two rows of a table have the same key.
SELECT
    'warehouse_info' AS table_name,
    warehouse_info.key AS key_text
FROM warehouse_info
GROUP BY warehouse_info.key
HAVING count(*) > 1
UNION ALL
SELECT
    'warehouse_objects' AS table_name,
    concat_ws(', ', schema_name, object_name, kind) AS key_text
FROM warehouse_objects
GROUP BY schema_name, object_name, kind
HAVING count(*) > 1
UNION ALL
SELECT
    'models' AS table_name,
    model_id AS key_text
FROM models
GROUP BY model_id
HAVING count(*) > 1
UNION ALL
SELECT
    'matrices' AS table_name,
    matrix_id::VARCHAR AS key_text
FROM matrices
GROUP BY matrix_id
HAVING count(*) > 1
UNION ALL
SELECT
    'calibrations' AS table_name,
    calibration_id::VARCHAR AS key_text
FROM calibrations
GROUP BY calibration_id
HAVING count(*) > 1
UNION ALL
SELECT
    'pruning_runs' AS table_name,
    run_id::VARCHAR AS key_text
FROM pruning_runs
GROUP BY run_id
HAVING count(*) > 1
UNION ALL
SELECT
    'matrix_prunings' AS table_name,
    concat_ws(', ', run_id, matrix_id) AS key_text
FROM matrix_prunings
GROUP BY run_id, matrix_id
HAVING count(*) > 1
UNION ALL
SELECT
    'activation_thresholds' AS table_name,
    concat_ws(', ', model_id, matrix_id, activation_sparsity) AS key_text
FROM activation_thresholds
GROUP BY model_id, matrix_id, activation_sparsity
HAVING count(*) > 1
UNION ALL
SELECT
    'activation_perplexities' AS table_name,
    concat_ws(', ', model_id, activation_sparsity, dataset, "window") AS key_text
FROM activation_perplexities
GROUP BY model_id, activation_sparsity, dataset, "window"
HAVING count(*) > 1
UNION ALL
SELECT
    'block_allocations' AS table_name,
    concat_ws(', ', run_id, layer) AS key_text
FROM block_allocations
GROUP BY run_id, layer
HAVING count(*) > 1
UNION ALL
SELECT
    'expert_loads' AS table_name,
    concat_ws(', ', run_id, layer, component, expert) AS key_text
FROM expert_loads
GROUP BY run_id, layer, component, expert
HAVING count(*) > 1
UNION ALL
SELECT
    'structure_tests' AS table_name,
    concat_ws(', ', run_id, matrix_id, axis, test) AS key_text
FROM structure_tests
GROUP BY run_id, matrix_id, axis, test
HAVING count(*) > 1
UNION ALL
SELECT
    'feature_masks' AS table_name,
    concat_ws(', ', run_id, matrix_id, axis, feature_index) AS key_text
FROM feature_masks
GROUP BY run_id, matrix_id, axis, feature_index
HAVING count(*) > 1
UNION ALL
SELECT
    'feature_metrics' AS table_name,
    concat_ws(', ', run_id, matrix_id, axis, feature_index) AS key_text
FROM feature_metrics
GROUP BY run_id, matrix_id, axis, feature_index
HAVING count(*) > 1
UNION ALL
SELECT
    'feature_comparisons' AS table_name,
    concat_ws(', ', run_id_a, run_id_b, matrix_id, axis, feature_index) AS key_text
FROM feature_comparisons
GROUP BY run_id_a, run_id_b, matrix_id, axis, feature_index
HAVING count(*) > 1
UNION ALL
SELECT
    'feature_embeddings' AS table_name,
    concat_ws(
        ', ',
        run_id,
        matrix_id,
        axis,
        reference_feature,
        embedding,
        seed,
        feature_index
    ) AS key_text
FROM feature_embeddings
GROUP BY
    run_id,
    matrix_id,
    axis,
    reference_feature,
    embedding,
    seed,
    feature_index
HAVING count(*) > 1
UNION ALL
SELECT
    'clusterings' AS table_name,
    clustering_id::VARCHAR AS key_text
FROM clusterings
GROUP BY clustering_id
HAVING count(*) > 1
UNION ALL
SELECT
    'clusterings' AS table_name,
    concat_ws(
        ', ',
        run_id,
        matrix_id,
        axis,
        algorithm,
        distance,
        k,
        reference_feature,
        seed,
        null_replicate
    ) AS key_text
FROM clusterings
GROUP BY
    run_id,
    matrix_id,
    axis,
    algorithm,
    distance,
    k,
    reference_feature,
    seed,
    null_replicate
HAVING count(*) > 1
UNION ALL
SELECT
    'cluster_assignments' AS table_name,
    concat_ws(', ', clustering_id, feature_index) AS key_text
FROM cluster_assignments
GROUP BY clustering_id, feature_index
HAVING count(*) > 1
UNION ALL
SELECT
    'cluster_centroids' AS table_name,
    concat_ws(', ', clustering_id, cluster) AS key_text
FROM cluster_centroids
GROUP BY clustering_id, cluster
HAVING count(*) > 1
UNION ALL
SELECT
    'cluster_pair_distances' AS table_name,
    concat_ws(', ', clustering_id, cluster_a, cluster_b) AS key_text
FROM cluster_pair_distances
GROUP BY clustering_id, cluster_a, cluster_b
HAVING count(*) > 1
UNION ALL
SELECT
    'slices' AS table_name,
    concat_ws(', ', run_id, layer) AS key_text
FROM slices
GROUP BY run_id, layer
HAVING count(*) > 1
UNION ALL
SELECT
    'perplexities' AS table_name,
    concat_ws(', ', run_id, dataset, "window") AS key_text
FROM perplexities
GROUP BY run_id, dataset, "window"
HAVING count(*) > 1
UNION ALL
SELECT
    'kernel_benchmarks' AS table_name,
    concat_ws(
        ', ',
        device,
        kernel,
        value_format,
        variant,
        out_features,
        in_features,
        batch,
        dtype,
        sparsity,
        pattern,
        mask_source,
        cache,
        measured_at
    ) AS key_text
FROM kernel_benchmarks
GROUP BY
    device,
    kernel,
    value_format,
    variant,
    out_features,
    in_features,
    batch,
    dtype,
    sparsity,
    pattern,
    mask_source,
    cache,
    measured_at
HAVING count(*) > 1
UNION ALL
SELECT
    'reference_results' AS table_name,
    concat_ws(
        ', ',
        source,
        metric,
        model,
        layer,
        method,
        sparsity,
        pattern,
        projection,
        k,
        "window",
        remark
    ) AS key_text
FROM reference_results
GROUP BY
    source,
    metric,
    model,
    layer,
    method,
    sparsity,
    pattern,
    projection,
    k,
    "window",
    remark
HAVING count(*) > 1
UNION ALL
SELECT
    'etl_runs' AS table_name,
    etl_run_id::VARCHAR AS key_text
FROM etl_runs
GROUP BY etl_run_id
HAVING count(*) > 1
UNION ALL
SELECT
    'etl_steps' AS table_name,
    concat_ws(', ', etl_run_id, step, subject, fingerprint) AS key_text
FROM etl_steps
GROUP BY etl_run_id, step, subject, fingerprint
HAVING count(*) > 1;
