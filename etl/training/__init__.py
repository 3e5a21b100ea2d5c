"""Training of the bundled language model: corpus, tokenizer, optimisation, export."""
