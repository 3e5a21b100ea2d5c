-- Which experts saw least of the calibration text, and did they lose more?
SELECT
    matrices.model_id,
    matrices.run_id,
    matrices.method,
    loads.layer,
    loads.component,
    loads.expert,
    loads.token_count,
    round(avg(matrices.reconstruction_error), 4) AS mean_reconstruction_error
FROM expert_loads AS loads
INNER JOIN pruned_matrices AS matrices
    ON
        loads.run_id = matrices.run_id
        AND loads.layer = matrices.layer
        AND starts_with(matrices.component, concat(loads.component, '.', loads.expert, '.'))
GROUP BY ALL
ORDER BY loads.token_count, matrices.run_id, loads.layer, loads.component, loads.expert;
