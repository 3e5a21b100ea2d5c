CREATE OR REPLACE VIEW run_labels AS
-- One row per pruning run: a short name that no other run of its model has.
WITH described AS (
    SELECT
        model_id,
        run_id,
        method,
        scope,
        group_size,
        seed,
        CASE
            WHEN pattern NOT IN ('unstructured', 'sliced') THEN pattern
            WHEN sparsity > 0 THEN format('{:g}%', round(100 * sparsity, 6))
        END AS asked_text,
        CASE
            WHEN is_group_pattern(pattern) THEN 'N:M'
            WHEN pattern <> 'unstructured' THEN pattern
        END AS run_family,
        concat_ws(
            ' ',
            CASE WHEN value_format IN ('fp8', 'int8', 'int4', 'mixed') THEN value_format END,
            CASE WHEN allocation <> 'uniform' THEN allocation END,
            CASE refinement WHEN 'reconstruct' THEN 'refit' ELSE refinement END
        ) AS treatment
    FROM pruning_runs
),

-- Words that tell runs apart are added only where they do.
told_apart AS (
    SELECT
        *,
        concat_ws(
            ' ',
            nullif(treatment, ''),
            CASE WHEN min(scope) OVER alike <> max(scope) OVER alike THEN 'by ' || scope END,
            CASE WHEN min(group_size) OVER alike <> max(group_size) OVER alike THEN 'g' || group_size END,
            CASE WHEN min(seed) OVER alike <> max(seed) OVER alike THEN 'seed ' || seed END
        ) AS remarks
    FROM described
    WINDOW alike AS (PARTITION BY model_id, method, run_family, treatment)
),

named AS (
    SELECT
        model_id,
        run_id,
        concat_ws(' ', method, run_family, nullif(remarks, '')) AS series_label,
        concat_ws(' ', method, asked_text, nullif(remarks, '')) AS short_name
    FROM told_apart
)

SELECT
    model_id,
    run_id,
    series_label,
    concat_ws(
        ' ',
        short_name,
        CASE WHEN count(*) OVER (PARTITION BY model_id, short_name) > 1 THEN '#' || run_id END
    ) AS run_label
FROM named;

COMMENT ON VIEW run_labels IS
'One row per pruning run: a short name that no other run of its model has, such as wanda 50% or sparsegpt 2:4 int4.';
