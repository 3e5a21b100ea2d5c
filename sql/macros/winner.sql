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
'The run with the highest figure of a list of {figure, run_id, …}: of equal figures the lower key, one without a figure last.';
