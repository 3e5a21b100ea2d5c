CREATE OR REPLACE MACRO high_ratio() AS 5; -- noqa: CP05

COMMENT ON MACRO high_ratio IS -- noqa: PRS
'Separation ratio above which the research code counts a clustering as high; the columns above_5_count are named after it.';
