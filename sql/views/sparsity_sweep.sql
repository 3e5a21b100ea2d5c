CREATE OR REPLACE VIEW sparsity_sweep AS
-- One row per run and evaluation text, with its place among the runs of equal sparsity and pattern.
WITH separations AS (
    SELECT
        run_id,
        avg(separation_excess) AS mean_separation_excess,
        avg(is_structured::INTEGER) AS structured_share
    FROM model_overview
    GROUP BY run_id
)

SELECT
    runs.model_id,
    runs.run_id,
    runs.run_label,
    runs.series_label,
    runs.method,
    runs.pattern,
    runs.scope,
    runs.value_format,
    runs.allocation,
    runs.refinement,
    runs.sparsity,
    runs.actual_sparsity,
    runs.mean_reconstruction_error,
    runs.dataset,
    runs."window",
    runs.perplexity,
    runs.dense_perplexity,
    runs.perplexity_ratio,
    runs.perplexity - lag(runs.perplexity) OVER sweep AS perplexity_change,
    rank() OVER contest AS method_rank,
    separations.mean_separation_excess,
    separations.structured_share
FROM run_overview AS runs
LEFT JOIN separations ON runs.run_id = separations.run_id
WHERE runs.method <> 'dense'
WINDOW
    sweep AS (
        PARTITION BY
            runs.model_id,
            runs.method,
            runs.pattern,
            runs.scope,
            runs.value_format,
            runs.allocation,
            runs.refinement,
            runs.dataset,
            runs."window"
        ORDER BY runs.sparsity, runs.run_id
    ),
    contest AS (
        PARTITION BY
            runs.model_id, runs.pattern, sparsity_key(runs.sparsity), runs.dataset, runs."window"
        ORDER BY runs.perplexity NULLS LAST, runs.mean_reconstruction_error
    );

COMMENT ON VIEW sparsity_sweep IS
'One row per run and evaluation text: what every step of sparsity costs, and which method pays least at equal sparsity.';
COMMENT ON COLUMN sparsity_sweep.value_format IS 'How the run stores kept values; the runs of a sweep store them alike';
COMMENT ON COLUMN sparsity_sweep.actual_sparsity IS 'Share of the weights of the pruned matrices that are pruned';
COMMENT ON COLUMN sparsity_sweep.perplexity_change IS 'Perplexity less that of the next lower sparsity of the same method, pattern, scope, values, allocation and repair';
COMMENT ON COLUMN sparsity_sweep.method_rank IS 'Place by perplexity among runs of equal model, pattern and sparsity, 1 the best';
COMMENT ON COLUMN sparsity_sweep.mean_separation_excess IS 'Mean over matrices of the separation excess';
COMMENT ON COLUMN sparsity_sweep.structured_share IS 'Share of the matrices whose mask counts as structured; NULL where none was tested';
