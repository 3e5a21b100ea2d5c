CREATE OR REPLACE VIEW hamming_histogram AS
-- One row per run, matrix, reference feature and hundredth of distance.
WITH reference_features AS (
    SELECT DISTINCT
        run_id,
        matrix_id,
        axis,
        reference_feature
    FROM clusterings
),

distances AS (
    SELECT
        features.run_id,
        features.matrix_id,
        features.axis,
        reference_features.reference_feature,
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
            AND reference_features.axis = features.axis
            AND reference_features.reference_feature <> features.feature_index
),

bins AS (
    SELECT
        run_id,
        matrix_id,
        axis,
        reference_feature,
        -- A distance of exactly 1 belongs to the last bin.
        least(floor(distance * 100)::INTEGER, 99) AS bin,
        count(*) AS feature_count,
        avg(chance_distance) AS chance_distance
    FROM distances
    GROUP BY ALL
)

SELECT
    runs.model_id,
    bins.run_id,
    bins.matrix_id,
    runs.method,
    runs.sparsity,
    runs.pattern,
    matrices.layer,
    matrices.projection,
    bins.axis,
    bins.reference_feature,
    bins.bin / 100 AS distance_from,
    (bins.bin + 1) / 100 AS distance_to,
    bins.feature_count,
    bins.chance_distance
FROM bins
INNER JOIN pruning_runs AS runs ON bins.run_id = runs.run_id
INNER JOIN matrices ON bins.matrix_id = matrices.matrix_id;

COMMENT ON VIEW hamming_histogram IS
'One row per run, matrix, reference feature and hundredth of distance: features at that Hamming distance of the reference.';
COMMENT ON COLUMN hamming_histogram.distance_from IS 'Lower end of the bin, included';
COMMENT ON COLUMN hamming_histogram.distance_to IS 'Upper end of the bin, excluded save for 1';
COMMENT ON COLUMN hamming_histogram.feature_count IS 'Features at such a distance to the reference feature';
COMMENT ON COLUMN hamming_histogram.chance_distance IS 'Mean distance expected of independent masks with the kept counts of these features';
