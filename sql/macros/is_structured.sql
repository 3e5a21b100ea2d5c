CREATE OR REPLACE MACRO is_structured(smallest_q) AS smallest_q < evidence_level(); -- noqa: CP05

COMMENT ON MACRO is_structured IS -- noqa: PRS
'Whether a mask counts as structured, by the smallest q-value of its tests; NULL where it was not tested. The one rule of all views and of the app.';
