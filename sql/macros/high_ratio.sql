CREATE OR REPLACE MACRO high_ratio() AS 5; -- noqa: CP05

COMMENT ON MACRO high_ratio IS -- noqa: PRS
'Separation ratio above which the research code counts a clustering as high; above_5_count carries it in its name.';
