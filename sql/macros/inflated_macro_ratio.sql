CREATE OR REPLACE MACRO inflated_macro_ratio() AS 1.25; -- noqa: CP05

COMMENT ON MACRO inflated_macro_ratio IS -- noqa: PRS
'Multiple of the pair ratio above which clusters of one are said to inflate the macro ratio.';
