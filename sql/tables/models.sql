CREATE TABLE IF NOT EXISTS models (
    model_id VARCHAR NOT NULL,
    architecture VARCHAR NOT NULL,
    layer_count INTEGER NOT NULL,
    parameter_count BIGINT NOT NULL,
    dtype VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    fingerprint VARCHAR NOT NULL
);

COMMENT ON TABLE models IS 'One row per model checkpoint.';
COMMENT ON COLUMN models.architecture IS 'Model class named by the checkpoint, such as LlamaForCausalLM';
COMMENT ON COLUMN models.layer_count IS 'Number of transformer blocks';
COMMENT ON COLUMN models.parameter_count IS 'Number of stored weights in the whole checkpoint';
COMMENT ON COLUMN models.source IS 'Folder the checkpoint was read from';
COMMENT ON COLUMN models.fingerprint IS 'Hash of the configuration and of every weight file';
