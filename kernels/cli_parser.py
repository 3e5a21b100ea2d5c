"""Commands and options of `sparsity-bench`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NoReturn

from kernels import __version__
from kernels.boundary import printable

EXAMPLES = """\
  sparsity-bench run --shapes llama-7b --formats all --sparsity 0.5 0.7 --out bench.jsonl
  sparsity-bench run --shapes llama-2-70b 4096x14336 --formats sell nm --batch 1 4 16
  sparsity-bench run --mask o.safetensors --formats sell clustered     a mask from sparsity-etl export-mask
  sparsity-etl load bench.jsonl                                        rows into the database, for the app
  sparsity-bench list                                                  formats and what runs here
  sparsity-bench roofline                                              measured memory bandwidth
  sparsity-bench separation --out separation.jsonl                     does clustering pay?
  sparsity-bench generate --format nm --tokens 64                      tokens per second, Llama-7B's shape"""


class Parser(argparse.ArgumentParser):
    """Tells a usage error in one line and exits with 2."""

    def __init__(self, **settings: Any) -> None:
        shaped: dict[str, Any] = {
            "formatter_class": argparse.RawDescriptionHelpFormatter,
            "epilog": "examples:\n" + EXAMPLES,
        }
        super().__init__(**(shaped | settings))

    def error(self, message: str) -> NoReturn:
        """See argparse."""
        self.exit(2, f"{self.prog}: {printable(message)}; see {self.prog} --help\n")


def build_parser() -> argparse.ArgumentParser:
    """Commands and options."""
    parser = Parser(prog="sparsity-bench", description="Sparse matrix kernels, checked and measured.")
    parser.add_argument("--version", action="version", version=f"sparsity-bench {__version__}")
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="run|list|roofline|separation|generate"
    )
    common = Parser(add_help=False)
    common.add_argument("--device", default="auto", metavar="auto|cpu|cuda[:N]", help="where to compute")
    common.add_argument("--json", action="store_true", help="one JSON object per line on standard output")
    common.add_argument("--debug", action="store_true", help="show tracebacks")
    run = commands.add_parser("run", parents=[common], help="check and measure formats")
    run.add_argument("--shapes", nargs="+", default=["llama-7b"], metavar="SET|OUTxIN", help="matrix shapes")
    run.add_argument("--formats", nargs="+", default=["all"], metavar="FORMAT", help="formats, or all")
    run.add_argument("--sparsity", nargs="+", type=float, default=[0.5], metavar="S", help="shares of zeros")
    run.add_argument("--batch", nargs="+", type=int, default=[1], metavar="B", help="columns of x, 1 to 16")
    run.add_argument(
        "--values", nargs="+", default=["16"], metavar="VALUES", help="16, fp8, int8, int4, or all"
    )
    run.add_argument(
        "--rivals", action=argparse.BooleanOptionalAction, default=True,
        help="dense products with narrow weights from other libraries, too",
    )  # fmt: skip
    run.add_argument("--dtype", choices=("bfloat16", "float16"), default="bfloat16")
    run.add_argument(
        "--mask", nargs="+", type=Path, default=[], metavar="FILE", help="masks to use instead of random"
    )
    run.add_argument("--out", type=Path, metavar="FILE", help="append rows as JSON lines")
    run.add_argument("--replays", type=int, default=20, metavar="N", help="timed replays, at least 20")
    run.add_argument("--retune", action="store_true", help="measure settings again even where some are kept")
    commands.add_parser("list", parents=[common], help="formats and what this machine can run")
    commands.add_parser("roofline", parents=[common], help="measured memory bandwidth")
    separation = commands.add_parser(
        "separation",
        parents=[common],
        help="block skipping on planted clusters of rising separation",
    )
    separation.add_argument(
        "--shapes", nargs="+", default=["4096x4096"], metavar="SET|OUTxIN", help="matrix shapes"
    )
    separation.add_argument(
        "--mask", nargs="+", type=Path, default=[], metavar="FILE", help="masks instead of planted"
    )
    separation.add_argument("--out", type=Path, metavar="FILE", help="append rows as JSON lines")
    generate = commands.add_parser("generate", parents=[common], help="tokens per second end to end")
    generate.add_argument(
        "--format", choices=("sell", "nm"), default="sell", help="format of the linear layers"
    )
    generate.add_argument("--sparsity", type=float, default=0.5, metavar="S", help="share of zeros (sell)")
    generate.add_argument("--layers", type=int, default=32, metavar="N", help="transformer blocks")
    generate.add_argument("--tokens", type=int, default=64, metavar="N", help="tokens to generate")
    return parser
