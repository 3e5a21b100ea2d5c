CREATE OR REPLACE VIEW separation_summary AS
-- One row per run, algorithm, distance, k and size of the neighbourhood: a summary of its separation ratios.
WITH summaries AS (
    SELECT
        model_id,
        run_id,
        method,
        sparsity,
        pattern,
        algorithm,
        distance,
        k,
        neighbour_count,
        count(*) AS clustering_count,
        avg(separation_ratio) AS mean_ratio,
        max(separation_ratio) AS max_ratio,
        avg(separation_ratio_macro) AS mean_ratio_macro,
        max(separation_ratio_macro) AS max_ratio_macro,
        count(*) FILTER (WHERE separation_ratio > high_ratio()) AS above_5_count,
        count(*) FILTER (WHERE separation_ratio_macro > high_ratio()) AS above_5_count_macro,
        avg(is_uniform(separation_ratio)::INTEGER) AS uniform_share,
        avg(null_ratio_mean) AS mean_null_ratio,
        avg(null_ratio_macro_mean) AS mean_null_ratio_macro,
        avg(separation_excess) AS mean_excess,
        avg(is_structured::INTEGER) AS structured_share
    FROM separation_ratios
    GROUP BY ALL
)

SELECT
    summaries.*,
    winners.winner,
    winners.winner_macro
FROM summaries
LEFT JOIN separation_winners AS winners
    ON
        summaries.model_id = winners.model_id
        AND sparsity_key(summaries.sparsity) = winners.sparsity
        AND summaries.pattern = winners.pattern
        AND summaries.algorithm = winners.algorithm
        AND summaries.distance = winners.distance
        AND summaries.k = winners.k
        AND summaries.neighbour_count = winners.neighbour_count;

COMMENT ON VIEW separation_summary IS
'One row per run, algorithm, distance, k and size of the neighbourhood: mean and maximum ratio, how many are high, uniform or of structured masks, winner.';
COMMENT ON COLUMN separation_summary.clustering_count IS 'Clusterings summarised';
COMMENT ON COLUMN separation_summary.max_ratio IS 'Largest separation ratio';
COMMENT ON COLUMN separation_summary.max_ratio_macro IS 'Largest macro separation ratio';
COMMENT ON COLUMN separation_summary.above_5_count IS 'Clusterings with a separation ratio above 5';
COMMENT ON COLUMN separation_summary.above_5_count_macro IS 'Clusterings with a macro separation ratio above 5';
COMMENT ON COLUMN separation_summary.uniform_share IS 'Share of the clusterings whose separation ratio is close to 1: see the macro is_uniform';
COMMENT ON COLUMN separation_summary.structured_share IS 'Share of the clusterings whose mask counts as structured';
COMMENT ON COLUMN separation_summary.winner IS 'Method that wins among runs of equal model, sparsity and pattern, or no difference: see separation_winners; NULL for a run alone';
COMMENT ON COLUMN separation_summary.winner_macro IS 'Method with the highest mean macro ratio: the winner as published';
