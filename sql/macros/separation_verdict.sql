CREATE OR REPLACE MACRO separation_verdict( -- noqa: CP05
    ratio, macro_ratio, singletons, null_mean, null_sd, null_macro -- noqa: CP05
) AS
CASE
    WHEN ratio IS NULL THEN 'no pairs on both sides to compare'
    WHEN null_mean IS NULL THEN 'no chance masks to compare with'
    WHEN is_structured(z_score(ratio, null_mean, null_sd), ratio, null_mean)
        THEN printf('structured: %.2f× against %.2f at chance', ratio, null_mean)
    WHEN is_above_chance(z_score(ratio, null_mean, null_sd))
        THEN printf('barely above chance: %.3f× against %.3f', ratio, null_mean)
    WHEN is_above_chance(-z_score(ratio, null_mean, null_sd))
        THEN printf('ratio is below chance: %.3f× against %.3f', ratio, null_mean)
    ELSE printf('ratio is at chance: %.2f× against %.2f', ratio, null_mean)
END
|| CASE
    WHEN is_inflated(macro_ratio, ratio, singletons)
        THEN printf(
            '; macro ratio %.2f is inflated by %d %s%s',
            macro_ratio,
            singletons::INTEGER,
            CASE WHEN singletons = 1 THEN 'singleton' ELSE 'singletons' END,
            coalesce(printf(' (%.2f at chance)', null_macro), '')
        )
    ELSE ''
END;

COMMENT ON MACRO separation_verdict IS -- noqa: PRS
'What a separation ratio says, in a sentence; structured means what is_structured decides.';
