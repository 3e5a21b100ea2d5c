"""The table of what narrow values cost, from rows given."""

from etl.studies.quantisation import table


def run_row(method: str, sparsity: float, pattern: str, value_format: str, perplexity: float) -> dict:
    return {
        "method": method, "sparsity": sparsity, "pattern": pattern,
        "value_format": value_format, "perplexity": perplexity,
    }  # fmt: skip


def test_perplexities_stand_by_run_and_value_format() -> None:
    """A format of a checkpoint is 16 bit, the dense figure stands beside GPTQ's, the rest are dashes."""
    rows = [
        run_row("dense", 0.0, "unstructured", "bf16", 7.576),
        run_row("gptq", 0.0, "unstructured", "int4", 8.14),
        run_row("sparsegpt", 0.5, "2:4", "fp16", 17.3),
        run_row("sparsegpt", 0.5, "2:4", "fp8", 17.2),
    ]
    assert table(rows).splitlines() == [
        "| | 16 bit | int8 | fp8 | int4 |",
        "|---|---:|---:|---:|---:|",
        "| dense, GPTQ | 7.58 | – | – | 8.14 |",
        "| SparseGPT 50% | – | – | – | – |",
        "| SparseGPT 2:4 | 17.30 | – | 17.20 | – |",
    ]
