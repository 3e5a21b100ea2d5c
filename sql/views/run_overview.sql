CREATE OR REPLACE VIEW run_overview AS
-- One row per pruning run, the dense one included, and evaluation text.
WITH pruned AS (
    SELECT
        run_id,
        count(*) AS matrix_count,
        sum(weight_count) AS weight_count,
        1 - safe_ratio(sum(kept_count), sum(weight_count)) AS actual_sparsity,
        avg(reconstruction_error) AS mean_reconstruction_error,
        sum(elapsed_seconds) AS elapsed_seconds
    FROM matrix_prunings
    GROUP BY run_id
),

measured AS (
    SELECT
        runs.run_id,
        runs.model_id,
        runs.method,
        perplexities.dataset,
        perplexities."window",
        perplexities.token_count,
        perplexities.perplexity
    FROM perplexities
    INNER JOIN pruning_runs AS runs ON perplexities.run_id = runs.run_id
),

compared AS (
    SELECT
        measured.*,
        dense.perplexity AS dense_perplexity
    FROM measured
    LEFT JOIN measured AS dense
        ON
            measured.model_id = dense.model_id
            AND measured.dataset = dense.dataset
            AND measured."window" = dense."window"
            AND measured.token_count = dense.token_count
            AND dense.method = 'dense'
)

SELECT
    runs.model_id,
    runs.run_id,
    labels.run_label,
    labels.series_label,
    runs.method,
    runs.sparsity,
    runs.pattern,
    runs.scope,
    runs.value_format,
    runs.allocation,
    runs.refinement,
    pruned.matrix_count,
    pruned.weight_count,
    pruned.actual_sparsity,
    pruned.mean_reconstruction_error,
    pruned.elapsed_seconds,
    compared.dataset,
    compared."window",
    compared.token_count,
    compared.perplexity,
    compared.dense_perplexity,
    safe_ratio(compared.perplexity, compared.dense_perplexity) AS perplexity_ratio
FROM pruning_runs AS runs
INNER JOIN run_labels AS labels ON runs.run_id = labels.run_id
LEFT JOIN pruned ON runs.run_id = pruned.run_id
LEFT JOIN compared ON runs.run_id = compared.run_id;

COMMENT ON VIEW run_overview IS
'One row per pruning run and evaluation text: what was asked, what was pruned, and what it costs in perplexity.';
COMMENT ON COLUMN run_overview.value_format IS 'How kept values are stored: as in the checkpoint (bf16, fp16, fp32) or fp8, int8, int4, mixed';
COMMENT ON COLUMN run_overview.matrix_count IS 'Matrices pruned';
COMMENT ON COLUMN run_overview.weight_count IS 'Weights in these matrices';
COMMENT ON COLUMN run_overview.actual_sparsity IS 'Share of their weights that are pruned';
COMMENT ON COLUMN run_overview.elapsed_seconds IS 'Time spent on pruning, in seconds';
