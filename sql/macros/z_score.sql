CREATE OR REPLACE MACRO z_score(observed, null_mean, null_sd) AS -- noqa: CP05
safe_ratio(observed - null_mean, null_sd);

COMMENT ON MACRO z_score IS -- noqa: PRS
'Standard deviations between an observed figure and its mean under chance; NULL where chance does not vary.';
