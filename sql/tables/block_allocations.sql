CREATE TABLE IF NOT EXISTS block_allocations (
    run_id INTEGER NOT NULL,
    layer INTEGER NOT NULL,
    sparsity DOUBLE NOT NULL,
    outlier_ratio DOUBLE
);

COMMENT ON TABLE block_allocations IS 'One row per run with an allocation other than uniform and block: the sparsity the block is given.';
