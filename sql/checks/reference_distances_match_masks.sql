-- The distance of a clustered feature to its reference is that of their masks; the reference ranks first.
WITH smallest AS (
    -- The distances are the same at every k and seed: one clustering of a neighbourhood is enough.
    SELECT min(clustering_id) AS clustering_id
    FROM clusterings
    WHERE null_replicate IS NULL
    GROUP BY run_id, matrix_id, axis, reference_feature
)

SELECT
    clusterings.clustering_id,
    assignments.feature_index,
    assignments.gradient_rank,
    assignments.reference_distance,
    hamming_distance(masks.keep_mask, reference.keep_mask) AS distance_of_masks
FROM smallest
INNER JOIN clusterings ON smallest.clustering_id = clusterings.clustering_id
INNER JOIN cluster_assignments AS assignments ON clusterings.clustering_id = assignments.clustering_id
INNER JOIN feature_masks AS masks
    ON
        clusterings.run_id = masks.run_id
        AND clusterings.matrix_id = masks.matrix_id
        AND clusterings.axis = masks.axis
        AND assignments.feature_index = masks.feature_index
INNER JOIN feature_masks AS reference
    ON
        clusterings.run_id = reference.run_id
        AND clusterings.matrix_id = reference.matrix_id
        AND clusterings.axis = reference.axis
        AND clusterings.reference_feature = reference.feature_index
WHERE
    abs(assignments.reference_distance - hamming_distance(masks.keep_mask, reference.keep_mask)) > 1e-6
    OR (assignments.gradient_rank = 0) <> (assignments.feature_index = clusterings.reference_feature);
