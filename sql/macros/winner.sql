CREATE OR REPLACE MACRO winner(contestants) AS -- noqa: CP05
list_reduce( -- noqa: PRS
    contestants,
    LAMBDA best, other:
    CASE
        WHEN best.figure IS NULL OR other.figure > best.figure THEN other
        WHEN other.figure = best.figure AND other.run_id < best.run_id THEN other
        ELSE best
    END
);

COMMENT ON MACRO winner IS -- noqa: PRS
'The element with the highest figure in a list of {figure, run_id, …}; of equal figures that with the lower run_id, and one without a figure last.';
