CREATE OR REPLACE VIEW reference_distances AS
-- One row per run, matrix, reference feature and feature: the Hamming gradient.
WITH reference_features AS (
    SELECT DISTINCT
        run_id,
        matrix_id,
        axis,
        reference_feature
    FROM clusterings
)

SELECT
    reference_features.run_id,
    reference_features.matrix_id,
    reference_features.axis,
    reference_features.reference_feature,
    features.feature_index,
    hamming_distance(features.keep_mask, reference.keep_mask) AS distance,
    chance_hamming_distance(
        features.kept_count::BIGINT, reference.kept_count::BIGINT, bit_length(features.keep_mask)
    ) AS chance_distance
FROM reference_features
INNER JOIN feature_masks AS reference
    ON
        reference_features.run_id = reference.run_id
        AND reference_features.matrix_id = reference.matrix_id
        AND reference_features.axis = reference.axis
        AND reference_features.reference_feature = reference.feature_index
INNER JOIN feature_masks AS features
    ON
        reference_features.run_id = features.run_id
        AND reference_features.matrix_id = features.matrix_id
        AND reference_features.axis = features.axis;

COMMENT ON VIEW reference_distances IS
'One row per run, matrix, reference feature and feature: its Hamming distance to the reference, and that of chance.';
COMMENT ON COLUMN reference_distances.distance IS 'Hamming distance of the feature to the reference feature';
COMMENT ON COLUMN reference_distances.chance_distance IS 'Distance expected of independent masks with the kept counts of both';
