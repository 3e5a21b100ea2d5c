"""Python source text read at run time from the running interpreter's own standard library.

Nothing is downloaded and nothing is copied into this repository: calibration and evaluation text is whatever
standard library the interpreter ships. `HELD_OUT_MODULES` never enter the bundled model's training text, and
neither do test folders or files that repeat held-out code.
"""

import os
import sysconfig
import tokenize
from collections.abc import Iterable
from pathlib import Path

from warehouse.errors import SparsityError

# Present in CPython 3.11 to 3.14 under the same path; varied in subject and style; about 600 KB.
HELD_OUT_MODULES = (
    "argparse.py",
    "asyncio/streams.py",
    "asyncio/taskgroups.py",
    "difflib.py",
    "email/message.py",
    "fractions.py",
    "heapq.py",
    "http/cookiejar.py",
    "json/encoder.py",
    "statistics.py",
    "tarfile.py",
    "textwrap.py",
)

# Present in CPython 3.11 to 3.14 under the same path; part of the training text; about 1.7 MB.
CALIBRATION_MODULES = (
    "ast.py",
    "asyncio/base_events.py",
    "bdb.py",
    "collections/__init__.py",
    "concurrent/futures/_base.py",
    "configparser.py",
    "contextlib.py",
    "csv.py",
    "dataclasses.py",
    "doctest.py",
    "enum.py",
    "functools.py",
    "html/parser.py",
    "http/client.py",
    "inspect.py",
    "ipaddress.py",
    "logging/__init__.py",
    "mailbox.py",
    "multiprocessing/managers.py",
    "optparse.py",
    "pickle.py",
    "random.py",
    "shutil.py",
    "socket.py",
    "subprocess.py",
    "tempfile.py",
    "threading.py",
    "traceback.py",
    "unittest/case.py",
    "urllib/parse.py",
    "xml/etree/ElementTree.py",
)

# cgi.parse_header is the text of email.message's parameter parser (cgi left the library in 3.13).
_NEAR_COPIES = frozenset({"cgi.py"})

# Third-party code, tests, and folders of generated tables rather than written code.
_SKIPPED_FOLDERS = frozenset(
    {
        "__pycache__",
        "dist-packages",
        "encodings",
        "idle_test",
        "lib-dynload",
        "pydoc_data",
        "site-packages",
        "test",
        "tests",
    }
)


class CorpusError(SparsityError):
    """The interpreter's standard library cannot be read as source text."""


def standard_library() -> Path:
    """Return the folder of the running interpreter's standard library."""
    return Path(sysconfig.get_path("stdlib"))


def training_files(root: Path | None = None) -> list[Path]:
    """Return every standard-library source that may be trained on, sorted by path.

    `root` defaults to the running interpreter's library. Held-out modules, near copies of them, tests,
    third-party packages and generated tables are left out. Raises `CorpusError` where there are no sources.
    """
    root = root or standard_library()
    excluded = _NEAR_COPIES.union(HELD_OUT_MODULES)
    files = []
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = [name for name in subfolders if name not in _SKIPPED_FOLDERS]
        # _sysconfigdata_*.py records one machine's build flags and paths.
        sources = (n for n in names if n.endswith(".py") and not n.startswith("_sysconfigdata"))
        files += [
            path for n in sources if (path := Path(folder, n)).relative_to(root).as_posix() not in excluded
        ]
    if not files:
        raise _no_sources(root)
    return sorted(files)


def held_out_files(root: Path | None = None) -> list[Path]:
    """Return the paths of `HELD_OUT_MODULES`, sorted; raises `CorpusError` if one is missing."""
    return _resolve(HELD_OUT_MODULES, root)


def calibration_files(root: Path | None = None) -> list[Path]:
    """Return the paths of `CALIBRATION_MODULES`, sorted; raises `CorpusError` if one is missing."""
    return _resolve(CALIBRATION_MODULES, root)


def calibration_text(characters_per_file: int | None = None) -> str:
    """Return the calibration modules as one text, in sorted order, joined by blank lines.

    `characters_per_file` keeps only the leading whole lines of each module that fit in that many characters.
    """
    return _joined(calibration_files(), characters_per_file)


def held_out_text(characters_per_file: int | None = None) -> str:
    """Return the held-out modules as one text, in sorted order, joined by blank lines.

    `characters_per_file` keeps only the leading whole lines of each module that fit in that many characters,
    so that a short evaluation still covers every module.
    """
    return _joined(held_out_files(), characters_per_file)


def read_source(path: Path) -> str:
    """Return one Python file's text, decoded by its PEP 263 cookie; raises `CorpusError` if unreadable."""
    try:
        with tokenize.open(path) as source:
            return source.read()
    except (OSError, SyntaxError, UnicodeDecodeError) as error:
        raise CorpusError(f"cannot read Python source {path}: {error}") from error


def _joined(files: Iterable[Path], characters_per_file: int | None) -> str:
    return "\n\n".join(_leading_lines(read_source(path), characters_per_file) for path in files)


def _leading_lines(text: str, limit: int | None) -> str:
    if limit is None or len(text) <= limit:
        return text
    return text[: text.rfind("\n", 0, limit) + 1]


def _resolve(modules: Iterable[str], root: Path | None) -> list[Path]:
    root = root or standard_library()
    paths = sorted(root / module for module in modules)
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise _no_sources(root, missing[0])
    return paths


def _no_sources(root: Path, missing: Path | None = None) -> CorpusError:
    what = f"{missing} is missing" if missing else f"no .py files under {root}"
    return CorpusError(
        f"this Python ships no standard-library sources ({what}); "
        "use an interpreter installed with its library sources"
    )
