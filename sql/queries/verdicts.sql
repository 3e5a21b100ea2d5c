-- How many clusterings of each run stand above chance?
SELECT
    ratios.method,
    ratios.sparsity,
    ratios.pattern,
    runs.refinement,
    count(*) AS clusterings,
    count(*) FILTER (WHERE starts_with(ratios.verdict, 'ratio is at chance')) AS at_chance,
    count(*) FILTER (WHERE starts_with(ratios.verdict, 'barely above chance')) AS barely_above,
    count(*) FILTER (WHERE starts_with(ratios.verdict, 'ratio is below chance')) AS below,
    count(*) FILTER (WHERE starts_with(ratios.verdict, 'structured')) AS structured
FROM separation_ratios AS ratios
INNER JOIN pruning_runs AS runs ON ratios.run_id = runs.run_id
GROUP BY ratios.model_id, ratios.run_id, ratios.method, ratios.sparsity, ratios.pattern, runs.refinement
ORDER BY ratios.model_id, ratios.run_id;
