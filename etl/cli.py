"""`sparsity-etl`: prune, measure and cluster into the warehouse."""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
from pathlib import Path

from etl.device import check_device_name
from etl.progress import choose_progress
from etl.settings.flags import add_device, add_json, add_run_command, add_settings, settings_of
from warehouse.commands import add_common_options, command_parser, run_command
from warehouse.location import database_path
from warehouse.printable import printable

STANDARD_INPUT = Path("/dev/stdin")
EXAMPLES = """\
  sparsity-etl run                          the bundled model, every method, 50% and 2:4
  sparsity-etl run pipeline.toml --json     what a file asks for, progress as JSON lines
  sparsity-etl run --model ~/models/Llama-2-7b --method wanda --sparsity 0.5 0.6 --layers 0 1
  sparsity-etl run --model smollm2          a real model out of a Python package (extra demo)
  sparsity-etl plan pipeline.toml           what would be done, and why
  sparsity-etl export 4 --out ~/models/pruned   the pruned model of run 4 as a Hugging Face checkpoint
  sparsity-etl export-mask --run 4 --layer 0 --projection o --out o.safetensors
  sparsity-etl load bench.jsonl             what sparsity-bench run measured
  sparsity-etl upgrade                      bring a database of an older version up to date"""


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    return run_command(_parser(), argv, lambda arguments: arguments.action(arguments))


def _parser() -> argparse.ArgumentParser:
    parser = command_parser("sparsity-etl", "Fill the warehouse.", EXAMPLES)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add_run_command(commands).set_defaults(action=_run)
    plan = commands.add_parser("plan", help="show what run would do, and why")
    plan.set_defaults(action=_plan)
    add_settings(plan)
    load = commands.add_parser("load", help="load a file written by sparsity-bench run")
    load.set_defaults(action=_load)
    load.add_argument("file", type=Path, help="kernel measurements, one JSON object per line; - is stdin")
    upgrade = commands.add_parser("upgrade", help="bring a database of an older version up to date")
    upgrade.set_defaults(action=_upgrade)
    for command in (load, upgrade):
        add_json(command)
        add_common_options(command)
    _add_exports(commands)
    return parser


def _add_exports(commands: argparse._SubParsersAction) -> None:
    """Add the commands that write files out of the warehouse."""
    mask = commands.add_parser(
        "export-mask", help="write the mask of one matrix for sparsity-bench run --mask"
    )
    mask.set_defaults(action=_export_mask)
    mask.add_argument("--run", type=int, required=True, help="pruning run")
    mask.add_argument("--layer", type=int, required=True, help="transformer block, from 0")
    mask.add_argument("--projection", required=True, help="q, k, v, o, gate, up or down, or the component")
    mask.add_argument("--out", type=Path, required=True, help="safetensors file to write")
    mask.add_argument("--force", action="store_true", help="replace the file of --out if there is one")
    add_common_options(mask)
    model = commands.add_parser(
        "export", help="write the pruned model of a run as a checkpoint that others load"
    )
    model.set_defaults(action=_export)
    model.add_argument("run", type=int, metavar="RUN", help="pruning run, as run_overview numbers them")
    model.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write")
    model.add_argument("--force", action="store_true", help="replace an earlier export in DIR")
    add_device(model)
    add_json(model)
    add_common_options(model)


def _run(arguments: argparse.Namespace) -> None:
    from etl.pipeline import run_pipeline  # noqa: PLC0415  # --help needs no database

    # SIGTERM, from the app or systemd, ends a job as Ctrl-C does: it is recorded, and the next job resumes.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    check_device_name(arguments.device)
    settings = settings_of(arguments)
    progress = choose_progress(as_json=arguments.json)
    try:
        run_pipeline(_database(settings.warehouse.db), settings, _command(), arguments.device, progress)
    finally:
        progress.close()


def _load(arguments: argparse.Namespace) -> None:
    from etl.pipeline import load_file  # noqa: PLC0415  # --help needs no database

    file = STANDARD_INPUT if str(arguments.file) == "-" else arguments.file.absolute()
    progress = choose_progress(as_json=arguments.json)
    try:
        load_file(_database(arguments.db), file, _command(), progress)
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
    from warehouse.opening import attach_read_only, translated_errors  # noqa: PLC0415

    database, target = database_path(arguments.db), arguments.out
    refuse_own_files(target, database)
    with translated_errors(database), attach_read_only(database) as connection:
        matrix = (arguments.run, arguments.layer, arguments.projection)
        rows, columns = export_mask(connection, *matrix, target, replace=arguments.force)
    print(printable(f"wrote {target}: {rows}×{columns}"))  # noqa: T201  # the output of the command


def _export(arguments: argparse.Namespace) -> None:
    from etl.export.command import export_run  # noqa: PLC0415  # --help needs no database

    check_device_name(arguments.device)
    progress = choose_progress(as_json=arguments.json)
    try:
        size = export_run(
            database_path(arguments.db),
            arguments.run,
            arguments.out,
            replace=arguments.force,
            device=arguments.device,
            progress=progress,
        )
    finally:
        progress.close()
    if arguments.json:
        line = json.dumps(
            {"event": "exported", "run_id": arguments.run, "path": str(arguments.out), "bytes": size}
        )
    else:
        line = f"wrote {arguments.out}: {size / 1e6:,.1f} MB"
    print(printable(line))  # noqa: T201  # the output of the command


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
    from warehouse.completeness import verify_tables  # noqa: PLC0415
    from warehouse.opening import attach_read_only, is_present, translated_errors  # noqa: PLC0415

    settings = settings_of(arguments)
    database = database_path(settings.warehouse.db)
    with translated_errors(database):
        connection = attach_read_only(database) if is_present(database) else None
        if connection is not None:
            verify_tables(connection, database)
        plan = make_plan(settings, connection)
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
