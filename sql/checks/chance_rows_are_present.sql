-- Every clustering of a real mask has at least two chance replicates: a standard deviation needs two.
SELECT
    observed.clustering_id,
    count(chance.clustering_id) AS null_count
FROM clusterings AS observed
LEFT JOIN clusterings AS chance
    ON
        observed.run_id = chance.run_id
        AND observed.matrix_id = chance.matrix_id
        AND observed.axis = chance.axis
        AND observed.algorithm = chance.algorithm
        AND observed.distance = chance.distance
        AND observed.k = chance.k
        AND observed.neighbour_count = chance.neighbour_count
        AND observed.reference_feature = chance.reference_feature
        AND observed.seed = chance.seed
        AND chance.null_replicate IS NOT NULL
WHERE observed.null_replicate IS NULL
GROUP BY observed.clustering_id
HAVING count(chance.clustering_id) < 2;
