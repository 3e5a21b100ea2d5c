CREATE OR REPLACE VIEW comparison_summary AS
-- One row per pair of runs and matrix: the features of both compared.
SELECT
    pairs.model_id,
    pairs.run_id_a,
    pairs.run_id_b,
    comparisons.matrix_id,
    pairs.method_a,
    pairs.method_b,
    pairs.sparsity_a,
    pairs.sparsity_b,
    pairs.pattern_a,
    pairs.pattern_b,
    matrices.layer,
    matrices.projection,
    comparisons.axis,
    count(*) AS feature_count,
    avg(comparisons.jaccard) AS mean_jaccard,
    min(comparisons.jaccard) AS least_jaccard,
    max(comparisons.jaccard) AS most_jaccard,
    avg(comparisons.cosine) AS mean_cosine,
    min(comparisons.cosine) AS least_cosine,
    avg(comparisons.hamming) AS mean_hamming,
    max(comparisons.hamming) AS most_hamming
FROM feature_comparisons AS comparisons
INNER JOIN run_pairs AS pairs
    ON comparisons.run_id_a = pairs.run_id_a AND comparisons.run_id_b = pairs.run_id_b
INNER JOIN matrices ON comparisons.matrix_id = matrices.matrix_id
GROUP BY ALL;

COMMENT ON VIEW comparison_summary IS
'One row per pair of runs and matrix: Jaccard, cosine and Hamming over its features; mask_overlap has the chance level.';
COMMENT ON COLUMN comparison_summary.feature_count IS 'Features compared';
COMMENT ON COLUMN comparison_summary.mean_jaccard IS 'Mean Jaccard similarity of the masks of a feature';
COMMENT ON COLUMN comparison_summary.least_jaccard IS 'Lowest Jaccard similarity of a feature';
COMMENT ON COLUMN comparison_summary.most_jaccard IS 'Highest Jaccard similarity of a feature';
COMMENT ON COLUMN comparison_summary.mean_cosine IS 'Mean cosine of the pruned weights of a feature';
COMMENT ON COLUMN comparison_summary.least_cosine IS 'Lowest cosine of the pruned weights of a feature';
COMMENT ON COLUMN comparison_summary.mean_hamming IS 'Mean share of the weights of a feature on which the masks differ';
COMMENT ON COLUMN comparison_summary.most_hamming IS 'Largest share of the weights of a feature on which the masks differ';
