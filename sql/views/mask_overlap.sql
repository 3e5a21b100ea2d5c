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
        sum(a.kept_count::DOUBLE * b.kept_count / bit_length(a.keep_mask)) AS chance_kept_by_both,
        sum(a.kept_count + b.kept_count - a.kept_count::DOUBLE * b.kept_count / bit_length(a.keep_mask))
            AS chance_kept_by_either
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
    matrices.model_id,
    overlap_counts.run_id_a,
    overlap_counts.run_id_b,
    overlap_counts.matrix_id,
    runs_a.method AS method_a,
    runs_b.method AS method_b,
    runs_a.sparsity AS sparsity_a,
    runs_b.sparsity AS sparsity_b,
    runs_a.pattern AS pattern_a,
    runs_b.pattern AS pattern_b,
    matrices.layer,
    matrices.projection,
    overlap_counts.weight_count,
    overlap_counts.kept_by_both,
    overlap_counts.kept_by_either,
    coalesce(overlap_counts.kept_by_both / nullif(overlap_counts.kept_by_either, 0), 1) AS jaccard,
    overlap_counts.differing_count / overlap_counts.weight_count AS hamming,
    overlap_counts.chance_kept_by_both / nullif(overlap_counts.chance_kept_by_either, 0) AS chance_jaccard
FROM overlap_counts
INNER JOIN pruning_runs AS runs_a ON overlap_counts.run_id_a = runs_a.run_id
INNER JOIN pruning_runs AS runs_b ON overlap_counts.run_id_b = runs_b.run_id
INNER JOIN matrices ON overlap_counts.matrix_id = matrices.matrix_id;

COMMENT ON VIEW mask_overlap IS
'One row per pair of runs and matrix: how far the two masks agree, and how far two random masks would.';
COMMENT ON COLUMN mask_overlap.run_id_a IS 'First run';
COMMENT ON COLUMN mask_overlap.run_id_b IS 'Second run';
COMMENT ON COLUMN mask_overlap.method_a IS 'Method of the first run';
COMMENT ON COLUMN mask_overlap.method_b IS 'Method of the second run';
COMMENT ON COLUMN mask_overlap.sparsity_a IS 'Sparsity asked of the first run';
COMMENT ON COLUMN mask_overlap.sparsity_b IS 'Sparsity asked of the second run';
COMMENT ON COLUMN mask_overlap.pattern_a IS 'Pattern of the first run';
COMMENT ON COLUMN mask_overlap.pattern_b IS 'Pattern of the second run';
COMMENT ON COLUMN mask_overlap.kept_by_both IS 'Weights both runs keep';
COMMENT ON COLUMN mask_overlap.kept_by_either IS 'Weights at least one run keeps';
COMMENT ON COLUMN mask_overlap.jaccard IS 'Kept by both over kept by either';
COMMENT ON COLUMN mask_overlap.hamming IS 'Share of weights on which the masks differ';
COMMENT ON COLUMN mask_overlap.chance_jaccard IS 'Jaccard expected of independent masks of equal kept counts';
