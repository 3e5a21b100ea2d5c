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
    error VARCHAR
);

COMMENT ON TABLE kernel_benchmarks IS 'One row per device, kernel, shape, sparsity, batch and moment of measurement.';
COMMENT ON COLUMN kernel_benchmarks.device IS 'Name of the GPU';
COMMENT ON COLUMN kernel_benchmarks.kernel IS 'Storage format and kernel, such as sell';
COMMENT ON COLUMN kernel_benchmarks.variant IS 'Tuned configuration of the kernel';
COMMENT ON COLUMN kernel_benchmarks.out_features IS 'Rows: output features';
COMMENT ON COLUMN kernel_benchmarks.in_features IS 'Columns: input features';
COMMENT ON COLUMN kernel_benchmarks.batch IS 'Input vectors multiplied at once';
COMMENT ON COLUMN kernel_benchmarks.dtype IS 'Type of the weights, such as bfloat16';
COMMENT ON COLUMN kernel_benchmarks.sparsity IS 'Share of zeros asked for, in [0, 1)';
COMMENT ON COLUMN kernel_benchmarks.pattern IS 'unstructured, or N:M: N kept of every M consecutive inputs of an output row';
COMMENT ON COLUMN kernel_benchmarks.mask_source IS 'random, or the run the mask came from';
COMMENT ON COLUMN kernel_benchmarks.latency_us_p20 IS '20th percentile of the time of one call, in microseconds';
COMMENT ON COLUMN kernel_benchmarks.latency_us_p50 IS 'Median time of one call, in microseconds';
COMMENT ON COLUMN kernel_benchmarks.latency_us_p80 IS '80th percentile of the time of one call, in microseconds';
COMMENT ON COLUMN kernel_benchmarks.dense_latency_us_p50 IS 'Median time of the best dense baseline in the same run, in microseconds';
COMMENT ON COLUMN kernel_benchmarks.speedup IS 'Dense median over kernel median';
COMMENT ON COLUMN kernel_benchmarks.bytes_moved IS 'Bytes one call must move';
COMMENT ON COLUMN kernel_benchmarks.achieved_gbps IS 'Bytes moved over median time, in gigabytes a second';
COMMENT ON COLUMN kernel_benchmarks.limit_fraction IS 'Achieved bandwidth over the measured read bandwidth of the device';
COMMENT ON COLUMN kernel_benchmarks.packed_bytes IS 'Size of the packed matrix in bytes';
COMMENT ON COLUMN kernel_benchmarks.bits_per_weight IS 'Packed bits over all weights, zeros included';
COMMENT ON COLUMN kernel_benchmarks.relative_error IS 'Norm of the difference to the reference over the norm of the reference';
COMMENT ON COLUMN kernel_benchmarks.cache IS 'cold: weights rotated through more than the cache holds; warm: not';
COMMENT ON COLUMN kernel_benchmarks.torch_version IS 'Version of torch';
COMMENT ON COLUMN kernel_benchmarks.triton_version IS 'Version of triton';
COMMENT ON COLUMN kernel_benchmarks.measured_at IS 'UTC';
COMMENT ON COLUMN kernel_benchmarks.error IS 'What went wrong; NULL where nothing did';
