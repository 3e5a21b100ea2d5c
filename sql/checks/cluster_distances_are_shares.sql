-- Sums of distances lie between 0 and their number of pairs.
SELECT
    clustering_id,
    cluster_a,
    cluster_b,
    pair_count,
    distance_sum
FROM cluster_pair_distances
WHERE pair_count < 0 OR NOT isfinite(distance_sum) OR distance_sum NOT BETWEEN 0 AND pair_count + 1e-6;
