CREATE OR REPLACE VIEW real_clusterings AS
-- One row per clustering of a real mask, with the run and the matrix it is of.
SELECT
    places.model_id,
    places.run_id,
    places.matrix_id,
    clusterings.clustering_id,
    places.method,
    places.sparsity,
    places.pattern,
    places.layer,
    places.component,
    places.projection,
    clusterings.axis,
    clusterings.algorithm,
    clusterings.distance,
    clusterings.k,
    clusterings.neighbour_count,
    clusterings.reference_feature,
    clusterings.seed
FROM clusterings
INNER JOIN run_matrices AS places
    ON clusterings.run_id = places.run_id AND clusterings.matrix_id = places.matrix_id
WHERE clusterings.null_replicate IS NULL;

COMMENT ON VIEW real_clusterings IS
'One row per clustering of a real mask: the run and the matrix it is of, and how it was made.';
