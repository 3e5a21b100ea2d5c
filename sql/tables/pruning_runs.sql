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
    finished_at TIMESTAMP
);

COMMENT ON TABLE pruning_runs IS 'One row per model, method, sparsity, pattern and settings; the dense model is the run with method dense.';
COMMENT ON COLUMN pruning_runs.run_id IS 'Pruning run';
COMMENT ON COLUMN pruning_runs.model_id IS 'Model: the checkpoint folder name, with a piece of its fingerprint where two folders share one';
COMMENT ON COLUMN pruning_runs.method IS 'dense, magnitude, wanda or sparsegpt; loaded masks may name others';
COMMENT ON COLUMN pruning_runs.sparsity IS 'Share of zeros asked for, in [0, 1)';
COMMENT ON COLUMN pruning_runs.pattern IS 'unstructured, or N:M: N kept of every M consecutive inputs of an output row';
COMMENT ON COLUMN pruning_runs.scope IS 'Set of weights compared with each other: row, matrix, model or block; NULL for the dense model';
COMMENT ON COLUMN pruning_runs.calibration_id IS 'Calibration set; NULL where none was used';
COMMENT ON COLUMN pruning_runs.settings IS 'Every other setting of the method';
COMMENT ON COLUMN pruning_runs.seed IS 'Seed of the random draws';
COMMENT ON COLUMN pruning_runs.code_version IS 'Version of the pruning code that made the rows';
COMMENT ON COLUMN pruning_runs.fingerprint IS 'Hash of the model, the calibration and the settings: two runs with equal hashes are the same run';
COMMENT ON COLUMN pruning_runs.started_at IS 'UTC';
COMMENT ON COLUMN pruning_runs.finished_at IS 'UTC';
