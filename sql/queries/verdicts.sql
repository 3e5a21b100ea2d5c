-- How many matrices of each run are structured, and how large is the effect on their clusterings?
WITH evidence AS (
    SELECT
        run_id,
        count(*) AS matrices,
        count(*) FILTER (WHERE is_structured) AS structured,
        count(*) FILTER (WHERE evidence = 'at chance') AS at_chance
    FROM matrix_evidence
    GROUP BY run_id
),

effects AS (
    SELECT
        run_id,
        count(*) AS clusterings,
        count(*) FILTER (WHERE is_structured AND effect IN ('large', 'identical')) AS large_effect
    FROM separation_ratios
    GROUP BY run_id
)

SELECT
    runs.method,
    runs.sparsity,
    runs.pattern,
    runs.refinement,
    evidence.matrices,
    evidence.at_chance,
    evidence.structured,
    coalesce(effects.clusterings, 0) AS clusterings,
    coalesce(effects.large_effect, 0) AS large_effect
FROM pruning_runs AS runs
INNER JOIN evidence ON runs.run_id = evidence.run_id
LEFT JOIN effects ON runs.run_id = effects.run_id
ORDER BY runs.model_id, runs.run_id;
