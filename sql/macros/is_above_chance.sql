CREATE OR REPLACE MACRO is_above_chance(z) AS z > above_chance_z(); -- noqa: CP05

COMMENT ON MACRO is_above_chance IS -- noqa: PRS
'Whether a z-score stands above chance; NULL where there is none.';
