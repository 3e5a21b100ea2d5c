CREATE OR REPLACE MACRO chance_standing(z) AS -- noqa: CP05
CASE
    WHEN is_above_chance(z) THEN 'above chance'
    WHEN is_above_chance(-z) THEN 'below chance'
    WHEN z IS NOT NULL THEN 'within chance'
END;

COMMENT ON MACRO chance_standing IS -- noqa: PRS
'A z-score in words: above, within or below chance; NULL where there is none.';
