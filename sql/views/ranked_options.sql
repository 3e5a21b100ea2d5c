CREATE OR REPLACE VIEW ranked_options AS
-- One row per run and matrix. The ranking depends on no error budget: the choice within a budget is the
-- lowest rank among the runs whose reconstruction error is within it.
WITH contenders AS (
    SELECT
        run_id,
        matrix_id,
        -- A measurement goes before a prediction, then the larger gain, then the smaller error.
        row_number() OVER (
            PARTITION BY matrix_id
            ORDER BY is_measured DESC, gain DESC NULLS LAST, reconstruction_error NULLS LAST, run_id
        ) AS choice_rank
    FROM format_recommendations
    WHERE format <> 'dense'
)

SELECT
    offers.*,
    labels.run_label,
    tiers.report_tier,
    contenders.choice_rank
FROM format_recommendations AS offers
INNER JOIN run_labels AS labels ON offers.run_id = labels.run_id
LEFT JOIN report_tiers AS tiers ON offers.run_id = tiers.run_id AND offers.matrix_id = tiers.matrix_id
LEFT JOIN contenders ON offers.run_id = contenders.run_id AND offers.matrix_id = contenders.matrix_id;

COMMENT ON VIEW ranked_options IS
'One row per run and matrix: what the run offers for it, and its place among the runs that could replace the dense matrix.';
COMMENT ON COLUMN ranked_options.choice_rank IS 'Place among the runs of the matrix that beat dense, 1 the first choice; NULL where dense stays the better format';
