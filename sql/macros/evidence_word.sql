CREATE OR REPLACE MACRO evidence_word(smallest_q) AS -- noqa: CP05
CASE
    WHEN is_structured(smallest_q) THEN 'structured'
    WHEN smallest_q IS NOT NULL THEN 'at chance'
    ELSE 'not tested'
END;

COMMENT ON MACRO evidence_word IS -- noqa: PRS
'The evidence for structure in words: structured, at chance or not tested; how much it matters is the effect.';
