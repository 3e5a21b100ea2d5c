CREATE OR REPLACE MACRO deployment_tier(gain) AS -- noqa: CP05
CASE
    WHEN gain >= high_tier_gain() THEN 'high'
    WHEN gain >= medium_tier_gain() THEN 'medium'
    ELSE 'low'
END;

COMMENT ON MACRO deployment_tier IS -- noqa: PRS
'Priority of deploying a matrix by its speed-up over dense: high, medium or low.';
