CREATE OR REPLACE VIEW separation_winners AS
-- One row per model, sparsity, pattern, layer, projection, algorithm, distance and k that several runs share.
WITH ranked AS (
    SELECT
        model_id,
        sparsity,
        pattern,
        layer,
        projection,
        algorithm,
        distance,
        k,
        count(*) AS run_count,
        first(method ORDER BY mean_excess DESC NULLS LAST, run_id) AS winner,
        first(run_id ORDER BY mean_excess DESC NULLS LAST, run_id) AS winner_run_id,
        max(mean_excess) AS winner_excess,
        max(mean_excess, 2)[2] AS runner_up_excess,
        first(above_chance_count > 0 ORDER BY mean_excess DESC NULLS LAST, run_id) AS is_above_chance,
        first(method ORDER BY mean_ratio_macro DESC NULLS LAST, run_id) AS winner_macro,
        max(mean_ratio_macro) AS winner_ratio_macro
    FROM separation_intervals
    GROUP BY ALL
    HAVING count(*) > 1
)

SELECT
    *,
    CASE
        WHEN NOT is_above_chance THEN printf('nobody: %s leads at chance (%.2f)', winner, winner_excess)
        WHEN winner = winner_macro THEN printf('%s, by both figures', winner)
        ELSE printf('%s; %s by the published figure', winner, winner_macro)
    END AS verdict
FROM ranked;

COMMENT ON VIEW separation_winners IS
'One row per model, sparsity, pattern, layer, projection, algorithm, distance and k: whose features cluster best beyond chance.';
COMMENT ON COLUMN separation_winners.run_count IS 'Runs compared';
COMMENT ON COLUMN separation_winners.winner IS 'Method whose separation ratio is the highest multiple of its chance level';
COMMENT ON COLUMN separation_winners.winner_run_id IS 'Its run';
COMMENT ON COLUMN separation_winners.winner_excess IS 'That multiple: 1 at chance';
COMMENT ON COLUMN separation_winners.runner_up_excess IS 'The next highest multiple';
COMMENT ON COLUMN separation_winners.is_above_chance IS 'Whether any clustering of the winner is more than 3 standard deviations above chance';
COMMENT ON COLUMN separation_winners.winner_macro IS 'Method with the highest macro ratio: the winner as published';
COMMENT ON COLUMN separation_winners.winner_ratio_macro IS 'Its macro ratio';
COMMENT ON COLUMN separation_winners.verdict IS 'Who wins, in words';
