CREATE OR REPLACE MACRO not_positive(column_name, figure) AS -- noqa: CP05
CASE WHEN figure = 0 THEN column_name || ' = 0' ELSE out_of_range(column_name, figure, 0, NULL) END;

COMMENT ON MACRO not_positive IS -- noqa: PRS
'Name and value of a figure that is infinite, NaN, zero or negative; NULL where it is positive or NULL.';
