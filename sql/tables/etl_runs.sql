CREATE TABLE IF NOT EXISTS etl_runs (
    etl_run_id INTEGER NOT NULL,
    command VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP,
    rows_written BIGINT NOT NULL,
    error VARCHAR
);

COMMENT ON TABLE etl_runs IS 'One row per invocation of the ETL that changed the warehouse, or tried to.';
COMMENT ON COLUMN etl_runs.etl_run_id IS 'Invocation of the ETL';
COMMENT ON COLUMN etl_runs.command IS 'Command line';
COMMENT ON COLUMN etl_runs.state IS 'running, finished, failed or interrupted';
COMMENT ON COLUMN etl_runs.started_at IS 'UTC';
COMMENT ON COLUMN etl_runs.finished_at IS 'UTC';
COMMENT ON COLUMN etl_runs.rows_written IS 'Rows written';
COMMENT ON COLUMN etl_runs.error IS 'What went wrong; NULL where nothing did';
