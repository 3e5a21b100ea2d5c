CREATE OR REPLACE MACRO is_uniform(ratio) AS -- noqa: CP05
ratio BETWEEN 1 - uniform_tolerance() AND 1 + uniform_tolerance();

COMMENT ON MACRO is_uniform IS -- noqa: PRS
'Whether distances between and within clusters are nearly equal; NULL where there is no ratio.';
