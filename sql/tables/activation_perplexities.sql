CREATE TABLE IF NOT EXISTS activation_perplexities (
    model_id VARCHAR NOT NULL,
    activation_sparsity DOUBLE NOT NULL,
    dataset VARCHAR NOT NULL,
    "window" INTEGER NOT NULL,
    token_count BIGINT NOT NULL,
    perplexity DOUBLE NOT NULL
);

COMMENT ON TABLE activation_perplexities IS
'One row per model, activation sparsity, evaluation text and window length: the dense model with small inputs of every matrix taken for 0; as it is at sparsity 0.';
