CREATE OR REPLACE VIEW clustered_embeddings AS
-- One row per clustering of a real mask, embedding and feature: a scatter plot coloured by cluster.
SELECT
    clusterings.*,
    embeddings.embedding,
    assignments.feature_index,
    assignments.cluster,
    assignments.gradient_rank,
    embeddings.x,
    embeddings.y
FROM real_clusterings AS clusterings
INNER JOIN cluster_assignments AS assignments ON clusterings.clustering_id = assignments.clustering_id
INNER JOIN feature_embeddings AS embeddings
    ON
        clusterings.run_id = embeddings.run_id
        AND clusterings.matrix_id = embeddings.matrix_id
        AND clusterings.axis = embeddings.axis
        AND clusterings.reference_feature = embeddings.reference_feature
        AND assignments.feature_index = embeddings.feature_index;

COMMENT ON VIEW clustered_embeddings IS
'One row per clustering, embedding and feature: its place in the plane and its cluster.';
