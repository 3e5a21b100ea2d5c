CREATE TABLE IF NOT EXISTS perplexities (
    run_id INTEGER NOT NULL,
    dataset VARCHAR NOT NULL,
    "window" INTEGER NOT NULL,
    token_count BIGINT NOT NULL,
    perplexity DOUBLE NOT NULL
);

COMMENT ON TABLE perplexities IS 'One row per run, evaluation text and window length.';
