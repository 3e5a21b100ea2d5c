"""How long a test waits for what must come."""

#: Enough for a machine that does much else at the same time; only a failure ever waits so long.
PATIENCE_SECONDS = 120.0
