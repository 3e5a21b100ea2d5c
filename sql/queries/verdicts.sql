-- How many clusterings of each run stand above chance?
SELECT
    method,
    sparsity,
    pattern,
    count(*) AS clusterings,
    count(*) FILTER (WHERE starts_with(verdict, 'ratio is at chance')) AS at_chance,
    count(*) FILTER (WHERE starts_with(verdict, 'barely above chance')) AS barely_above,
    count(*) FILTER (WHERE starts_with(verdict, 'ratio is below chance')) AS below,
    count(*) FILTER (WHERE starts_with(verdict, 'structured')) AS structured
FROM separation_ratios
GROUP BY model_id, run_id, method, sparsity, pattern
ORDER BY model_id, run_id;
