CREATE TABLE IF NOT EXISTS slices (
    run_id INTEGER NOT NULL,
    layer INTEGER NOT NULL,
    kept_dimensions INTEGER NOT NULL,
    hidden_size INTEGER NOT NULL,
    explained_variance DOUBLE NOT NULL
);

COMMENT ON TABLE slices IS 'One row per SliceGPT run and block: how many dimensions of the residual stream are left, and what they hold.';
COMMENT ON COLUMN slices.kept_dimensions IS 'Dimensions of the residual stream that go into the attention and into the MLP of the block';
COMMENT ON COLUMN slices.hidden_size IS 'Dimensions of the residual stream of the dense model';
COMMENT ON COLUMN slices.explained_variance IS 'Share of the second moment of the hidden states that the kept dimensions hold on the calibration text; the smaller of the shares before attention and before the MLP';
