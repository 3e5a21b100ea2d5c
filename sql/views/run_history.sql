CREATE OR REPLACE VIEW run_history AS
-- One row per invocation of the ETL.
WITH steps AS (
    SELECT
        etl_run_id,
        count(*) AS step_count,
        count(*) FILTER (WHERE state = 'finished') AS finished_step_count,
        max(finished_at) AS last_step_at
    FROM etl_steps
    GROUP BY etl_run_id
)

SELECT
    etl_runs.etl_run_id,
    etl_runs.command,
    etl_runs.state,
    etl_runs.error,
    coalesce(steps.step_count, 0) AS step_count,
    coalesce(steps.finished_step_count, 0) AS finished_step_count,
    etl_runs.rows_written,
    epoch(coalesce(etl_runs.finished_at, steps.last_step_at) - etl_runs.started_at) AS elapsed_seconds,
    etl_runs.started_at,
    etl_runs.finished_at
FROM etl_runs
LEFT JOIN steps ON etl_runs.etl_run_id = steps.etl_run_id;

COMMENT ON VIEW run_history IS
'One row per invocation of the ETL: when it ran, how it ended and what it wrote.';
COMMENT ON COLUMN run_history.step_count IS 'Steps begun';
COMMENT ON COLUMN run_history.finished_step_count IS 'Steps finished';
COMMENT ON COLUMN run_history.elapsed_seconds IS 'Time from its start to its end or last step, in seconds';
