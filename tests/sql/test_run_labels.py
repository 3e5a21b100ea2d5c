"""Runs are told apart by name, with no more words than that takes."""

import pytest

from tests.sample_rows import Rows

#: The columns of a run beside its key: method, sparsity, pattern, and what else is not as in any run.
RUNS = {
    "dense": ("dense", 0.0, "unstructured", {}),
    "magnitude 50%": ("magnitude", 0.5, "unstructured", {"scope": "matrix"}),
    "wanda 50% by row": ("wanda", 0.5, "unstructured", {"scope": "row"}),
    "wanda 50% by matrix": ("wanda", 0.5, "unstructured", {"scope": "matrix"}),
    "wanda 55% by row": ("wanda", 0.55, "unstructured", {"scope": "row"}),
    "wanda 50% owl": ("wanda", 0.5, "unstructured", {"scope": "row", "allocation": "owl"}),
    "wanda 50% swaps": ("wanda", 0.5, "unstructured", {"scope": "row", "refinement": "swaps"}),
    "sparsegpt 2:4": ("sparsegpt", 0.5, "2:4", {"value_format": "bf16"}),
    "sparsegpt 2:4 int4": ("sparsegpt", 0.5, "2:4", {"value_format": "int4"}),
    "sparsegpt 2:4 int4 refit": (
        "sparsegpt", 0.5, "2:4", {"value_format": "int4", "refinement": "reconstruct"}
    ),
    "gptq int4 g64": ("gptq", 0.0, "unstructured", {"value_format": "int4", "group_size": 64}),
    "gptq int4 g128": ("gptq", 0.0, "unstructured", {"value_format": "int4", "group_size": 128}),
    "ria 2:4 seed 0": ("ria", 0.5, "2:4", {"seed": 0}),
    "ria 2:4 seed 1": ("ria", 0.5, "2:4", {"seed": 1}),
    "sparsegpt 60% #15": ("sparsegpt", 0.6, "unstructured", {"settings": '{"damping": 0.01}'}),
    "sparsegpt 60% #16": ("sparsegpt", 0.6, "unstructured", {"settings": '{"damping": 0.1}'}),
}  # fmt: skip


@pytest.fixture
def labelled(rows: Rows) -> Rows:
    """Every run once, numbered from 1 in the order above."""
    for run_id, (method, sparsity, pattern, others) in enumerate(RUNS.values(), 1):
        rows.run(run_id, method, sparsity, pattern)
        for column, value in others.items():
            rows.db.execute(f"UPDATE pruning_runs SET {column} = ? WHERE run_id = ?", [value, run_id])
    return rows


def test_every_run_has_a_name_of_its_own(labelled: Rows) -> None:
    """What tells two runs apart is in their names, and nothing that all runs share."""
    found = labelled.db.execute("SELECT run_label FROM run_labels ORDER BY run_id").fetchall()
    assert [row[0] for row in found] == list(RUNS)


def test_runs_of_other_models_need_no_other_name(labelled: Rows) -> None:
    """Names stand below that of their model."""
    labelled.model("other")
    labelled.run(99, "magnitude", 0.5, model_id="other")
    found = labelled.db.execute("SELECT run_label FROM run_labels WHERE run_id IN (2, 99)").fetchall()
    assert found == [("magnitude 50%",), ("magnitude 50%",)]
