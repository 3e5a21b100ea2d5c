CREATE OR REPLACE VIEW matrix_evidence AS
-- One row per run and matrix it pruned: whether its mask is structured, and how far its statistics lie from
-- chance. Of two axes the one with the smaller q-value speaks for a test.
WITH found AS (
    SELECT
        run_id,
        matrix_id,
        min(q_value) AS q_value,
        min((q_value, test, axis))[2] AS strongest_test,
        min((q_value, axis, effect, effect_low, effect_high)) FILTER (
            WHERE test = 'nearest_neighbours'
        ) AS nearest,
        min((q_value, axis, effect, effect_low, effect_high)) FILTER (
            WHERE test = 'top_eigenvalue'
        ) AS largest
    FROM structure_tests
    GROUP BY run_id, matrix_id
)

SELECT
    matrices.model_id,
    matrices.run_id,
    matrices.matrix_id,
    matrices.method,
    matrices.sparsity,
    matrices.pattern,
    matrices.layer,
    matrices.component,
    matrices.projection,
    evidence_word(found.q_value) AS evidence,
    found.q_value,
    found.strongest_test,
    found.nearest[3] AS neighbour_effect,
    found.nearest[4] AS neighbour_effect_low,
    found.nearest[5] AS neighbour_effect_high,
    found.largest[3] AS eigenvalue_effect,
    found.largest[4] AS eigenvalue_effect_low,
    found.largest[5] AS eigenvalue_effect_high,
    is_structured(found.q_value) AS is_structured
FROM pruned_matrices AS matrices
LEFT JOIN found ON matrices.run_id = found.run_id AND matrices.matrix_id = found.matrix_id;

COMMENT ON VIEW matrix_evidence IS
'One row per run and matrix it pruned: the evidence for structure that its row and column counts do not explain, and how large it is.';
COMMENT ON COLUMN matrix_evidence.strongest_test IS 'Test with the smallest q-value: see structure_tests';
COMMENT ON COLUMN matrix_evidence.neighbour_effect IS 'By what share of the chance level the nearest features are nearer';
COMMENT ON COLUMN matrix_evidence.neighbour_effect_low IS 'Lower end of its 95% interval over features';
COMMENT ON COLUMN matrix_evidence.neighbour_effect_high IS 'Upper end of its 95% interval over features';
COMMENT ON COLUMN matrix_evidence.eigenvalue_effect IS 'By what share of the chance level the largest eigenvalue is larger';
COMMENT ON COLUMN matrix_evidence.eigenvalue_effect_low IS 'Lower end of its 95% interval over random masks';
COMMENT ON COLUMN matrix_evidence.eigenvalue_effect_high IS 'Upper end of its 95% interval over random masks';
