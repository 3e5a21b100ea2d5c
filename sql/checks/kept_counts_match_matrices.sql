-- The kept counts of the features of a matrix add up to that of the matrix, along every axis that is stored.
SELECT
    masks.run_id,
    masks.matrix_id,
    masks.axis,
    sum(masks.kept_count) AS kept_by_features,
    any_value(prunings.kept_count) AS kept_count,
    any_value(prunings.weight_count) AS weight_count
FROM feature_masks AS masks
INNER JOIN matrices ON masks.matrix_id = matrices.matrix_id
INNER JOIN matrix_prunings AS prunings
    ON masks.run_id = prunings.run_id AND masks.matrix_id = prunings.matrix_id
GROUP BY masks.run_id, masks.matrix_id, masks.axis
HAVING
    sum(masks.kept_count) <> any_value(prunings.kept_count)
    OR any_value(prunings.weight_count)
    <> any_value(matrices.out_features)::BIGINT * any_value(matrices.in_features);
