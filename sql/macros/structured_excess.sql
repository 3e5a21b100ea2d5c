CREATE OR REPLACE MACRO structured_excess() AS 1.1; -- noqa: CP05

COMMENT ON MACRO structured_excess IS -- noqa: PRS
'Multiple of its chance level from which a figure counts as structure.';
