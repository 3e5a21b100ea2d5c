CREATE OR REPLACE VIEW format_recommendations AS
-- One row per run and matrix. A measured speed-up decides; without one, the bytes that must be moved do, and
-- clusters count only where the mask is structured.
WITH evidence AS (
    SELECT
        matrices.model_id,
        matrices.run_id,
        matrices.matrix_id,
        matrices.method,
        matrices.sparsity,
        matrices.pattern,
        matrices.layer,
        matrices.component,
        matrices.projection,
        matrices.reconstruction_error,
        formats.best_kernel,
        formats.best_speedup,
        formats.best_device,
        tests.q_value,
        tests.evidence,
        tests.is_structured,
        structured.separation_excess,
        structured.z_score,
        structured.effect,
        structured.skippable_share,
        structured.median_cluster_size,
        safe_ratio(
            dense_bits_per_weight(), packed_bits_per_weight(matrices.pattern, 1 - matrices.actual_sparsity)
        ) AS element_limit,
        safe_ratio(1, 1 - structured.skippable_share) AS block_limit,
        coalesce(structured.skippable_share > worthwhile_block_share(), FALSE) AS has_blocks
    FROM pruned_matrices AS matrices
    LEFT JOIN fastest_formats AS formats
        ON matrices.run_id = formats.run_id AND matrices.matrix_id = formats.matrix_id
    INNER JOIN matrix_evidence AS tests
        ON matrices.run_id = tests.run_id AND matrices.matrix_id = tests.matrix_id
    LEFT JOIN structured_matrices AS structured
        ON matrices.run_id = structured.run_id AND matrices.matrix_id = structured.matrix_id
),

choices AS (
    SELECT
        *,
        CASE
            WHEN best_speedup >= worthwhile_speedup() THEN best_kernel
            WHEN best_speedup IS NOT NULL THEN 'dense'
            WHEN has_blocks AND block_limit > element_limit THEN 'clustered'
            WHEN element_limit < medium_tier_gain() THEN 'dense'
            WHEN is_group_pattern(pattern) THEN 'nm'
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
        END AS predicted_speedup,
        coalesce(best_speedup, predicted_speedup) AS gain
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
    deployment_tier(gain) AS tier,
    format,
    CASE WHEN format IN ('clustered', 'bsr') THEN block_width(median_cluster_size) END AS block_size,
    CASE
        WHEN best_speedup >= worthwhile_speedup()
            THEN printf('measured: %s runs %.2f× dense speed on %s', best_kernel, best_speedup, best_device)
        WHEN best_speedup IS NOT NULL
            THEN printf('measured: none beats dense on %s, best %.2f×', best_device, best_speedup)
        WHEN format = 'clustered'
            THEN printf(
                'not measured: blocks skip %.0f%% of the clustered features, %.2f× if time follows them',
                100 * skippable_share,
                block_limit
            )
        WHEN element_limit IS NULL THEN 'not measured: nothing is kept'
        ELSE printf('not measured: %.2f× if time follows the bytes moved', element_limit)
    END
    || CASE
        WHEN q_value IS NULL THEN '; not tested for structure'
        WHEN NOT is_structured THEN printf('; no structure beyond chance (q %.2g)', q_value)
        WHEN effect IS NULL THEN printf('; structured (q %.2g), not clustered', q_value)
        WHEN effect = 'identical' THEN printf('; structured (q %.2g), with identical features', q_value)
        ELSE
            printf('; structured (q %.2g), effect %s: clusters at %.2f×', q_value, effect, separation_excess)
            || ' their chance level'
    END AS why,
    best_speedup AS measured_speedup,
    best_device AS device,
    predicted_speedup,
    -- Where time follows the bytes, the speed-up is the dense bytes over those of the format.
    1 - safe_ratio(1, predicted_speedup) AS memory_saved_share,
    q_value,
    evidence,
    effect,
    separation_excess,
    z_score,
    skippable_share,
    reconstruction_error,
    gain,
    is_structured,
    best_speedup IS NOT NULL AS is_measured
FROM limits;

COMMENT ON VIEW format_recommendations IS
'One row per run and matrix: storage format worth deploying, how much it promises, and why.';
COMMENT ON COLUMN format_recommendations.device IS 'Device it was measured on';
COMMENT ON COLUMN format_recommendations.separation_excess IS 'Best separation ratio over its chance mean; NULL where the mask is not structured';
COMMENT ON COLUMN format_recommendations.effect IS 'How far the clusters of that clustering stand apart: see the macro separation_effect; NULL where the mask is not structured';
COMMENT ON COLUMN format_recommendations.z_score IS 'Standard deviations above chance of that clustering; NULL where the mask is not structured';
COMMENT ON COLUMN format_recommendations.skippable_share IS 'Share of the clustered features that blocks of its clusters would skip; NULL where the mask is not structured';
