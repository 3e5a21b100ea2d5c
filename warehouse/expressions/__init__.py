"""Ibis expressions over the views, each a question a screen asks.

Ibis is imported here, as a whole and with its DuckDB dialect: its modules import each other, so that two
threads importing different ones at the same time would see them half initialised. Here the second waits.
"""

import ibis.backends.sql.datatypes  # noqa: F401
from ibis import duckdb  # noqa: F401  # an attribute that Ibis makes when it is first asked for
