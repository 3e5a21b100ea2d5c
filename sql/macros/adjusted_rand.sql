CREATE OR REPLACE MACRO adjusted_rand(pairs_both, pairs_a, pairs_b, pairs_all) AS -- noqa: CP05
CASE
    -- Both put everything together, or both keep everything apart: they agree.
    WHEN pairs_a = pairs_b AND (pairs_a = 0 OR pairs_a = pairs_all) THEN 1
    ELSE
        safe_ratio(
            pairs_both - safe_ratio(pairs_a * pairs_b, pairs_all),
            (pairs_a + pairs_b) / 2 - safe_ratio(pairs_a * pairs_b, pairs_all)
        )
END;

COMMENT ON MACRO adjusted_rand IS -- noqa: PRS
'Adjusted Rand index of two partitions: 1 when equal, 0 expected by chance; from the numbers of pairs put together by both, by each, and of all pairs.';
