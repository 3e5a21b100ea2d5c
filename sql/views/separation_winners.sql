CREATE OR REPLACE VIEW separation_winners AS
-- One row per model, sparsity, pattern, matrix, algorithm, distance and k that several runs share.
WITH compared AS (
    SELECT
        model_id,
        matrix_id,
        min(sparsity) AS sparsity,
        pattern,
        layer,
        projection,
        algorithm,
        distance,
        k,
        count(*) AS run_count,
        {
            'by_excess': winner(
                list({
                    'figure': mean_excess,
                    'run_id': run_id,
                    'method': method,
                    'is_above_chance': is_above_chance
                })
            ),
            'runner_up_excess': max(mean_excess, 2)[2],
            'by_macro': winner(list({ 'figure': mean_ratio_macro, 'run_id': run_id, 'method': method }))
        } AS best
    FROM separation_intervals
    GROUP BY model_id, matrix_id, sparsity_key(sparsity), pattern, layer, projection, algorithm, distance, k
    HAVING count(*) > 1
),

ranked AS (
    SELECT
        compared.* EXCLUDE (best), -- noqa: RF03
        compared.best.by_excess.method AS winner,
        compared.best.by_excess.run_id AS winner_run_id,
        compared.best.by_excess.figure AS winner_excess,
        compared.best.runner_up_excess,
        coalesce(compared.best.by_excess.is_above_chance, FALSE) AS is_above_chance,
        compared.best.by_macro.method AS winner_macro,
        compared.best.by_macro.figure AS winner_ratio_macro
    FROM compared
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
'One row per model, sparsity, pattern, matrix, algorithm, distance and k: whose features cluster best beyond chance.';
COMMENT ON COLUMN separation_winners.run_count IS 'Runs compared';
COMMENT ON COLUMN separation_winners.winner IS 'Method whose separation ratio is the highest multiple of its chance level';
COMMENT ON COLUMN separation_winners.winner_run_id IS 'Its run';
COMMENT ON COLUMN separation_winners.winner_excess IS 'That multiple: 1 at chance';
COMMENT ON COLUMN separation_winners.runner_up_excess IS 'The next highest multiple';
COMMENT ON COLUMN separation_winners.is_above_chance IS 'Whether the mean z-score of the winner stands above chance';
COMMENT ON COLUMN separation_winners.winner_macro IS 'Method with the highest macro ratio: the winner as published';
COMMENT ON COLUMN separation_winners.winner_ratio_macro IS 'Its macro ratio';
COMMENT ON COLUMN separation_winners.verdict IS 'The winner in words; nobody where the best is at chance';
