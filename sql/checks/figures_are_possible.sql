-- Figures are finite and in their range: counts and times not negative, sizes above 0, shares in [0, 1].
WITH faults AS (
    SELECT
        'models' AS table_name,
        model_id AS key_text,
        concat_ws(
            '; ',
            not_positive('layer_count', layer_count),
            not_positive('parameter_count', parameter_count)
        ) AS fault
    FROM models
    UNION ALL
    SELECT
        'matrices' AS table_name,
        matrix_id::VARCHAR AS key_text,
        concat_ws(
            '; ',
            out_of_range('layer', layer, 0, NULL),
            not_positive('out_features', out_features),
            not_positive('in_features', in_features),
            not_positive('head_count', head_count)
        ) AS fault
    FROM matrices
    UNION ALL
    SELECT
        'calibrations' AS table_name,
        calibration_id::VARCHAR AS key_text,
        concat_ws(
            '; ',
            not_positive('sample_count', sample_count),
            not_positive('sequence_length', sequence_length)
        ) AS fault
    FROM calibrations
    UNION ALL
    SELECT
        'pruning_runs' AS table_name,
        run_id::VARCHAR AS key_text,
        concat_ws(
            '; ',
            not_positive('group_size', group_size),
            not_positive('thread_count', thread_count)
        ) AS fault
    FROM pruning_runs
    UNION ALL
    SELECT
        'matrix_prunings' AS table_name,
        concat_ws(', ', run_id, matrix_id) AS key_text,
        concat_ws(
            '; ',
            not_positive('weight_count', weight_count),
            out_of_range('kept_count', kept_count, 0, weight_count),
            out_of_range('reconstruction_error', reconstruction_error, 0, NULL),
            out_of_range('elapsed_seconds', elapsed_seconds, 0, NULL),
            out_of_range('threshold', threshold, NULL, NULL)
        ) AS fault
    FROM matrix_prunings
    UNION ALL
    SELECT
        'activation_thresholds' AS table_name,
        concat_ws(', ', model_id, matrix_id, activation_sparsity) AS key_text,
        out_of_range('threshold', threshold, 0, NULL) AS fault
    FROM activation_thresholds
    UNION ALL
    SELECT
        'activation_perplexities' AS table_name,
        concat_ws(', ', model_id, activation_sparsity, dataset, "window") AS key_text,
        concat_ws(
            '; ',
            not_positive('window', "window"),
            not_positive('token_count', token_count),
            out_of_range('perplexity', perplexity, 1, NULL)
        ) AS fault
    FROM activation_perplexities
    UNION ALL
    SELECT
        'block_allocations' AS table_name,
        concat_ws(', ', run_id, layer) AS key_text,
        concat_ws(
            '; ',
            out_of_range('layer', layer, 0, NULL),
            out_of_range('outlier_ratio', outlier_ratio, 0, 1)
        ) AS fault
    FROM block_allocations
    UNION ALL
    SELECT
        'expert_loads' AS table_name,
        concat_ws(', ', run_id, layer, component, expert) AS key_text,
        concat_ws(
            '; ',
            out_of_range('layer', layer, 0, NULL),
            out_of_range('expert', expert, 0, NULL),
            not_positive('token_count', token_count)
        ) AS fault
    FROM expert_loads
    UNION ALL
    SELECT
        'feature_masks' AS table_name,
        concat_ws(', ', run_id, matrix_id, axis, feature_index) AS key_text,
        concat_ws(
            '; ',
            out_of_range('feature_index', feature_index, 0, NULL),
            out_of_range('kept_count', kept_count, 0, bit_length(keep_mask))
        ) AS fault
    FROM feature_masks
    UNION ALL
    SELECT
        'feature_metrics' AS table_name,
        concat_ws(', ', run_id, matrix_id, axis, feature_index) AS key_text,
        concat_ws(
            '; ',
            out_of_range('feature_index', feature_index, 0, NULL),
            out_of_range('weight_norm', weight_norm, 0, NULL),
            out_of_range('pruned_weight_norm', pruned_weight_norm, 0, NULL),
            out_of_range('activation_norm', activation_norm, 0, NULL)
        ) AS fault
    FROM feature_metrics
    UNION ALL
    SELECT
        'feature_comparisons' AS table_name,
        concat_ws(', ', run_id_a, run_id_b, matrix_id, axis, feature_index) AS key_text,
        concat_ws(
            '; ',
            out_of_range('run_id_a', run_id_a, NULL, run_id_b - 1),
            out_of_range('feature_index', feature_index, 0, NULL),
            out_of_range('jaccard', jaccard, 0, 1),
            out_of_range('hamming', hamming, 0, 1),
            out_of_range('cosine', cosine, -1.0001, 1.0001)
        ) AS fault
    FROM feature_comparisons
    UNION ALL
    SELECT
        'feature_embeddings' AS table_name,
        concat_ws(', ', run_id, matrix_id, axis, reference_feature, embedding, feature_index) AS key_text,
        concat_ws(
            '; ',
            out_of_range('reference_feature', reference_feature, 0, NULL),
            out_of_range('feature_index', feature_index, 0, NULL),
            out_of_range('x', x, NULL, NULL),
            out_of_range('y', y, NULL, NULL)
        ) AS fault
    FROM feature_embeddings
    UNION ALL
    SELECT
        'structure_tests' AS table_name,
        concat_ws(', ', run_id, matrix_id, axis, test) AS key_text,
        concat_ws(
            '; ',
            out_of_range('statistic', statistic, 0, NULL),
            out_of_range('null_mean', null_mean, 0, NULL),
            out_of_range('null_sd', null_sd, 0, NULL),
            not_positive('replicates', replicates),
            not_positive('p_value', p_value),
            out_of_range('p_value', p_value, NULL, q_value),
            out_of_range('q_value', q_value, NULL, 1),
            out_of_range('effect', effect, effect_low, effect_high),
            out_of_range('effect_low', effect_low, NULL, NULL),
            out_of_range('effect_high', effect_high, NULL, NULL)
        ) AS fault
    FROM structure_tests
    UNION ALL
    SELECT
        'clusterings' AS table_name,
        clustering_id::VARCHAR AS key_text,
        concat_ws(
            '; ',
            not_positive('k', k),
            not_positive('neighbour_count', neighbour_count),
            out_of_range('reference_feature', reference_feature, 0, NULL),
            out_of_range('null_replicate', null_replicate, 0, NULL)
        ) AS fault
    FROM clusterings
    UNION ALL
    SELECT
        'cluster_assignments' AS table_name,
        concat_ws(', ', clustering_id, feature_index) AS key_text,
        concat_ws(
            '; ',
            out_of_range('feature_index', feature_index, 0, NULL),
            out_of_range('cluster', cluster, 0, NULL),
            out_of_range('gradient_rank', gradient_rank, 0, NULL),
            out_of_range('reference_distance', reference_distance, 0, 1)
        ) AS fault
    FROM cluster_assignments
    UNION ALL
    SELECT
        'cluster_centroids' AS table_name,
        concat_ws(', ', clustering_id, cluster) AS key_text,
        concat_ws(
            '; ',
            out_of_range('cluster', cluster, 0, NULL),
            not_positive('feature_count', feature_count),
            out_of_range('mean_density', mean_density, 0, 1),
            out_of_range('majority_agreement', majority_agreement, 0, 1)
        ) AS fault
    FROM cluster_centroids
    UNION ALL
    SELECT
        'cluster_pair_distances' AS table_name,
        concat_ws(', ', clustering_id, cluster_a, cluster_b) AS key_text,
        concat_ws(
            '; ',
            out_of_range('cluster_a', cluster_a, 0, NULL),
            out_of_range('cluster_b', cluster_b, cluster_a, NULL)
        ) AS fault
    FROM cluster_pair_distances
    UNION ALL
    SELECT
        'perplexities' AS table_name,
        concat_ws(', ', run_id, dataset, "window") AS key_text,
        concat_ws(
            '; ',
            not_positive('window', "window"),
            not_positive('token_count', token_count),
            out_of_range('perplexity', perplexity, 1, NULL)
        ) AS fault
    FROM perplexities
    UNION ALL
    SELECT
        'slices' AS table_name,
        concat_ws(', ', run_id, layer) AS key_text,
        concat_ws(
            '; ',
            out_of_range('layer', layer, 0, NULL),
            not_positive('kept_dimensions', kept_dimensions),
            out_of_range('kept_dimensions', kept_dimensions, NULL, hidden_size),
            out_of_range('explained_variance', explained_variance, 0, 1)
        ) AS fault
    FROM slices
    UNION ALL
    SELECT
        'kernel_benchmarks' AS table_name,
        concat_ws(', ', device, kernel, out_features, in_features, batch, measured_at) AS key_text,
        concat_ws(
            '; ',
            not_positive('out_features', out_features),
            not_positive('in_features', in_features),
            not_positive('batch', batch),
            not_positive('latency_us_p20', latency_us_p20),
            out_of_range('latency_us_p20', latency_us_p20, NULL, coalesce(latency_us_p50, latency_us_p80)),
            not_positive('latency_us_p50', latency_us_p50),
            out_of_range('latency_us_p50', latency_us_p50, NULL, latency_us_p80),
            not_positive('latency_us_p80', latency_us_p80),
            not_positive('dense_latency_us_p50', dense_latency_us_p50),
            not_positive('speedup', speedup),
            not_positive('bytes_moved', bytes_moved),
            not_positive('packed_bytes', packed_bytes),
            out_of_range('achieved_gbps', achieved_gbps, 0, NULL),
            out_of_range('limit_fraction', limit_fraction, 0, NULL),
            out_of_range('bits_per_weight', bits_per_weight, 0, NULL),
            out_of_range('relative_error', relative_error, 0, NULL)
        ) AS fault
    FROM kernel_benchmarks
    UNION ALL
    SELECT
        'reference_results' AS table_name,
        concat_ws(', ', source, metric) AS key_text,
        concat_ws(
            '; ',
            out_of_range('layer', layer, 0, NULL),
            not_positive('k', k),
            not_positive('window', "window"),
            out_of_range('value', value, NULL, NULL)
        ) AS fault
    FROM reference_results
    UNION ALL
    SELECT
        'etl_runs' AS table_name,
        etl_run_id::VARCHAR AS key_text,
        concat_ws(
            '; ',
            out_of_range('rows_written', rows_written, 0, NULL)
        ) AS fault
    FROM etl_runs
    UNION ALL
    SELECT
        'etl_steps' AS table_name,
        concat_ws(', ', etl_run_id, step, subject) AS key_text,
        concat_ws(
            '; ',
            out_of_range('rows_written', rows_written, 0, NULL)
        ) AS fault
    FROM etl_steps
)

SELECT
    table_name,
    key_text,
    fault
FROM faults
WHERE fault <> '';
