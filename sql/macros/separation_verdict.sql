CREATE OR REPLACE MACRO separation_verdict( -- noqa: CP05
    smallest_q, effect_text, ratio, macro_ratio, singletons, null_mean, null_macro -- noqa: CP05
) AS
CASE
    WHEN effect_text = 'identical' THEN 'identical: the features of each cluster keep the same positions'
    WHEN ratio IS NULL THEN 'no pairs on both sides to compare'
    WHEN null_mean IS NULL THEN 'no chance masks to compare with'
    ELSE
        printf('%s; effect %s', evidence_word(smallest_q), effect_text)
        || printf(': %.3f× against %.3f at chance', ratio, null_mean)
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
'What the tests of a mask and a separation ratio say, in a sentence: evidence first, then effect.';
