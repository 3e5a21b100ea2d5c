CREATE OR REPLACE MACRO out_of_range(column_name, figure, low, high) AS -- noqa: CP05
CASE
    WHEN NOT isfinite(figure::DOUBLE) OR figure < low OR figure > high
        THEN printf('%s = %s', column_name, figure::VARCHAR)
END;

COMMENT ON MACRO out_of_range IS -- noqa: PRS
'Names a figure that is infinite, NaN, or outside two ends, either of which may be NULL; NULL where it is in range or NULL.';
