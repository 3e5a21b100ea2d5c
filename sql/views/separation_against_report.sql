CREATE OR REPLACE VIEW separation_against_report AS
-- One row per run, matrix and k that the report has a figure for: ours beside it, and chance beside both.
SELECT
    ours.model_id,
    ours.run_id,
    ours.matrix_id,
    ours.method,
    ours.sparsity,
    ours.pattern,
    ours.layer,
    ours.projection,
    ours.k,
    reported.model AS reported_model,
    reported.value AS reported_ratio_macro,
    -- Without structure a macro ratio is about k divided by the number of clusters that are not singletons.
    ours.k - safe_ratio(ours.k, reported.value) AS reported_singletons_implied,
    ours.mean_ratio_macro,
    ours.mean_null_ratio_macro,
    ours.mean_ratio,
    ours.mean_null_ratio,
    ours.mean_singleton_count,
    ours.verdict
FROM separation_intervals AS ours
INNER JOIN reference_results AS reported
    ON
        ours.method = reported.method
        AND ours.projection = reported.projection
        AND ours.k = reported.k
        AND sparsity_key(ours.sparsity) = sparsity_key(reported.sparsity)
        AND ours.pattern = reported.pattern
WHERE reported.metric = 'separation_ratio_macro' AND ours.algorithm = 'kmeans';

COMMENT ON VIEW separation_against_report IS
'One row per run, matrix and k with a published ratio: the report''s figure beside ours, and chance beside both.';
COMMENT ON COLUMN separation_against_report.reported_model IS 'Model of the published figure';
COMMENT ON COLUMN separation_against_report.reported_ratio_macro IS 'The published separation ratio';
COMMENT ON COLUMN separation_against_report.reported_singletons_implied IS 'Clusters of one that would produce the published ratio without any structure: k - k / ratio';
