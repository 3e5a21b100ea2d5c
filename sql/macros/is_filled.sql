CREATE OR REPLACE MACRO is_filled( -- noqa: CP05
    neighbourhood_mean, null_neighbourhood_mean, ratio, null_ratio -- noqa: CP05
) AS
structured_excess() * neighbourhood_mean <= null_neighbourhood_mean
AND ratio < structured_excess() * null_ratio;

COMMENT ON MACRO is_filled IS -- noqa: PRS
'Whether one cluster fills the neighbourhood: its features are alike beyond chance, and no two parts of it stand apart. More neighbours show where the cluster ends.';
