"""Views under the table names of the research code: `wanda_0_5_down_proj`, one row per feature."""

import re

import duckdb

from warehouse import ownership, sql_files
from warehouse.comments import comment_columns
from warehouse.quoting import identifier

#: The method, pattern, sparsity and component that a view shows.
Subject = tuple[str, str, float, str]


def build(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Make one view for every method, sparsity and projection loaded, drop those without a run.

    N:M runs are named by their pattern, as in `wanda_2_4_down_proj`. Single experts have none: a mixture may
    have thousands. A table or view of a person's own under
    such a name stays, and that view is not made. Returns the names of the views made, in order.
    """
    wanted = _wanted(connection)
    ours = ownership.recorded(connection, ownership.SEED_VIEW)
    taken = ownership.relations(connection).keys() - ours
    views = {name: subject for name, subject in wanted.items() if name not in taken}
    # One transaction: hundreds of statements, each of which would otherwise wait for the disk.
    connection.execute("BEGIN")
    for stale in ours - views.keys():
        connection.execute(f"DROP VIEW {identifier(stale)}")
    _create(connection, views)
    ownership.record(connection, ownership.SEED_VIEW, views)
    comment_columns(connection, views)
    connection.execute("COMMIT")
    return sorted(views)


def _wanted(connection: duckdb.DuckDBPyConnection) -> dict[str, Subject]:
    rows = connection.execute(
        """
        SELECT DISTINCT method, pattern, sparsity, component
        FROM matrix_prunings
        INNER JOIN pruning_runs USING (run_id)
        INNER JOIN matrices USING (matrix_id)
        WHERE NOT regexp_matches(component, '\\bexperts\\.\\d+\\b')
        ORDER BY ALL
        """
    ).fetchall()
    named: dict[str, list[Subject]] = {}
    for row in rows:
        named.setdefault(_name(*row[:3], row[3].rpartition(".")[2]), []).append(row)
    views = {}
    for name, subjects in named.items():
        # A block may have several modules of one name: the outermost goes by it, the others by their paths.
        outermost = min(_depth(subject) for subject in subjects)
        alone = sum(_depth(subject) == outermost for subject in subjects) == 1
        for subject in subjects:
            views[name if alone and _depth(subject) == outermost else _name(*subject)] = subject
    return views


def _depth(subject: Subject) -> int:
    return subject[3].count(".")


def _create(connection: duckdb.DuckDBPyConnection, views: dict[str, Subject]) -> None:
    text = sql_files.template("seed_view")
    for name, (method, pattern, sparsity, component) in views.items():
        values = {
            "seed_view": name,
            "seed_method": method.replace("'", "''"),
            "seed_pattern": pattern.replace("'", "''"),
            "seed_sparsity": repr(sparsity),
            "seed_component": component.replace("'", "''"),
        }
        connection.execute(_filled(text, values))


def _filled(text: str, values: dict[str, str]) -> str:
    return re.sub("|".join(values), lambda match: values[match.group()], text)


def _name(method: str, pattern: str, sparsity: float, component: str) -> str:
    share = f"{sparsity:g}" if pattern == "unstructured" else pattern
    return re.sub(r"\W+", "_", f"{method}_{share}_{component}").lower()
