-- No two rows of a table have the same key.
SELECT
    'models' AS table_name,
    model_id AS key_text
FROM models
GROUP BY model_id
HAVING count(*) > 1
UNION ALL
SELECT
    'matrices' AS table_name,
    matrix_id::VARCHAR AS key_text
FROM matrices
GROUP BY matrix_id
HAVING count(*) > 1
UNION ALL
SELECT
    'calibrations' AS table_name,
    calibration_id::VARCHAR AS key_text
FROM calibrations
GROUP BY calibration_id
HAVING count(*) > 1
UNION ALL
SELECT
    'pruning_runs' AS table_name,
    run_id::VARCHAR AS key_text
FROM pruning_runs
GROUP BY run_id
HAVING count(*) > 1
UNION ALL
SELECT
    'matrix_prunings' AS table_name,
    concat_ws(', ', run_id, matrix_id) AS key_text
FROM matrix_prunings
GROUP BY run_id, matrix_id
HAVING count(*) > 1
UNION ALL
SELECT
    'clusterings' AS table_name,
    clustering_id::VARCHAR AS key_text
FROM clusterings
GROUP BY clustering_id
HAVING count(*) > 1
UNION ALL
SELECT
    'perplexities' AS table_name,
    concat_ws(', ', run_id, dataset, "window") AS key_text
FROM perplexities
GROUP BY run_id, dataset, "window"
HAVING count(*) > 1;
