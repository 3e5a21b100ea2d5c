CREATE OR REPLACE MACRO is_group_pattern(pattern_text) AS -- noqa: CP05
regexp_full_match(pattern_text, '[1-9]\d*:[1-9]\d*');

COMMENT ON MACRO is_group_pattern IS -- noqa: PRS
'Whether a pattern is N:M.';
