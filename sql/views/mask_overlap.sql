CREATE OR REPLACE VIEW mask_overlap AS
-- One row per pair of runs of one model and matrix they both pruned.
WITH overlap_counts AS (
    SELECT
        a.run_id AS run_id_a,
        b.run_id AS run_id_b,
        a.matrix_id,
        sum(bit_length(a.keep_mask)) AS weight_count,
        sum(bit_count(a.keep_mask & b.keep_mask)) AS kept_by_both,
        sum(bit_count(a.keep_mask | b.keep_mask)) AS kept_by_either,
        sum(bit_count(xor(a.keep_mask, b.keep_mask))) AS differing_count,
        -- Expected overlap of independent masks with the kept counts of every feature.
        sum(safe_ratio(a.kept_count::DOUBLE * b.kept_count, bit_length(a.keep_mask))) AS chance_kept_by_both,
        sum(a.kept_count + b.kept_count) AS kept_by_one_and_other
    FROM feature_masks AS a
    INNER JOIN feature_masks AS b
        ON
            a.matrix_id = b.matrix_id
            AND a.axis = b.axis
            AND a.feature_index = b.feature_index
            AND a.run_id < b.run_id
    WHERE a.axis = 'input'
    GROUP BY ALL
)

SELECT
    pairs.model_id,
    pairs.run_id_a,
    pairs.run_id_b,
    overlap_counts.matrix_id,
    pairs.method_a,
    pairs.method_b,
    pairs.sparsity_a,
    pairs.sparsity_b,
    pairs.pattern_a,
    pairs.pattern_b,
    matrices.layer,
    matrices.projection,
    overlap_counts.weight_count,
    overlap_counts.kept_by_both,
    overlap_counts.kept_by_either,
    coalesce(safe_ratio(overlap_counts.kept_by_both, overlap_counts.kept_by_either), 1) AS jaccard,
    safe_ratio(overlap_counts.differing_count, overlap_counts.weight_count) AS hamming,
    safe_ratio(
        overlap_counts.chance_kept_by_both,
        overlap_counts.kept_by_one_and_other - overlap_counts.chance_kept_by_both
    ) AS chance_jaccard
FROM overlap_counts
INNER JOIN run_pairs AS pairs
    ON overlap_counts.run_id_a = pairs.run_id_a AND overlap_counts.run_id_b = pairs.run_id_b
INNER JOIN matrices ON overlap_counts.matrix_id = matrices.matrix_id;

COMMENT ON VIEW mask_overlap IS
'One row per pair of runs and matrix: how far the two masks agree, and how far two random masks would.';
COMMENT ON COLUMN mask_overlap.chance_jaccard IS 'Jaccard similarity expected of independent masks in which every feature has the same kept counts';
