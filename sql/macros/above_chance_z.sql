CREATE OR REPLACE MACRO above_chance_z() AS 3; -- noqa: CP05

COMMENT ON MACRO above_chance_z IS -- noqa: PRS
'Standard deviations of chance beyond which a separation counts as above, or below, chance.';
