CREATE OR REPLACE MACRO is_structured(z, ratio, null_mean) AS -- noqa: CP05
is_above_chance(z) AND ratio >= structured_excess() * null_mean;

COMMENT ON MACRO is_structured IS -- noqa: PRS
'Whether a ratio counts as structure: its z-score stands above chance, and the ratio itself well above its chance mean.';
