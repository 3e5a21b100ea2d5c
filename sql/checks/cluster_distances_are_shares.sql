-- A sum of Hamming distances, which are shares, lies between 0 and the number of its pairs.
SELECT
    'cluster_pair_distances' AS table_name,
    clustering_id,
    cluster_a,
    cluster_b,
    pair_count,
    distance_sum
FROM cluster_pair_distances
WHERE
    out_of_range('pair_count', pair_count, 0, NULL) IS NOT NULL
    OR out_of_range('distance_sum', distance_sum, 0, pair_count + 1e-6) IS NOT NULL;
