"""What is selected, and the command that opens it again."""

from pathlib import Path

from tests.tui.samples import matrix, overview, run
from tui.state.selection import Selection, maskless, next_run, stepped

DATA = overview(
    run(1, "dense"), run(2, "magnitude"), run(3), run(9, model_id="n"),
    *(matrix(number, layer, name) for number in (2, 3) for layer in (0, 1) for name in ("q", "down")),
)  # fmt: skip


def test_what_was_asked_goes_before_what_is_remembered() -> None:
    """Only what the link leaves open is remembered."""
    remembered = Selection("m", 2, 1, "down", "z")
    assert Selection(layer=0).over(remembered) == Selection("m", 2, 0, "down", "z")


def test_another_run_forgets_the_matrix_of_the_last() -> None:
    """A run that was asked for does not inherit the model remembered, which may be another one."""
    assert Selection(run_id=3).over(Selection("n", 9, 1, "q", "z")) == Selection(run_id=3, figure="z")


def test_an_empty_selection_settles_on_the_first_pruned_run() -> None:
    """The dense model has nothing to show."""
    settled, complaints = Selection().settled(DATA)
    assert (settled.model_id, settled.run_id, settled.layer, settled.projection) == ("m", 2, 0, "q")
    assert complaints == []


def test_a_sliced_run_has_no_masks() -> None:
    """A run with masks is shown before it."""
    sliced = run(2, "slicegpt", pattern="sliced", sparsity=0.25, matrix_count=None)
    data = overview(run(1, "dense"), sliced, run(3), matrix(3, 0, "q"))
    assert Selection().settled(data)[0].run_id == 3
    assert maskless(data, Selection(run_id=2)) == "a sliced model"
    assert maskless(data, Selection(run_id=1)) == "the dense model"
    assert Selection().settled(overview(run(1, "dense"), sliced))[0].run_id == 2


def test_what_does_not_exist_is_told() -> None:
    """A link to nowhere opens something near and says what was missing."""
    settled, complaints = Selection(model_id="gone").settled(DATA)
    assert (settled.model_id, complaints) == ("m", ["there is no model gone in the database"])
    settled, complaints = Selection(run_id=77).settled(DATA)
    assert (settled.run_id, complaints) == (2, ["there is no run 77 of this model in the database"])
    settled, complaints = Selection(run_id=3, layer=5, projection="q").settled(DATA)
    assert (settled.layer, settled.projection, complaints) == (0, "q", ["run 3 has no block 5 q"])


def test_a_compared_run_of_another_model_is_dropped() -> None:
    """Differences make sense inside one model."""
    assert Selection(run_id=3, compared_run_id=9).settled(DATA)[0].compared_run_id is None
    assert Selection(run_id=3, compared_run_id=2).settled(DATA)[0].compared_run_id == 2


def test_steps_stop_at_the_ends() -> None:
    """The last block has no next one."""
    selection = Selection("m", 3, 1, "q")
    assert stepped(DATA, selection, 1, 0) == selection
    assert stepped(DATA, selection, -1, 0).layer == 0
    assert stepped(DATA, selection, 0, 1).projection == "down"


def test_runs_go_round() -> None:
    """The next run after the last is the first that pruned the matrix."""
    selection = Selection("m", 2, 1, "q")
    assert next_run(DATA, selection).run_id == 3
    assert next_run(DATA, next_run(DATA, selection)) == selection


def test_the_command_opens_the_same_place() -> None:
    """Names with spaces are quoted for a shell."""
    command = Selection("my model", 3, 12, "o").command(Path("/data/a b.db"), "matrix")
    assert command == (
        "sparsity-tui --db '/data/a b.db' --screen matrix"
        " --model 'my model' --run 3 --layer 12 --projection o"
    )
