CREATE OR REPLACE MACRO z_score(observed, null_mean, null_sd) AS -- noqa: CP05
(observed - null_mean) / nullif(null_sd, 0);

COMMENT ON MACRO z_score IS -- noqa: PRS
'Standard deviations between an observed figure and its mean under chance; NULL where chance does not vary.';
