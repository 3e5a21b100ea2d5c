CREATE OR REPLACE VIEW head_figures AS
-- One row per run, matrix of attention and head: what pruning left of it. Heads are rows of q, k and v, which
-- are bits of the masks of its columns, and columns of o.
WITH heads AS (
    SELECT
        matrix_id,
        unnest(range(head_count))::INTEGER AS head,
        projection = 'o' AS by_column,
        if(projection = 'o', in_features, out_features) // head_count AS head_size,
        if(projection = 'o', out_features, in_features) AS width,
        out_features
    FROM matrices
    WHERE head_count IS NOT NULL
),

slices AS (
    SELECT
        *,
        CASE WHEN NOT by_column THEN rows_of_head(head, head_size, out_features) END AS rows_of_head
    FROM heads
),

counted AS (
    SELECT
        masks.run_id,
        masks.matrix_id,
        slices.head,
        any_value(slices.head_size) AS head_size,
        any_value(slices.head_size * slices.width)::BIGINT AS weight_count,
        sum(
            CASE
                WHEN slices.by_column THEN masks.kept_count
                ELSE bit_count(masks.keep_mask & slices.rows_of_head)
            END
        )::BIGINT AS kept_count
    FROM feature_masks AS masks
    INNER JOIN slices
        ON
            masks.matrix_id = slices.matrix_id
            AND (NOT slices.by_column OR masks.feature_index // slices.head_size = slices.head)
    WHERE masks.axis = 'input'
    GROUP BY masks.run_id, masks.matrix_id, slices.head
)

SELECT
    places.*,
    counted.head,
    counted.head_size,
    counted.weight_count,
    counted.kept_count,
    safe_ratio(counted.kept_count, counted.weight_count) AS head_density,
    safe_ratio(
        safe_ratio(counted.kept_count, counted.weight_count),
        avg(safe_ratio(counted.kept_count, counted.weight_count)) OVER matrix_heads
    ) AS relative_density
FROM counted
INNER JOIN run_matrices AS places ON counted.run_id = places.run_id AND counted.matrix_id = places.matrix_id
WINDOW matrix_heads AS (PARTITION BY counted.run_id, counted.matrix_id);

COMMENT ON VIEW head_figures IS
'One row per run, matrix of attention and head: how much of the head pruning kept, beside the other heads of the matrix.';
COMMENT ON COLUMN head_figures.head_size IS 'Rows or columns of the head';
COMMENT ON COLUMN head_figures.head_density IS 'Share of the weights of the head that are kept';
COMMENT ON COLUMN head_figures.relative_density IS 'That share over its mean among the heads of the matrix';
