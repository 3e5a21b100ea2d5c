CREATE OR REPLACE VIEW head_overlap AS
-- One row per pair of runs of one model, matrix of attention they both pruned and head. Heads are rows of q,
-- k and v, which are bits of the masks of its columns, and columns of o.
WITH heads AS (
    SELECT
        matrix_id,
        unnest(range(head_count))::INTEGER AS head,
        projection = 'o' AS by_column,
        if(projection = 'o', in_features, out_features) // head_count AS head_size,
        out_features
    FROM matrices
    WHERE head_count IS NOT NULL
),

slices AS (
    SELECT
        *,
        CASE
            WHEN by_column THEN repeat('1', out_features)::BIT
            ELSE rows_of_head(head, head_size, out_features)
        END AS rows_of_head
    FROM heads
),

counted AS (
    SELECT
        a.run_id AS run_id_a,
        b.run_id AS run_id_b,
        a.matrix_id,
        slices.head,
        sum(bit_count(a.keep_mask & b.keep_mask & slices.rows_of_head))::BIGINT AS kept_by_both,
        sum(bit_count((a.keep_mask | b.keep_mask) & slices.rows_of_head))::BIGINT AS kept_by_either
    FROM feature_masks AS a
    INNER JOIN feature_masks AS b
        ON
            a.matrix_id = b.matrix_id
            AND a.axis = b.axis
            AND a.feature_index = b.feature_index
            AND a.run_id < b.run_id
    INNER JOIN slices
        ON
            a.matrix_id = slices.matrix_id
            AND (NOT slices.by_column OR a.feature_index // slices.head_size = slices.head)
    WHERE a.axis = 'input'
    GROUP BY a.run_id, b.run_id, a.matrix_id, slices.head
)

SELECT
    pairs.*,
    counted.matrix_id,
    matrices.layer,
    matrices.projection,
    counted.head,
    counted.kept_by_both,
    counted.kept_by_either,
    coalesce(safe_ratio(counted.kept_by_both, counted.kept_by_either), 1) AS jaccard
FROM counted
INNER JOIN run_pairs AS pairs
    ON counted.run_id_a = pairs.run_id_a AND counted.run_id_b = pairs.run_id_b
INNER JOIN matrices ON counted.matrix_id = matrices.matrix_id;

COMMENT ON VIEW head_overlap IS
'One row per pair of runs, matrix of attention and head: how far the two masks agree on the head.';
