-- Which features matter most, and how much of them is kept?
SELECT
    method,
    pattern,
    layer,
    projection,
    feature_index,
    round(relevance, 2) AS relevance,
    round(density, 3) AS density
FROM feature_extremes
WHERE axis = 'input' AND relevance_rank <= 3
ORDER BY run_id, layer, projection, relevance_rank;
