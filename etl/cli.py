"""`sparsity-etl`: prune, measure and cluster into the warehouse."""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from etl.device import check_device_name
from etl.progress import choose_progress
from etl.settings.keys import TABLE_OF, TABLES, flag, item_type
from etl.settings.read import read_settings
from warehouse.commands import add_common_options, command_parser, run_command
from warehouse.location import database_path
from warehouse.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from etl.settings.read import Settings

PIPELINE_SUFFIX = ".toml"
EXAMPLES = """\
  sparsity-etl run                          the bundled model, every method, 50% and 2:4
  sparsity-etl run pipeline.toml --json     what a file asks for, progress as JSON lines
  sparsity-etl run --model ~/models/Llama-2-7b --method wanda --sparsity 0.5 0.6 --layers 0 1
  sparsity-etl plan pipeline.toml           what would be done, and why
  sparsity-etl export-mask --run 4 --layer 0 --projection o --out o.safetensors
  sparsity-etl load bench.jsonl             what sparsity-bench run measured
  sparsity-etl upgrade                      bring a database of an older version up to date"""


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    return run_command(_parser(), argv, lambda arguments: arguments.action(arguments))


def _parser() -> argparse.ArgumentParser:
    parser = command_parser("sparsity-etl", "Fill the warehouse.", EXAMPLES)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="compute what is new and publish it")
    run.set_defaults(action=_run)
    run.add_argument(
        "--device", default="auto", help="auto, cpu, cuda or cuda:N (default: auto, a GPU when there is one)"
    )
    plan = commands.add_parser("plan", help="show what run would do, and why")
    plan.set_defaults(action=_plan)
    load = commands.add_parser("load", help="load a file written by sparsity-bench run")
    load.set_defaults(action=_load)
    load.add_argument("file", type=Path, help="kernel measurements, one JSON object per line")
    load.add_argument("--json", action="store_true", help="one JSON object per line on stdout")
    add_common_options(load)
    upgrade = commands.add_parser("upgrade", help="bring a database of an older version up to date")
    upgrade.set_defaults(action=_upgrade)
    upgrade.add_argument("--json", action="store_true", help="one JSON object per line on stdout")
    add_common_options(upgrade)
    export = commands.add_parser(
        "export-mask", help="write the mask of one matrix for sparsity-bench run --mask"
    )
    export.set_defaults(action=_export_mask)
    export.add_argument("--run", type=int, required=True, help="pruning run")
    export.add_argument("--layer", type=int, required=True, help="transformer block, from 0")
    export.add_argument("--projection", required=True, help="q, k, v, o, gate, up or down")
    export.add_argument("--out", type=Path, required=True, help="safetensors file to write")
    export.add_argument("--force", action="store_true", help="replace the file of --out if there is one")
    add_common_options(export)
    for command in (run, plan):
        command.add_argument("pipeline", nargs="?", type=Path, help="pipeline file (TOML); flags win over it")
        command.add_argument("--json", action="store_true", help="one JSON object per line on stdout")
        add_common_options(command)
        _add_setting_flags(command)
    return parser


def _add_setting_flags(parser: argparse.ArgumentParser) -> None:
    """Add a flag for every key of a pipeline file; without the flag the file or the default decides."""
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


def _parse(kind: type) -> Callable[[str], object]:
    """Return a converter that argparse calls on the text of a flag and names in its error message."""

    def convert(text: str) -> object:
        # A flag that takes several values takes a pipeline file after it, too; see _settings.
        return text if text.endswith(PIPELINE_SUFFIX) else kind(text)

    convert.__name__ = {int: "whole number", float: "number"}.get(kind, "value")
    return convert


def _settings(arguments: argparse.Namespace) -> Settings:
    flags = {key: getattr(arguments, key) for key in TABLE_OF}
    for values in flags.values():
        # In `--method wanda p.toml` argparse counts the file among the methods.
        if arguments.pipeline is None and isinstance(values, list) and len(values) > 1:
            last = values[-1]
            if isinstance(last, str) and last.endswith(PIPELINE_SUFFIX):
                arguments.pipeline = Path(values.pop())
    return read_settings(arguments.pipeline, flags)


def _run(arguments: argparse.Namespace) -> None:
    from etl.pipeline import run_pipeline  # noqa: PLC0415  # --help needs no database

    # SIGTERM, from the app or systemd, ends a job as Ctrl-C does: it is recorded, and the next job resumes.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    check_device_name(arguments.device)
    settings = _settings(arguments)
    progress = choose_progress(as_json=arguments.json)
    try:
        run_pipeline(_database(settings.warehouse.db), settings, _command(), arguments.device, progress)
    finally:
        progress.close()


def _load(arguments: argparse.Namespace) -> None:
    from etl.pipeline import load_file  # noqa: PLC0415  # --help needs no database

    progress = choose_progress(as_json=arguments.json)
    try:
        load_file(_database(arguments.db), arguments.file.absolute(), _command(), progress)
    finally:
        progress.close()


def _upgrade(arguments: argparse.Namespace) -> None:
    from etl.pipeline import upgrade  # noqa: PLC0415  # --help needs no database

    progress = choose_progress(as_json=arguments.json)
    try:
        upgrade(database_path(arguments.db), progress)
    finally:
        progress.close()


def _export_mask(arguments: argparse.Namespace) -> None:
    from etl.load.mask_export import export_mask  # noqa: PLC0415  # --help needs no database
    from warehouse.exporting import refuse_own_files  # noqa: PLC0415
    from warehouse.opening import attach_read_only  # noqa: PLC0415

    database, target = database_path(arguments.db), arguments.out
    refuse_own_files(target, database)
    with attach_read_only(database) as connection:
        matrix = (arguments.run, arguments.layer, arguments.projection)
        rows, columns = export_mask(connection, *matrix, target, replace=arguments.force)
    print(printable(f"wrote {target}: {rows}×{columns}"))  # noqa: T201  # the output of the command


def _database(given: str | None) -> Path:
    """Return the path of the database, where there is one or could be one.

    Raises:
        UnreadableDatabaseError: what is there cannot be one.
    """
    from warehouse.opening import is_present  # noqa: PLC0415  # --help needs no database

    path = database_path(given)
    is_present(path)
    return path


def _command() -> str:
    return shlex.join(["sparsity-etl", *sys.argv[1:]])


def _plan(arguments: argparse.Namespace) -> None:
    from etl.plan import make_plan  # noqa: PLC0415  # --help needs no database
    from etl.preflight import check_ready  # noqa: PLC0415
    from warehouse.opening import attach_read_only, is_present  # noqa: PLC0415

    settings = _settings(arguments)
    database = database_path(settings.warehouse.db)
    plan = make_plan(settings, attach_read_only(database) if is_present(database) else None)
    check_ready(plan)
    for step in plan.steps:
        if arguments.json:
            values = {"step": step.kind, "subject": step.subject, "state": step.state, "reason": step.reason}
            line = json.dumps({"event": "plan", **values})
        else:
            line = f"{step.state:<5}{step.kind:<9} {step.subject:<46} {step.reason}"
        print(printable(line))  # noqa: T201  # the output of the command
    if not arguments.json:
        print(f"{len(plan.pending)} of {len(plan.steps)} steps to do")  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
