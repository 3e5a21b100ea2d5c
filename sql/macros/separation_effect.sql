CREATE OR REPLACE MACRO separation_effect(within_mean, between_mean, null_ratio) AS -- noqa: CP05
CASE
    WHEN within_mean = 0 AND between_mean > 0 THEN 'identical'
    WHEN safe_ratio(between_mean, within_mean) >= structured_excess() * null_ratio THEN 'large'
    WHEN safe_ratio(between_mean, within_mean) > null_ratio THEN 'small'
    WHEN safe_ratio(between_mean, within_mean) IS NOT NULL AND null_ratio IS NOT NULL THEN 'none'
END;

COMMENT ON MACRO separation_effect IS -- noqa: PRS
'How far clusters stand apart, in words: identical features in each, a large or small excess of the ratio over chance, or none; NULL where nothing can be compared.';
