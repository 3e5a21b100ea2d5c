CREATE OR REPLACE MACRO is_inflated(macro_ratio, ratio, singletons) AS -- noqa: CP05
singletons > 0 AND macro_ratio > inflated_macro_ratio() * ratio;

COMMENT ON MACRO is_inflated IS -- noqa: PRS
'Whether clusters of one, which count as perfectly tight, lift the macro ratio well above the pair ratio.';
