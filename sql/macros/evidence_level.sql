CREATE OR REPLACE MACRO evidence_level() AS 0.05; -- noqa: CP05

COMMENT ON MACRO evidence_level IS -- noqa: PRS
'False discovery rate below which a mask counts as structured.';
