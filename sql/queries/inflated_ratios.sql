-- Which published-style ratios are inflated by clusters of one feature?
SELECT
    method,
    pattern,
    layer,
    projection,
    k,
    round(separation_ratio_macro, 2) AS separation_ratio_macro,
    round(separation_ratio, 3) AS separation_ratio,
    round(null_ratio_mean, 3) AS null_ratio_mean,
    singleton_count,
    verdict
FROM separation_ratios
ORDER BY safe_ratio(separation_ratio_macro, separation_ratio) DESC NULLS LAST, clustering_id
LIMIT 20;
