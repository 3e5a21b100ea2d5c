CREATE OR REPLACE MACRO high_tier_gain() AS 1.5; -- noqa: CP05

COMMENT ON MACRO high_tier_gain IS -- noqa: PRS
'Speed-up over dense from which deploying a matrix has high priority.';
