CREATE OR REPLACE MACRO safe_ratio(numerator, denominator) AS -- noqa: CP05
numerator / nullif(denominator, 0);

COMMENT ON MACRO safe_ratio IS -- noqa: PRS
'A quotient; NULL where the denominator is 0, for which DuckDB would give infinity or NaN.';
