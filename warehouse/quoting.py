"""Writing names and texts into SQL where no parameter can stand."""


def identifier(name: str) -> str:
    """Return a name in double quotes, whatever characters it holds."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: object) -> str:
    """Return the text of something, a path for instance, as an SQL string."""
    return "'" + str(text).replace("'", "''") + "'"
