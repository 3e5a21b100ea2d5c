CREATE OR REPLACE VIEW separation_contests AS
-- One row per ordered pair of runs of a model, matrix clustered in both, algorithm, distance, k and size of
-- the neighbourhood.
WITH pairs AS (
    SELECT
        a.model_id,
        a.run_id AS run_id_a,
        b.run_id AS run_id_b,
        a.matrix_id,
        a.layer,
        a.projection,
        a.algorithm,
        a.distance,
        a.k,
        a.neighbour_count,
        a.mean_excess AS excess_a,
        b.mean_excess AS excess_b,
        a.mean_z_score AS z_score_a,
        b.mean_z_score AS z_score_b,
        a.is_structured AS is_structured_a,
        b.is_structured AS is_structured_b,
        a.mean_ratio_macro AS macro_a,
        b.mean_ratio_macro AS macro_b,
        a.mean_null_ratio_macro AS null_macro_a,
        b.mean_null_ratio_macro AS null_macro_b,
        a.mean_singleton_count AS singletons_a,
        b.mean_singleton_count AS singletons_b
    FROM separation_intervals AS a
    INNER JOIN separation_intervals AS b
        ON
            a.model_id = b.model_id
            AND a.matrix_id = b.matrix_id
            AND a.algorithm = b.algorithm
            AND a.distance = b.distance
            AND a.k = b.k
            AND a.neighbour_count = b.neighbour_count
            AND a.run_id <> b.run_id
),

compared AS (
    SELECT
        *,
        macro_a < structured_excess() * null_macro_a AS is_macro_at_chance_a,
        macro_b < structured_excess() * null_macro_b AS is_macro_at_chance_b,
        {
            'by_excess': winner([
                { 'figure': excess_a, 'run_id': run_id_a, 'side': 'a', 'is_structured': is_structured_a },
                { 'figure': excess_b, 'run_id': run_id_b, 'side': 'b', 'is_structured': is_structured_b }
            ]),
            'by_macro': winner([
                { 'figure': macro_a, 'run_id': run_id_a, 'side': 'a' },
                { 'figure': macro_b, 'run_id': run_id_b, 'side': 'b' }
            ])
        } AS best
    FROM pairs
)

SELECT
    compared.* EXCLUDE (best), -- noqa: RF03
    CASE
        WHEN compared.excess_a IS NULL OR compared.excess_b IS NULL THEN NULL
        WHEN compared.best.by_excess.is_structured THEN compared.best.by_excess.side
        ELSE 'nobody'
    END AS winner,
    CASE
        WHEN compared.macro_a IS NOT NULL AND compared.macro_b IS NOT NULL THEN compared.best.by_macro.side
    END AS winner_macro
FROM compared;

COMMENT ON VIEW separation_contests IS
'One row per ordered pair of runs of a model, matrix, algorithm, distance and k: whose features cluster better, by both figures.';
COMMENT ON COLUMN separation_contests.excess_a IS 'Mean separation excess of the first run: 1 at chance';
COMMENT ON COLUMN separation_contests.excess_b IS 'Mean separation excess of the second run: 1 at chance';
COMMENT ON COLUMN separation_contests.z_score_a IS 'Mean z-score of the first run';
COMMENT ON COLUMN separation_contests.z_score_b IS 'Mean z-score of the second run';
COMMENT ON COLUMN separation_contests.is_structured_a IS 'Whether the mask of the first run counts as structured';
COMMENT ON COLUMN separation_contests.is_structured_b IS 'Whether the mask of the second run counts as structured';
COMMENT ON COLUMN separation_contests.macro_a IS 'Mean macro ratio of the first run';
COMMENT ON COLUMN separation_contests.macro_b IS 'Mean macro ratio of the second run';
COMMENT ON COLUMN separation_contests.null_macro_a IS 'Mean macro ratio of chance masks for the first run';
COMMENT ON COLUMN separation_contests.null_macro_b IS 'Mean macro ratio of chance masks for the second run';
COMMENT ON COLUMN separation_contests.singletons_a IS 'Mean number of clusters of one feature in the first run';
COMMENT ON COLUMN separation_contests.singletons_b IS 'Mean number of clusters of one feature in the second run';
COMMENT ON COLUMN separation_contests.is_macro_at_chance_a IS 'Whether the macro ratio of the first run is close to, or below, that of chance masks';
COMMENT ON COLUMN separation_contests.is_macro_at_chance_b IS 'Whether the macro ratio of the second run is close to, or below, that of chance masks';
COMMENT ON COLUMN separation_contests.winner IS 'a or b: the run with the higher separation excess; nobody where the mask of that run is not structured; NULL where either has none';
COMMENT ON COLUMN separation_contests.winner_macro IS 'a or b: the run with the higher macro ratio, the winner as published';
