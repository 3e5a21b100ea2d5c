CREATE TABLE IF NOT EXISTS reference_results (
    source VARCHAR NOT NULL,
    metric VARCHAR NOT NULL,
    model VARCHAR,
    layer INTEGER,
    method VARCHAR,
    sparsity DOUBLE,
    pattern VARCHAR,
    projection VARCHAR,
    k INTEGER,
    "window" INTEGER,
    value DOUBLE NOT NULL,
    remark VARCHAR
);

COMMENT ON TABLE reference_results IS 'One row per published figure, filled from sql/data/reference_results.csv; what the publication does not state is NULL.';
COMMENT ON COLUMN reference_results.source IS 'Where the figure was published';
COMMENT ON COLUMN reference_results.metric IS 'What the figure is: a column of the views where there is one, such as separation_ratio_macro or perplexity';
COMMENT ON COLUMN reference_results.model IS 'Model the figure is of, as published';
COMMENT ON COLUMN reference_results.value IS 'The figure';
COMMENT ON COLUMN reference_results.remark IS 'What else must be known to read it';
