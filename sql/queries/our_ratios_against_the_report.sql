-- How do the separation ratios compare with the report's?
SELECT
    method,
    projection,
    k,
    any_value(reported_ratio_macro) AS reported_ratio_macro,
    round(any_value(reported_singletons_implied), 1) AS reported_singletons_implied,
    round(avg(mean_ratio_macro), 2) AS our_ratio_macro,
    round(avg(mean_ratio), 3) AS our_ratio,
    round(avg(mean_null_ratio), 3) AS chance_ratio
FROM separation_against_report
GROUP BY method, projection, k
ORDER BY method, projection, k;
