CREATE OR REPLACE MACRO medium_tier_gain() AS 1.1; -- noqa: CP05

COMMENT ON MACRO medium_tier_gain IS -- noqa: PRS
'Speed-up over dense from which deploying a matrix has medium priority; what promises less stays dense.';
