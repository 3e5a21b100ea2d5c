-- A run with pattern N:M keeps at most N of every M consecutive inputs of every output row.
WITH patterned AS (
    SELECT
        run_id,
        pattern,
        split_part(pattern, ':', 1)::INTEGER AS kept_limit,
        split_part(pattern, ':', 2)::INTEGER AS group_size
    FROM pruning_runs
    WHERE regexp_full_match(pattern, '\d+:\d+')
),

kept_positions AS (
    -- 2:4 and 4:8 are read from pattern_compliance; other patterns are counted position by position.
    SELECT
        masks.run_id,
        masks.matrix_id,
        patterned.pattern,
        patterned.kept_limit,
        masks.feature_index // patterned.group_size AS input_group,
        unnest(
            list_filter(
                range(bit_length(masks.keep_mask))::INTEGER[],
                LAMBDA place: get_bit(masks.keep_mask, place) = 1 -- noqa: RF02
            )
        ) AS output_row
    FROM feature_masks AS masks
    INNER JOIN patterned ON masks.run_id = patterned.run_id
    WHERE masks.axis = 'input' AND patterned.pattern NOT IN ('2:4', '4:8')
)

SELECT
    run_id,
    matrix_id,
    pattern,
    count(*) AS violating_count
FROM (
    SELECT
        run_id,
        matrix_id,
        pattern
    FROM kept_positions
    GROUP BY run_id, matrix_id, pattern, input_group, output_row
    HAVING count(*) > any_value(kept_limit)
) AS violations
GROUP BY run_id, matrix_id, pattern
UNION ALL
SELECT
    run_id,
    matrix_id,
    pattern,
    round((1 - compliant_share) * group_count) AS violating_count
FROM pattern_compliance
WHERE pattern = candidate_pattern AND compliant_share < 1;
