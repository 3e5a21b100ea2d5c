-- Runs say how the kept values are stored, how sparsity is spread over the blocks and what repaired
-- them. What was pruned before kept the values of its model, spread sparsity evenly and repaired nothing.
-- DuckDB commits no transaction that both changes a table's columns and updates its rows, so the table is
-- made anew.
CREATE TEMPORARY TABLE earlier_runs AS FROM pruning_runs;
DROP TABLE pruning_runs;

CREATE TABLE pruning_runs (
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

INSERT INTO pruning_runs BY NAME
SELECT
    earlier_runs.*,
    CASE models.dtype
        WHEN 'bfloat16' THEN 'bf16'
        WHEN 'float16' THEN 'fp16'
        WHEN 'float32' THEN 'fp32'
    END AS value_format
FROM earlier_runs
LEFT JOIN models ON earlier_runs.model_id = models.model_id;

DROP TABLE earlier_runs;
