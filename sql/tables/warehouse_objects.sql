CREATE TABLE IF NOT EXISTS warehouse_objects (
    schema_name VARCHAR NOT NULL,
    object_name VARCHAR NOT NULL,
    kind VARCHAR NOT NULL
);

COMMENT ON TABLE warehouse_objects IS 'One row per table, view and macro that this program made here; everything else is yours and passes from version to version untouched.';
COMMENT ON COLUMN warehouse_objects.schema_name IS 'Schema the object is in';
COMMENT ON COLUMN warehouse_objects.object_name IS 'Name of the object';
COMMENT ON COLUMN warehouse_objects.kind IS 'table, view, macro, or seed view: a view of one method, sparsity and projection';
