CREATE OR REPLACE MACRO report_speedup(ratio_macro) AS -- noqa: CP05
CASE
    WHEN ratio_macro > 8 THEN { 'low': 2.0, 'high': 3.0 }
    WHEN ratio_macro >= 2 THEN { 'low': 1.5, 'high': 2.0 }
    WHEN ratio_macro IS NOT NULL THEN { 'low': 1.0, 'high': 1.2 }
END;

COMMENT ON MACRO report_speedup IS -- noqa: PRS
'Range of the speed-up of block kernels over csr that the report expects of a macro ratio; NULL where there is none.';
