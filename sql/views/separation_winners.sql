CREATE OR REPLACE VIEW separation_winners AS
-- One row per model, sparsity, pattern, algorithm, distance, k and size of the neighbourhood that several
-- runs share. The run with the highest mean excess is held against the next, matrix by matrix.
WITH runs AS (
    SELECT
        model_id,
        sparsity_key(sparsity) AS sparsity,
        pattern,
        algorithm,
        distance,
        k,
        neighbour_count,
        run_id,
        any_value(method) AS run_method,
        avg(mean_excess) AS mean_excess,
        avg(mean_ratio_macro) AS mean_ratio_macro,
        map(list(matrix_id ORDER BY matrix_id), list(mean_excess ORDER BY matrix_id)) AS excess_of
    FROM separation_intervals
    GROUP BY ALL
),

contestants AS (
    SELECT
        model_id,
        sparsity,
        pattern,
        algorithm,
        distance,
        k,
        neighbour_count,
        count(*) AS run_count,
        list(
            { 'run_id': run_id, 'method': run_method, 'excess': mean_excess, 'of': excess_of }
            ORDER BY mean_excess DESC NULLS LAST, run_id
        ) AS ranked,
        winner(list({ 'figure': mean_ratio_macro, 'run_id': run_id, 'method': run_method })) AS best_macro
    FROM runs
    GROUP BY ALL
    HAVING count(*) > 1
),

paired AS (
    SELECT
        *,
        list_filter(
            list_transform(
                map_keys(ranked[1]['of']), LAMBDA key: ranked[1]['of'][key] - ranked[2]['of'][key]
            ),
            LAMBDA difference: difference IS NOT NULL
        ) AS differences
    FROM contestants
),

tested AS (
    SELECT
        *,
        len(differences) AS matrix_count,
        list_avg(differences) AS difference,
        safe_ratio(
            student_t_975(len(differences) - 1) * list_stddev_samp(differences), sqrt(len(differences))
        ) AS reach
    FROM paired
)

SELECT
    model_id,
    sparsity,
    pattern,
    algorithm,
    distance,
    k,
    neighbour_count,
    run_count,
    matrix_count,
    CASE WHEN difference > reach THEN ranked[1]['method'] ELSE 'no difference' END AS winner,
    CASE WHEN difference > reach THEN ranked[1]['run_id'] END AS winner_run_id,
    ranked[1]['method'] AS leader,
    ranked[1]['excess'] AS leader_excess,
    ranked[2]['method'] AS runner_up,
    ranked[2]['excess'] AS runner_up_excess,
    difference,
    difference - reach AS difference_low,
    difference + reach AS difference_high,
    best_macro['method'] AS winner_macro,
    best_macro['figure'] AS winner_ratio_macro,
    CASE
        WHEN difference > reach
            THEN
                printf('%s: its excess over chance is %.3f higher', ranked[1]['method'], difference)
                || printf(' than that of %s', ranked[2]['method'])
        WHEN reach IS NULL THEN 'too few matrices to compare'
        ELSE
            printf('no difference: %s leads %s', ranked[1]['method'], ranked[2]['method'])
            || printf(' by %.3f ± %.3f', difference, reach)
    END || printf('; %s by the published figure', best_macro['method']) AS verdict
FROM tested;

COMMENT ON VIEW separation_winners IS
'One row per model, sparsity, pattern, algorithm, distance, k and size of the neighbourhood: whose features cluster best beyond chance, by a paired test over matrices.';
COMMENT ON COLUMN separation_winners.run_count IS 'Runs compared';
COMMENT ON COLUMN separation_winners.matrix_count IS 'Matrices that the leader and the next run share';
COMMENT ON COLUMN separation_winners.winner IS 'Method whose separation excess is higher than that of the next by more than matrices differ among themselves; no difference where none is';
COMMENT ON COLUMN separation_winners.winner_run_id IS 'Its run; NULL where there is no difference';
COMMENT ON COLUMN separation_winners.leader IS 'Method with the highest mean excess, whether or not it wins';
COMMENT ON COLUMN separation_winners.leader_excess IS 'Its mean excess: 1 at chance';
COMMENT ON COLUMN separation_winners.runner_up IS 'Method with the next highest mean excess';
COMMENT ON COLUMN separation_winners.runner_up_excess IS 'Its mean excess';
COMMENT ON COLUMN separation_winners.difference IS 'Mean over matrices of the excess of the leader less that of the next run';
COMMENT ON COLUMN separation_winners.difference_low IS 'Lower end of its 95% interval over matrices (paired, Student''s t)';
COMMENT ON COLUMN separation_winners.difference_high IS 'Upper end of its 95% interval over matrices';
COMMENT ON COLUMN separation_winners.winner_macro IS 'Method with the highest mean macro ratio over matrices, the winner as published';
COMMENT ON COLUMN separation_winners.winner_ratio_macro IS 'Its mean macro ratio';
COMMENT ON COLUMN separation_winners.verdict IS 'The winner in words, or that there is no difference';
