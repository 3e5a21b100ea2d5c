-- Are the clusters the same with another seed or reference feature?
SELECT
    method,
    pattern,
    algorithm,
    distance,
    k,
    varied,
    count(adjusted_rand) AS pair_count,
    round(avg(adjusted_rand), 3) AS adjusted_rand,
    round(avg(common_feature_count), 1) AS common_feature_count,
    why_none
FROM cluster_stability
GROUP BY ALL
ORDER BY adjusted_rand DESC NULLS LAST, method, pattern, algorithm, distance, k, varied;
