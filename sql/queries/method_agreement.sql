-- How far do the masks of two methods agree, and how far by chance?
SELECT
    method_a,
    method_b,
    pattern_a,
    pattern_b,
    sparsity_a,
    sparsity_b,
    round(avg(jaccard), 4) AS jaccard,
    round(avg(chance_jaccard), 4) AS chance_jaccard
FROM mask_overlap
GROUP BY ALL
ORDER BY jaccard DESC, method_a, method_b, pattern_a, pattern_b, sparsity_a, sparsity_b;
