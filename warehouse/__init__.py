"""Opening, building, publishing and querying the DuckDB warehouse."""
