"""The errors a person sees as one line; each says what to do."""

import errno

#: A disk is full, or the person's share of it.
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


class SparsityError(Exception):
    """The work cannot go on; the message says why and what to do. Commands exit with 1."""

    exit_code = 1


class UsageError(SparsityError):
    """The request itself is wrong: an option, a setting, a query. Commands exit with 2."""

    exit_code = 2


def is_interruption(error: BaseException) -> bool:
    """Tell whether somebody ended the work (Ctrl+C, SIGTERM).

    Inside a query DuckDB raises a RuntimeError of its own, with the KeyboardInterrupt as its cause.
    """
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, KeyboardInterrupt):
        cause = cause.__cause__
    return cause is not None


def lacks_room(error: OSError) -> bool:
    """Tell whether there was no room to write, which needs no traceback to be understood."""
    return error.errno in _NO_ROOM
