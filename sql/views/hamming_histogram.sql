CREATE OR REPLACE VIEW hamming_histogram AS
-- One row per run, matrix, reference feature and hundredth of distance; the reference itself is left out.
WITH bins AS (
    SELECT
        run_id,
        matrix_id,
        axis,
        reference_feature,
        -- A distance of exactly 1 belongs to the last bin.
        least(floor(distance * 100)::INTEGER, 99) AS bin,
        count(*) AS feature_count,
        avg(chance_distance) AS chance_distance
    FROM reference_distances
    WHERE feature_index <> reference_feature
    GROUP BY ALL
)

SELECT
    matrices.model_id,
    bins.run_id,
    bins.matrix_id,
    matrices.method,
    matrices.sparsity,
    matrices.pattern,
    matrices.layer,
    matrices.projection,
    bins.axis,
    bins.reference_feature,
    bins.bin / 100 AS distance_from,
    (bins.bin + 1) / 100 AS distance_to,
    bins.feature_count,
    bins.chance_distance
FROM bins
INNER JOIN run_matrices AS matrices
    ON bins.run_id = matrices.run_id AND bins.matrix_id = matrices.matrix_id;

COMMENT ON VIEW hamming_histogram IS
'One row per run, matrix, reference feature and hundredth of distance: features at that Hamming distance of the reference.';
COMMENT ON COLUMN hamming_histogram.distance_from IS 'Lower end of the bin, included';
COMMENT ON COLUMN hamming_histogram.distance_to IS 'Upper end of the bin, excluded unless it is 1';
COMMENT ON COLUMN hamming_histogram.feature_count IS 'Features at such a distance to the reference feature';
COMMENT ON COLUMN hamming_histogram.chance_distance IS 'Mean distance expected of independent masks with the kept counts of these features';
