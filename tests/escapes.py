"""Ways out of the read-only database that the SQL shell and the app must both refuse."""

from pathlib import Path

UNREAD = "a file that no query may read\n"

# `{target}` is where an attack would write, `{secret}` a file that it would read: see `aimed`.
ESCAPES = [
    "INSERT INTO mine VALUES (1)",
    "WITH x AS (SELECT 1) INSERT INTO mine SELECT * FROM x",
    "UPDATE mine SET answer = 1",
    "DELETE FROM mine",
    "ALTER TABLE mine ADD COLUMN b INTEGER",
    "CREATE TABLE sparsity.main.other (a INTEGER)",
    "CREATE VIEW sparsity.main.other AS SELECT 1",
    "CREATE MACRO sparsity.main.other() AS 1",
    "DROP TABLE mine",
    "COMMENT ON TABLE mine IS 'theirs'",
    "COPY mine TO '{target}.csv'",
    "EXPLAIN ANALYZE COPY mine TO '{target}.csv'",
    "PREPARE p AS COPY mine TO '{target}.csv'; EXECUTE p",
    "COPY mine FROM '{secret}'",
    "EXPORT DATABASE '{target}'",
    "IMPORT DATABASE '{target}'",
    "SELECT * FROM read_csv('{secret}')",
    "SELECT * FROM '{secret}'",
    "SELECT * FROM read_text('{secret}')",
    "SELECT * FROM read_blob('{secret}')",
    "SELECT * FROM sniff_csv('{secret}')",
    "SELECT * FROM glob('{secret}*')",
    "SELECT * FROM query('SELECT * FROM read_text(''{secret}'')')",
    "SELECT * FROM read_json('http://127.0.0.1:1/x.json')",
    "ATTACH '{target}.db' AS other",
    "ATTACH 'http://127.0.0.1:1/x.db' AS other",
    "INSTALL httpfs",
    "LOAD '{target}.duckdb_extension'",
    "CREATE PERSISTENT SECRET s (TYPE http, BEARER_TOKEN 'x')",
    "SET enable_external_access = true",
    "RESET enable_external_access",
    "SET lock_configuration = false",
    "SET autoinstall_known_extensions = true",
    "PRAGMA enable_profiling='json'; PRAGMA profiling_output='{target}.json'; SELECT 1",
    "SET temp_directory = '{target}'",
    "CALL enable_logging('QueryLog', storage = 'file', storage_path = '{target}')",
    "SELECT 1; SELECT * FROM relation",
]


def aimed(attack: str, folder: Path) -> str:
    """Return an attack of the list on an empty folder, in which it finds one file to read."""
    secret = folder / "secret.csv"
    secret.write_text(UNREAD)
    return attack.format(target=folder / "escape", secret=secret)


def is_untouched(folder: Path) -> bool:
    """Whether an attack has left nothing in its folder but the file that was there to read."""
    return [path.name for path in folder.iterdir()] == ["secret.csv"]
