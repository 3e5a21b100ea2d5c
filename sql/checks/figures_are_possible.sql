-- Errors and times are not negative, perplexities not below 1, and nothing is infinite or NaN.
SELECT
    'matrix_prunings' AS table_name,
    run_id,
    reconstruction_error AS figure
FROM matrix_prunings
WHERE reconstruction_error < 0 OR NOT isfinite(reconstruction_error)
UNION ALL
SELECT
    'matrix_prunings' AS table_name,
    run_id,
    elapsed_seconds AS figure
FROM matrix_prunings
WHERE elapsed_seconds < 0 OR NOT isfinite(elapsed_seconds)
UNION ALL
SELECT
    'perplexities' AS table_name,
    run_id,
    perplexity AS figure
FROM perplexities
WHERE perplexity < 1 OR isnan(perplexity)
UNION ALL
SELECT
    'feature_comparisons' AS table_name,
    run_id_a AS run_id,
    jaccard AS figure
FROM feature_comparisons
WHERE
    jaccard NOT BETWEEN 0 AND 1
    OR hamming NOT BETWEEN 0 AND 1
    OR cosine NOT BETWEEN -1.0001 AND 1.0001
    OR run_id_a >= run_id_b;
