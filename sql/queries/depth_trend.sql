-- How do errors change with depth?
SELECT
    method,
    pattern,
    projection,
    layer,
    round(reconstruction_error, 4) AS reconstruction_error,
    round(error_change, 4) AS error_change,
    round(error_slope, 5) AS error_slope
FROM layer_trends
ORDER BY run_id, projection, layer;
