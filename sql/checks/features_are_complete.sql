-- An axis of a matrix is stored whole: every feature once.
SELECT
    masks.run_id,
    masks.matrix_id,
    masks.axis,
    count(*) AS stored_count,
    count(DISTINCT masks.feature_index) AS distinct_count,
    max(masks.feature_index) AS last_feature
FROM feature_masks AS masks
INNER JOIN matrices ON masks.matrix_id = matrices.matrix_id
GROUP BY masks.run_id, masks.matrix_id, masks.axis, matrices.in_features, matrices.out_features
HAVING
    count(*) <> CASE masks.axis WHEN 'input' THEN matrices.in_features ELSE matrices.out_features END
    OR count(DISTINCT masks.feature_index) <> count(*)
    OR min(masks.feature_index) <> 0
    OR max(masks.feature_index) <> count(*) - 1;
