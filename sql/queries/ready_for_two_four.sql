-- How close is every unstructured mask to 2:4 and 4:8 already?
SELECT
    method,
    sparsity,
    projection,
    candidate_pattern,
    round(avg(compliant_share), 4) AS compliant_share,
    round(avg(chance_share), 4) AS chance_share,
    round(avg(excess_share), 4) AS excess_share
FROM pattern_compliance
WHERE pattern = 'unstructured'
GROUP BY ALL
ORDER BY ALL;
