CREATE OR REPLACE MACRO finite_or_null(figure) AS -- noqa: CP05
CASE WHEN isfinite(figure) THEN figure END;

COMMENT ON MACRO finite_or_null IS -- noqa: PRS
'A figure; NULL where it is infinite or NaN, as DuckDB''s slope of a single point is.';
