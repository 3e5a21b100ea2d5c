-- Does any mask have structure beyond chance?
SELECT
    method,
    pattern,
    layer,
    projection,
    evidence,
    round(q_value, 4) AS q_value,
    strongest_test,
    round(neighbour_effect, 4) AS neighbour_effect,
    round(eigenvalue_effect, 3) AS eigenvalue_effect
FROM matrix_evidence
ORDER BY q_value NULLS LAST, eigenvalue_effect DESC NULLS LAST, run_id, matrix_id
LIMIT 20;
