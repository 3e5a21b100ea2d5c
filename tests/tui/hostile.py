"""A warehouse whose names are those an attacker, or an accident, would give: models, data sets, errors."""

import shutil
from pathlib import Path

import duckdb

#: Each holds all that is hostile in one way: what is taken for markup anywhere fails on the first of them.
NAMES = {
    "markup": "[/bold] [/] [red]red[/red] [@click=app.quit]x[/] [ [[ \\[ [b",
    "terminal": "a\x1b]52;c;aGFja2Vk\x07b\x1b[2J\x1b[Hb\x9b2J\x9d52;c;aGFja2Vk\x9cc\u202egnp.ex\u2066\u2069d",
    "lines": "a\nb\r\nc\u2028d\x0b",
    "long": "n" * 10_000,
    "scripts": "👩‍👩‍👧‍👦🇩🇪 שלום مرحبا",
    "empty": " ",
}
COLUMNS = {
    "models": ("model_id", "architecture", "source"),
    "matrices": ("model_id",),
    "pruning_runs": ("model_id", "method"),
    "perplexities": ("dataset",),
    "calibrations": ("source",),
    "etl_runs": ("command", "error"),
    "etl_steps": ("subject", "error"),
    "kernel_benchmarks": ("device", "variant", "error"),
    "reference_results": ("source", "model", "remark"),
}


def build_hostile(sample: Path, path: Path, name: str) -> Path:
    """Copy a sample warehouse and give everything in it that has a free name this one."""
    shutil.copy(sample, path)
    with duckdb.connect(path) as connection:
        for table, columns in COLUMNS.items():
            # The dense run is known by its method.
            keep = "WHERE method <> 'dense'" if table == "pruning_runs" else ""
            for column in columns:
                condition = keep if column == "method" else ""
                connection.execute(f"UPDATE {table} SET {column} = ? {condition}", [name])
    return path
