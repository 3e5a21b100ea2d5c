CREATE OR REPLACE MACRO uniform_tolerance() AS 0.05; -- noqa: CP05

COMMENT ON MACRO uniform_tolerance IS -- noqa: PRS
'How far a separation ratio may lie from 1 and still count as uniform.';
