CREATE TABLE IF NOT EXISTS pruning_runs (
    run_id INTEGER NOT NULL,
    model_id VARCHAR NOT NULL,
    method VARCHAR NOT NULL,
    sparsity DOUBLE NOT NULL,
    pattern VARCHAR NOT NULL,
    scope VARCHAR,
    calibration_id INTEGER,
    settings JSON NOT NULL,
    seed INTEGER NOT NULL,
    code_version VARCHAR NOT NULL,
    fingerprint VARCHAR NOT NULL,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP,
    value_format VARCHAR,
    group_size INTEGER,
    allocation VARCHAR NOT NULL DEFAULT 'uniform',
    refinement VARCHAR,
    thread_count INTEGER
);

COMMENT ON TABLE pruning_runs IS 'One row per model, method, sparsity, pattern, value format and settings; the dense model is the run with method dense.';
COMMENT ON COLUMN pruning_runs.thread_count IS 'CPU threads of the numeric library, on which the last digits of sums depend; NULL where not recorded';
COMMENT ON COLUMN pruning_runs.calibration_id IS 'Calibration set; NULL where none was used';
COMMENT ON COLUMN pruning_runs.code_version IS 'Version of the pruning code that made the rows';
COMMENT ON COLUMN pruning_runs.fingerprint IS 'Hash of the model, the calibration and the settings: two runs with equal hashes are the same run';
COMMENT ON COLUMN pruning_runs.value_format IS 'How kept values are stored: bf16, fp16 or fp32 as in the checkpoint, fp8, int8, int4, or mixed; NULL where not known';
