-- Are the clusters the same with another seed or reference feature?
SELECT
    method,
    pattern,
    algorithm,
    distance,
    k,
    varied,
    count(*) AS pair_count,
    round(avg(adjusted_rand), 3) AS adjusted_rand,
    round(avg(common_feature_count), 1) AS common_feature_count
FROM cluster_stability
GROUP BY ALL
ORDER BY adjusted_rand DESC, method, pattern, algorithm, distance, k, varied;
