CREATE OR REPLACE VIEW pattern_compliance AS
-- One row per run, matrix and N:M pattern. Eight neighbouring columns at a time are added up bit by bit:
-- after each step a BIT holds one binary digit of the number of weights kept, for all rows of the matrix.
WITH columns_of_eight AS (
    SELECT
        run_id,
        matrix_id,
        bit_or(keep_mask) FILTER (WHERE feature_index % 8 = 0) AS b0,
        bit_or(keep_mask) FILTER (WHERE feature_index % 8 = 1) AS b1,
        bit_or(keep_mask) FILTER (WHERE feature_index % 8 = 2) AS b2,
        bit_or(keep_mask) FILTER (WHERE feature_index % 8 = 3) AS b3,
        bit_or(keep_mask) FILTER (WHERE feature_index % 8 = 4) AS b4,
        bit_or(keep_mask) FILTER (WHERE feature_index % 8 = 5) AS b5,
        bit_or(keep_mask) FILTER (WHERE feature_index % 8 = 6) AS b6,
        bit_or(keep_mask) FILTER (WHERE feature_index % 8 = 7) AS b7
    FROM feature_masks
    WHERE axis = 'input'
    GROUP BY run_id, matrix_id, feature_index // 8
),

fours AS (
    -- Four bits add up to ones + 2 twos + 4 all_kept.
    SELECT
        run_id,
        matrix_id,
        xor(xor(b0, b1), xor(b2, b3)) AS ones_a,
        xor(xor(b0 & b1, b2 & b3), xor(b0, b1) & xor(b2, b3)) AS twos_a,
        b0 & b1 & b2 & b3 AS all_a,
        xor(xor(b4, b5), xor(b6, b7)) AS ones_b,
        xor(xor(b4 & b5, b6 & b7), xor(b4, b5) & xor(b6, b7)) AS twos_b,
        b4 & b5 & b6 & b7 AS all_b
    FROM columns_of_eight
),

eights AS (
    -- Two such sums add up to ones + 2 twos + 4 fours + 8 eights.
    SELECT
        *,
        xor(ones_a, ones_b) AS ones,
        xor(xor(twos_a, twos_b), ones_a & ones_b) AS twos,
        xor(xor(all_a, all_b), (twos_a & twos_b) | ((twos_a | twos_b) & ones_a & ones_b)) AS fours,
        all_a & all_b AS eights
    FROM fours
),

counted AS (
    SELECT
        run_id,
        matrix_id,
        '2:4' AS candidate_pattern,
        4 AS group_size,
        sum(bit_length(ones_a) + coalesce(bit_length(ones_b), 0)) AS group_count,
        sum(bit_count((ones_a & twos_a) | all_a) + coalesce(bit_count((ones_b & twos_b) | all_b), 0))
            AS violating_count,
        -- Three kept are one too many, four are two.
        sum(
            bit_count(ones_a & twos_a) + 2 * bit_count(all_a)
            + coalesce(bit_count(ones_b & twos_b) + 2 * bit_count(all_b), 0)
        ) AS excess_count
    FROM eights
    WHERE ones_a IS NOT NULL
    GROUP BY run_id, matrix_id
    UNION ALL
    SELECT
        run_id,
        matrix_id,
        '4:8' AS candidate_pattern,
        8 AS group_size,
        sum(bit_length(ones)) AS group_count,
        sum(bit_count((fours & (ones | twos)) | eights)) AS violating_count,
        sum(bit_count(fours & ones) + 2 * bit_count(fours & twos) + 4 * bit_count(eights)) AS excess_count
    FROM eights
    WHERE ones IS NOT NULL
    GROUP BY run_id, matrix_id
),

groups AS (
    -- Rows draw independently with the density of each column, so that all rows have the same chance.
    SELECT
        masks.run_id,
        masks.matrix_id,
        candidates.candidate_pattern,
        poisson_binomial_at_most(
            candidates.kept_limit, list(safe_ratio(masks.kept_count, bit_length(masks.keep_mask)))
        ) AS chance_share
    FROM feature_masks AS masks
    CROSS JOIN (VALUES ('2:4', 2, 4), ('4:8', 4, 8)) AS candidates (candidate_pattern, kept_limit, group_size)
    WHERE masks.axis = 'input'
    GROUP BY
        masks.run_id,
        masks.matrix_id,
        candidates.candidate_pattern,
        candidates.kept_limit,
        candidates.group_size,
        masks.feature_index // candidates.group_size
    HAVING count(*) = candidates.group_size
),

expected AS (
    SELECT
        run_id,
        matrix_id,
        candidate_pattern,
        avg(chance_share) AS chance_share
    FROM groups
    GROUP BY run_id, matrix_id, candidate_pattern
)

SELECT
    matrices.model_id,
    counted.run_id,
    counted.matrix_id,
    matrices.method,
    matrices.sparsity,
    matrices.pattern,
    matrices.layer,
    matrices.projection,
    counted.candidate_pattern,
    counted.group_count::BIGINT AS group_count,
    1 - safe_ratio(counted.violating_count, counted.group_count) AS compliant_share,
    expected.chance_share,
    safe_ratio(counted.excess_count, counted.group_count * counted.group_size) AS excess_share
FROM counted
INNER JOIN pruned_matrices AS matrices
    ON counted.run_id = matrices.run_id AND counted.matrix_id = matrices.matrix_id
LEFT JOIN expected
    ON
        counted.run_id = expected.run_id
        AND counted.matrix_id = expected.matrix_id
        AND counted.candidate_pattern = expected.candidate_pattern;

COMMENT ON VIEW pattern_compliance IS
'One row per run, matrix and N:M pattern: how many groups of M consecutive inputs of a row keep at most N already.';
COMMENT ON COLUMN pattern_compliance.candidate_pattern IS 'Pattern held against the mask, whatever pattern the run was asked for';
COMMENT ON COLUMN pattern_compliance.group_count IS 'Groups of M consecutive inputs of one output row';
COMMENT ON COLUMN pattern_compliance.compliant_share IS 'Share of the groups that keep at most N';
COMMENT ON COLUMN pattern_compliance.chance_share IS 'Share expected if every weight were kept independently with the density of its column';
COMMENT ON COLUMN pattern_compliance.excess_share IS 'Share of the weights that would have to go as well to reach the pattern';
