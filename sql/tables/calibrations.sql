CREATE TABLE IF NOT EXISTS calibrations (
    calibration_id INTEGER NOT NULL,
    source VARCHAR NOT NULL,
    sample_count INTEGER NOT NULL,
    sequence_length INTEGER NOT NULL,
    seed INTEGER NOT NULL,
    fingerprint VARCHAR NOT NULL
);

COMMENT ON TABLE calibrations IS 'One row per set of calibration sequences.';
COMMENT ON COLUMN calibrations.source IS 'Where the text or the token ids come from: stdlib, or a file or folder';
COMMENT ON COLUMN calibrations.sample_count IS 'Number of sequences';
COMMENT ON COLUMN calibrations.sequence_length IS 'Tokens in each sequence';
COMMENT ON COLUMN calibrations.fingerprint IS 'Hash of the text, the tokenizer and the settings of the draw';
