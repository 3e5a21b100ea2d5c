CREATE OR REPLACE VIEW activation_threshold_summary AS
-- One row per model, projection and activation sparsity, over the blocks.
WITH published AS (
    SELECT
        projection,
        value AS published_threshold
    FROM reference_results
    WHERE metric = 'threshold_90'
),

summaries AS (
    SELECT
        thresholds.model_id,
        matrices.projection,
        thresholds.activation_sparsity,
        count(*) AS matrix_count,
        avg(thresholds.threshold) AS mean_threshold,
        min(thresholds.threshold) AS lowest_threshold,
        max(thresholds.threshold) AS highest_threshold
    FROM activation_thresholds AS thresholds
    INNER JOIN matrices ON thresholds.matrix_id = matrices.matrix_id
    GROUP BY ALL
)

SELECT
    summaries.*,
    published.published_threshold
FROM summaries
LEFT JOIN published
    ON
        summaries.projection = published.projection
        AND sparsity_key(summaries.activation_sparsity) = published_activation_sparsity();

COMMENT ON VIEW activation_threshold_summary IS
'One row per model, projection and activation sparsity: thresholds of the blocks beside the one that the research code uses.';
COMMENT ON COLUMN activation_threshold_summary.matrix_count IS 'Matrices summed up, one per block or expert';
COMMENT ON COLUMN activation_threshold_summary.mean_threshold IS 'Mean threshold of the matrices';
COMMENT ON COLUMN activation_threshold_summary.lowest_threshold IS 'Lowest threshold of the matrices';
COMMENT ON COLUMN activation_threshold_summary.highest_threshold IS 'Highest threshold of the matrices';
COMMENT ON COLUMN activation_threshold_summary.published_threshold IS 'Threshold of this projection in the plots of the research code; NULL but for the sparsity it is of';
