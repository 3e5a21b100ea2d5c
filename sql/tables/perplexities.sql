CREATE TABLE IF NOT EXISTS perplexities (
    run_id INTEGER NOT NULL,
    dataset VARCHAR NOT NULL,
    "window" INTEGER NOT NULL,
    token_count BIGINT NOT NULL,
    perplexity DOUBLE NOT NULL
);

COMMENT ON TABLE perplexities IS 'One row per run and evaluation text.';
COMMENT ON COLUMN perplexities.run_id IS 'Pruning run';
COMMENT ON COLUMN perplexities.dataset IS 'Evaluation text: stdlib-held-out, or a file or folder';
COMMENT ON COLUMN perplexities."window" IS 'Tokens in each of the non-overlapping windows';
COMMENT ON COLUMN perplexities.token_count IS 'Tokens evaluated';
COMMENT ON COLUMN perplexities.perplexity IS 'exp of the mean of the window losses';
