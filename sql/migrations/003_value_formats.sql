-- Formats may store values in fewer bits than 16; what was measured before stores 16.
ALTER TABLE kernel_benchmarks ADD COLUMN value_format VARCHAR DEFAULT '16';
ALTER TABLE kernel_benchmarks ALTER COLUMN value_format SET NOT NULL;
