CREATE TABLE IF NOT EXISTS etl_steps (
    etl_run_id INTEGER NOT NULL,
    step VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    fingerprint VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP,
    rows_written BIGINT NOT NULL,
    error VARCHAR
);

COMMENT ON TABLE etl_steps IS 'One row per step of an ETL invocation.';
COMMENT ON COLUMN etl_steps.step IS 'Kind of work: model, prune, evaluate, activations, test, compare, cluster, load';
COMMENT ON COLUMN etl_steps.subject IS 'What was worked on, in words';
COMMENT ON COLUMN etl_steps.fingerprint IS 'Hash of everything the result depends on; a finished step with this hash is not done again';
