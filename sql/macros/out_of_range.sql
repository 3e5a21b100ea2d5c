CREATE OR REPLACE MACRO out_of_range(column_name, figure, low, high) AS -- noqa: CP05
CASE
    WHEN NOT isfinite(figure::DOUBLE) OR figure < low OR figure > high
        THEN printf('%s = %s', column_name, figure::VARCHAR)
END;

COMMENT ON MACRO out_of_range IS -- noqa: PRS
'Name and value of a figure that is infinite, NaN, or outside a range, either end of which may be NULL; NULL where it is in range or NULL.';
