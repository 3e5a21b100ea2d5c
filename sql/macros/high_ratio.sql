CREATE OR REPLACE MACRO high_ratio() AS 5; -- noqa: CP05

COMMENT ON MACRO high_ratio IS -- noqa: PRS
'Separation ratio above which the seeds'' summary counts a matrix; the columns above_5_count carry it in their name.';
