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
