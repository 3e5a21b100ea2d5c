-- Every mask has one bit per position of its feature, and as many ones as its kept count says.
SELECT
    masks.run_id,
    masks.matrix_id,
    masks.axis,
    masks.feature_index,
    masks.kept_count,
    bit_count(masks.keep_mask) AS ones,
    bit_length(masks.keep_mask) AS bits
FROM feature_masks AS masks
INNER JOIN matrices ON masks.matrix_id = matrices.matrix_id
WHERE
    bit_count(masks.keep_mask) <> masks.kept_count
    OR bit_length(masks.keep_mask)
    <> CASE masks.axis WHEN 'input' THEN matrices.out_features ELSE matrices.in_features END;
