CREATE TABLE IF NOT EXISTS kernel_benchmarks (
    device VARCHAR NOT NULL,
    kernel VARCHAR NOT NULL,
    variant VARCHAR,
    out_features INTEGER NOT NULL,
    in_features INTEGER NOT NULL,
    batch INTEGER NOT NULL,
    dtype VARCHAR NOT NULL,
    sparsity DOUBLE NOT NULL,
    pattern VARCHAR NOT NULL,
    mask_source VARCHAR NOT NULL,
    latency_us_p20 DOUBLE,
    latency_us_p50 DOUBLE,
    latency_us_p80 DOUBLE,
    dense_latency_us_p50 DOUBLE,
    speedup DOUBLE,
    bytes_moved BIGINT,
    achieved_gbps DOUBLE,
    limit_fraction DOUBLE,
    packed_bytes BIGINT,
    bits_per_weight DOUBLE,
    relative_error DOUBLE,
    cache VARCHAR NOT NULL,
    torch_version VARCHAR,
    triton_version VARCHAR,
    measured_at TIMESTAMP NOT NULL,
    error VARCHAR,
    value_format VARCHAR NOT NULL DEFAULT '16'
);

COMMENT ON TABLE kernel_benchmarks IS 'One row per device, kernel, value format and variant, shape, batch, type of the weights, sparsity, pattern, mask, cache state and moment of measurement.';
COMMENT ON COLUMN kernel_benchmarks.latency_us_p20 IS '20th percentile of the time of one call, in microseconds';
COMMENT ON COLUMN kernel_benchmarks.latency_us_p80 IS '80th percentile of the time of one call, in microseconds';
COMMENT ON COLUMN kernel_benchmarks.bytes_moved IS 'Bytes one call must move';
COMMENT ON COLUMN kernel_benchmarks.achieved_gbps IS 'Bytes moved over median time, in gigabytes per second';
COMMENT ON COLUMN kernel_benchmarks.packed_bytes IS 'Size of the packed matrix in bytes';
COMMENT ON COLUMN kernel_benchmarks.relative_error IS 'Norm of the difference between the product and the reference product, over the norm of the latter';
COMMENT ON COLUMN kernel_benchmarks.torch_version IS 'Version of torch';
COMMENT ON COLUMN kernel_benchmarks.triton_version IS 'Version of triton';
COMMENT ON COLUMN kernel_benchmarks.measured_at IS 'Time of the measurement, UTC';
