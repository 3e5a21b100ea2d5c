CREATE OR REPLACE MACRO worthwhile_speedup() AS 1.05; -- noqa: CP05

COMMENT ON MACRO worthwhile_speedup IS -- noqa: PRS
'Measured speed-up over dense from which a kernel is worth deploying; below it lies the noise between measurements.';
