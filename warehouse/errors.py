"""The errors a person sees as one line; each says what to do."""


class SparsityError(Exception):
    """The work cannot go on; the message says why and what to do. Commands exit with 1."""

    exit_code = 1


class UsageError(SparsityError):
    """The request itself is wrong: an option, a setting, a query. Commands exit with 2."""

    exit_code = 2
