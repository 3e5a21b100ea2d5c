CREATE OR REPLACE VIEW format_recommendations AS
-- One row per run and matrix. A measured speed-up decides; without one, the bytes that must be moved do, and
-- clusters count only where they stand above chance.
WITH measured AS (
    SELECT
        run_id,
        matrix_id,
        arg_max(best_kernel, best_speedup) AS best_kernel,
        max(best_speedup) AS best_speedup,
        arg_max(device, best_speedup) AS best_device
    FROM measured_formats
    GROUP BY run_id, matrix_id
),

evidence AS (
    SELECT
        runs.model_id,
        prunings.run_id,
        prunings.matrix_id,
        runs.method,
        runs.sparsity,
        runs.pattern,
        matrices.layer,
        matrices.component,
        matrices.projection,
        matrices.out_features,
        matrices.in_features,
        prunings.reconstruction_error,
        measured.best_kernel,
        measured.best_speedup,
        measured.best_device,
        structured.separation_excess,
        structured.z_score,
        structured.skippable_share,
        structured.median_cluster_size,
        16 / nullif(packed_bits_per_weight(runs.pattern, prunings.kept_count / prunings.weight_count), 0)
            AS element_limit,
        1 / nullif(1 - structured.skippable_share, 0) AS block_limit,
        coalesce(structured.skippable_share > 0.3, FALSE) AS has_blocks
    FROM matrix_prunings AS prunings
    INNER JOIN pruning_runs AS runs ON prunings.run_id = runs.run_id
    INNER JOIN matrices ON prunings.matrix_id = matrices.matrix_id
    LEFT JOIN measured ON prunings.run_id = measured.run_id AND prunings.matrix_id = measured.matrix_id
    LEFT JOIN structured_matrices AS structured
        ON prunings.run_id = structured.run_id AND prunings.matrix_id = structured.matrix_id
),

choices AS (
    SELECT
        *,
        CASE
            WHEN best_speedup >= 1.05 THEN best_kernel
            WHEN best_speedup IS NOT NULL THEN 'dense'
            WHEN has_blocks AND block_limit > element_limit THEN 'clustered'
            WHEN element_limit < 1.1 THEN 'dense'
            WHEN pattern LIKE '%:%' THEN 'nm'
            ELSE 'sell'
        END AS format -- noqa: RF04
    FROM evidence
),

limits AS (
    SELECT
        *,
        CASE format
            WHEN 'dense' THEN 1
            WHEN 'clustered' THEN coalesce(block_limit, element_limit)
            ELSE element_limit
        END AS predicted_speedup
    FROM choices
)

SELECT
    model_id,
    run_id,
    matrix_id,
    method,
    sparsity,
    pattern,
    layer,
    component,
    projection,
    CASE
        WHEN greatest(coalesce(best_speedup, predicted_speedup), 1) >= 1.5 THEN 'high'
        WHEN greatest(coalesce(best_speedup, predicted_speedup), 1) >= 1.1 THEN 'medium'
        ELSE 'low'
    END AS tier,
    format,
    CASE
        WHEN format NOT IN ('clustered', 'bsr') THEN NULL
        WHEN median_cluster_size >= 16 THEN 16
        WHEN median_cluster_size >= 8 THEN 8
        ELSE 4
    END AS block_size,
    CASE
        WHEN best_speedup >= 1.05
            THEN printf('measured: %s runs %.2f× dense speed on %s', best_kernel, best_speedup, best_device)
        WHEN best_speedup IS NOT NULL
            THEN printf('measured: none beats dense on %s, best %.2f×', best_device, best_speedup)
        WHEN format = 'clustered'
            THEN printf(
                'not measured: blocks skip %.0f%% of the clustered features, %.2f× if time follows them',
                100 * skippable_share,
                block_limit
            )
        ELSE printf('not measured: %.2f× if time follows the bytes moved', element_limit)
    END
    || CASE
        WHEN z_score IS NULL THEN '; no structure beyond chance to use'
        ELSE printf('; clusters stand %.2f× above chance (z %.1f)', separation_excess, z_score)
    END AS why,
    best_speedup AS measured_speedup,
    best_device AS device,
    predicted_speedup,
    separation_excess,
    z_score,
    skippable_share,
    reconstruction_error
FROM limits;

COMMENT ON VIEW format_recommendations IS
'One row per run and matrix: storage format worth deploying, how much it promises, and why.';
COMMENT ON COLUMN format_recommendations.tier IS 'high from 1.5× over dense, medium from 1.1×, low below: measured where it was, else by the bytes moved';
COMMENT ON COLUMN format_recommendations.format IS 'Storage format and kernel';
COMMENT ON COLUMN format_recommendations.block_size IS 'Features a block, for the formats that have blocks; NULL for the others';
COMMENT ON COLUMN format_recommendations.why IS 'The evidence, in a sentence';
COMMENT ON COLUMN format_recommendations.measured_speedup IS 'Best measured speed-up over dense at batch 1, cold cache; NULL where nothing was measured';
COMMENT ON COLUMN format_recommendations.device IS 'Device it was measured on';
COMMENT ON COLUMN format_recommendations.predicted_speedup IS 'Speed-up if time followed the bytes moved; that of small matrices may lie above or below';
COMMENT ON COLUMN format_recommendations.separation_excess IS 'Best separation ratio over its chance mean; NULL where no clustering stands above chance';
COMMENT ON COLUMN format_recommendations.z_score IS 'Standard deviations above chance of that clustering; NULL where no clustering stands above chance';
COMMENT ON COLUMN format_recommendations.skippable_share IS 'Share of the clustered features that blocks of its clusters would skip; NULL where no clustering stands above chance';
