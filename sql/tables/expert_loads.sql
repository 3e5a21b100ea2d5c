CREATE TABLE IF NOT EXISTS expert_loads (
    run_id INTEGER NOT NULL,
    layer INTEGER NOT NULL,
    component VARCHAR NOT NULL,
    expert INTEGER NOT NULL,
    token_count BIGINT NOT NULL
);

COMMENT ON TABLE expert_loads IS 'One row per run, block and expert of a mixture that the run pruned: the calibration tokens routed to it.';
COMMENT ON COLUMN expert_loads.component IS 'Path of the mixture in the block, such as mlp.experts';
COMMENT ON COLUMN expert_loads.expert IS 'Number of the expert in its mixture, from 0';
COMMENT ON COLUMN expert_loads.token_count IS 'Calibration tokens that the expert saw; its statistics rest on them';
