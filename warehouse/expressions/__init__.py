"""Ibis expressions over the views, each a question a screen asks.

Ibis is imported here, as a whole and with its DuckDB dialect: its modules import each other, and two threads
that begin at different ones of them meet half-made modules. Importing a package, threads wait for each other.
"""

import ibis.backends.sql.datatypes  # noqa: F401
from ibis import duckdb  # noqa: F401  # an attribute that Ibis makes when it is first asked for
