CREATE TABLE IF NOT EXISTS warehouse_info (
    key VARCHAR NOT NULL,
    value VARCHAR NOT NULL
);

COMMENT ON TABLE warehouse_info IS 'One row per property of this database: which program owns it and which schema it has.';
COMMENT ON COLUMN warehouse_info.key IS 'Name of the property: application, schema_version, sql_fingerprint';
COMMENT ON COLUMN warehouse_info.value IS 'Value of the property';
