"""Every key of a pipeline file as a flag of a command, and back: settings out of a command that was given."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from etl.settings.keys import TABLE_OF, TABLES, flag, item_type
from etl.settings.read import SettingsError, read_settings
from warehouse.commands import add_common_options

if TYPE_CHECKING:
    from etl.settings.read import Settings

PIPELINE_SUFFIX = ".toml"


def add_run_command(commands: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Add `run` to the commands of a parser."""
    run = commands.add_parser("run", help="compute what is new and publish it")
    add_device(run)
    add_settings(run)
    return run


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add the pipeline file and a flag for every key of it; without it the file or the default decides."""
    parser.add_argument("pipeline", nargs="?", type=Path, help="pipeline file (TOML); flags win over it")
    add_json(parser)
    add_common_options(parser)
    for table, keys in TABLES.items():
        for key, field in keys.model_fields.items():
            if key == "db":
                continue
            text = f"[{table}] {field.description}".replace("%", "%%")
            kind, several = item_type(field)
            if kind is bool:
                parser.add_argument(flag(key), action=argparse.BooleanOptionalAction, default=None, help=text)
            else:
                parser.add_argument(flag(key), type=_parse(kind), nargs="+" if several else None, help=text)


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add --device to a command that computes."""
    parser.add_argument(
        "--device", default="auto", help="auto, cpu, cuda or cuda:N (default: auto, a GPU when there is one)"
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add --json to a command that reports what it does."""
    parser.add_argument("--json", action="store_true", help="one JSON object per line on stdout")


def settings_of(arguments: argparse.Namespace) -> Settings:
    """Return the settings that parsed arguments ask for."""
    flags = {key: getattr(arguments, key) for key in TABLE_OF}
    for values in flags.values():
        # In `--method wanda p.toml` argparse counts the file among the methods.
        if arguments.pipeline is None and isinstance(values, list) and len(values) > 1:
            last = values[-1]
            if isinstance(last, str) and last.endswith(PIPELINE_SUFFIX):
                arguments.pipeline = Path(values.pop())
    return read_settings(arguments.pipeline, flags)


def recorded_settings(command: str) -> Settings:
    """Return the settings of a `sparsity-etl run …` as the ledger has it.

    Paths are taken from the current folder, and a pipeline file is read as it is now.

    Raises:
        SettingsError: it is no such command, or its pipeline file or a value in it makes no sense.
    """
    parser = _RecordedParser()
    add_common_options(parser)
    add_run_command(parser.add_subparsers(required=True))
    return settings_of(parser.parse_args(shlex.split(command)[1:]))


class _RecordedParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        msg = f"its command cannot be read: {message}"
        raise SettingsError(msg)


def _parse(kind: type) -> Callable[[str], Any]:
    """Return a converter that argparse calls on the text of a flag and names in its error message."""

    def convert(text: str) -> Any:
        # A flag that takes several values takes a pipeline file after it, too; see settings_of.
        if text.endswith(PIPELINE_SUFFIX):
            return text
        if kind is not str and not text.isascii():
            msg = "Python would read the digits of every script"
            raise ValueError(msg)
        return kind(text)

    convert.__name__ = {int: "whole number", float: "number"}.get(kind, "value")
    return convert
