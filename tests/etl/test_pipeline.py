"""The main path on a tiny model: run, rerun, kill, bad input."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from scipy.spatial.distance import cdist

from etl.cli import main
from etl.load.benchmarks import reference_files
from etl.pruning.weights import PrunedWeights
from tests.etl.tiny import QUICK, write_tiny_model
from warehouse.bits import unpack_masks
from warehouse.opening import attach_read_only

pytestmark = pytest.mark.xdist_group("pipeline")


def run(database: Path, model: Path, *flags: str) -> int:
    return main(["run", "--db", str(database), "--model", str(model), *QUICK, *flags])


def events(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def built(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database built from the tiny model with two methods and two patterns."""
    database = tmp_path_factory.mktemp("built") / "sparsity.db"
    assert run(database, tiny_model, "--method", "wanda", "sparsegpt") == 0
    return database


@pytest.fixture
def connection(built: Path):
    with attach_read_only(built) as opened:
        yield opened


def test_every_table_of_the_path_is_filled(connection: duckdb.DuckDBPyConnection) -> None:
    """Two blocks of seven matrices in four runs leave the rows that follow from their shapes."""
    expected = {
        "models": 1,
        "matrices": 14,
        "calibrations": 1,
        "pruning_runs": 5,
        "matrix_prunings": 4 * 14,
        # q k v o gate up have 32 inputs, down 64 inputs and 32 outputs, in each of two blocks.
        "feature_masks": 4 * 2 * (6 * 32 + 64 + 32),
        "feature_metrics": 4 * 2 * (6 * 32 + 64 + 32),
        # One real and two chance clusterings at two values of k.
        "clusterings": 4 * 14 * 3 * 2,
        "cluster_assignments": 4 * 14 * 2 * 8,
        "perplexities": 5,
        # Two tests of each matrix and axis.
        "structure_tests": 4 * 2 * (7 + 1) * 2,
        # At each of four shares of the inputs, and the dense model beside them.
        "activation_thresholds": 4 * 14,
        "activation_perplexities": 5,
    }
    for table, count in expected.items():
        assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (count,), table


def test_masks_are_those_of_the_pruned_weights(built: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """The bits of every feature of a Wanda run are the non-zero positions of the weights it kept."""
    run_id, fingerprint = connection.execute(
        "SELECT run_id, fingerprint FROM pruning_runs WHERE method = 'wanda' AND pattern = '2:4'"
    ).fetchall()[0]
    step = connection.execute(
        "SELECT fingerprint FROM etl_steps WHERE step = 'prune' AND subject = 'tiny wanda 0.5 2:4'"
    ).fetchall()[0][0]
    weights = PrunedWeights(Path(f"{built}.weights") / fingerprint, step).weights(1)
    for component, weight in weights.items():
        blobs = connection.execute(
            "SELECT keep_mask::BLOB FROM feature_masks INNER JOIN matrices USING (matrix_id)"
            " WHERE run_id = ? AND layer = 1 AND component = ? AND axis = 'input' ORDER BY feature_index",
            [run_id, component],
        ).fetchall()
        masks = unpack_masks([row[0] for row in blobs], weight.shape[0])
        assert np.array_equal(masks.T, (weight != 0).numpy())


def test_distances_in_sql_are_scipys(connection: duckdb.DuckDBPyConnection) -> None:
    """Within and between distances of every real clustering agree with SciPy over the stored masks."""
    rows = connection.execute(
        "SELECT clustering_id, run_id, matrix_id, axis, within_distance, between_distance"
        " FROM separation_ratios ORDER BY clustering_id"
    ).fetchall()
    assert rows
    for clustering_id, run_id, matrix_id, axis, within, between in rows:
        members = connection.execute(
            "SELECT cluster, keep_mask::BLOB, bit_length(keep_mask) FROM cluster_assignments"
            " INNER JOIN feature_masks USING (feature_index)"
            " WHERE clustering_id = ? AND run_id = ? AND matrix_id = ? AND axis = ?",
            [clustering_id, run_id, matrix_id, axis],
        ).fetchall()
        clusters = np.array([row[0] for row in members])
        masks = unpack_masks([row[1] for row in members], members[0][2])
        pairs = np.triu_indices(len(masks), 1)
        distances = cdist(masks, masks, "hamming")[pairs]
        same = (clusters[:, None] == clusters[None, :])[pairs]
        assert within == pytest.approx(distances[same].mean() if same.any() else None)
        assert between == pytest.approx(distances[~same].mean() if (~same).any() else None)


def test_neighbours_are_the_nearest(connection: duckdb.DuckDBPyConnection) -> None:
    """The features clustered are those nearest to the reference, which comes first."""
    matrix = connection.execute(
        "SELECT clustering_id, run_id, matrix_id, axis, reference_feature FROM separation_ratios"
        " WHERE projection = 'down' LIMIT 1"
    ).fetchall()[0]
    clustering_id, run_id, matrix_id, axis, reference = matrix
    assert axis == "output"
    rows = connection.execute(
        "SELECT keep_mask::BLOB FROM feature_masks WHERE run_id = ? AND matrix_id = ? AND axis = ?"
        " ORDER BY feature_index",
        [run_id, matrix_id, axis],
    ).fetchall()
    masks = unpack_masks([row[0] for row in rows], 64)
    distances = cdist(masks[[reference]], masks, "hamming")[0]
    distances[reference] = -1
    chosen = connection.execute(
        "SELECT feature_index FROM cluster_assignments WHERE clustering_id = ? ORDER BY gradient_rank",
        [clustering_id],
    ).fetchall()
    assert [row[0] for row in chosen] == np.argsort(distances, kind="stable")[:8].tolist()


def test_patterns_hold_and_sparsity_is_exact(connection: duckdb.DuckDBPyConnection) -> None:
    """Wanda and 2:4 runs prune exactly half of every matrix, SparseGPT's own threshold about half."""
    rows = connection.execute("SELECT method, pattern, actual_sparsity FROM model_overview").fetchall()
    assert len(rows) == 4 * 14
    for method, pattern, sparsity in rows:
        tolerance = 0.05 if (method, pattern) == ("sparsegpt", "unstructured") else 0
        assert sparsity == pytest.approx(0.5, abs=tolerance)


def test_rerun_does_nothing(built: Path, tiny_model: Path, capsys: pytest.CaptureFixture) -> None:
    """With nothing new the file is not touched, and torch is not even imported by a fresh process."""
    before = built.stat()
    script = "import sys; from etl.cli import main; print(main(sys.argv[1:]), 'torch' in sys.modules)"
    flags = ["run", "--json", "--db", str(built), "--model", str(tiny_model), *QUICK]
    again = subprocess.run(
        [sys.executable, "-c", script, *flags, "--method", "wanda", "sparsegpt"],
        capture_output=True,
        text=True,
        check=True,
    )
    *lines, code_and_torch = again.stdout.splitlines()
    assert events("\n".join(lines)) == [
        {"event": "finished", "state": "unchanged", "run_ids": [], "rows_written": {}}
    ]
    assert code_and_torch == "0 False"
    assert (built.stat().st_ino, built.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_only_what_is_new_is_done(tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """A further method adds its own steps; another k only clusters again."""
    database = tmp_path / "sparsity.db"
    flags = ["--json", "--method", "magnitude", "--pattern", "2:4"]
    assert run(database, tiny_model, *flags) == 0
    first = events(capsys.readouterr().out)[-1]
    assert first["state"] == "published"
    assert first["run_ids"] == [1, 2]
    assert first["rows_written"]["feature_masks"] == 2 * (6 * 32 + 64 + 32)
    assert run(database, tiny_model, *flags, "--k", "2") == 0
    steps = [e["step"] for e in events(capsys.readouterr().out) if e.get("state") == "started"]
    assert steps == ["cluster"]
    assert (
        run(database, tiny_model, "--json", "--method", "magnitude", "wanda", "--pattern", "2:4", "--k", "2")
        == 0
    )
    subjects = [e["subject"] for e in events(capsys.readouterr().out) if e.get("state") == "started"]
    assert set(subjects) == {"tiny", "tiny wanda 0.5 2:4"}


def test_results_do_not_depend_on_the_day(tiny_model: Path, built: Path, tmp_path: Path) -> None:
    """Pruning and clustering again from nothing gives the same masks, clusters and perplexities."""
    database = tmp_path / "again.db"
    assert run(database, tiny_model, "--method", "wanda", "sparsegpt") == 0
    for query in (
        "FROM feature_masks ORDER BY ALL",
        "FROM cluster_assignments ORDER BY ALL",
        "SELECT separation_ratio, null_ratio_mean FROM separation_ratios ORDER BY clustering_id",
        "SELECT run_id, perplexity FROM perplexities ORDER BY ALL",
        "FROM structure_tests ORDER BY ALL",
    ):
        with attach_read_only(built) as first, attach_read_only(database) as second:
            assert first.execute(query).fetchall() == second.execute(query).fetchall()


def test_plan_says_what_and_why(built: Path, tiny_model: Path, capsys: pytest.CaptureFixture) -> None:
    """The plan lists done and new steps, and touches nothing."""
    flags = ["plan", "--json", "--db", str(built), "--model", str(tiny_model), *QUICK]
    assert main([*flags, "--method", "wanda", "magnitude", "--pattern", "2:4", "--k", "4"]) == 0
    plan = events(capsys.readouterr().out)
    found = {(row["step"], row["subject"]): (row["state"], row["reason"]) for row in plan}
    assert found["prune", "tiny wanda 0.5 2:4"] == ("done", "same inputs and settings as before")
    assert found["cluster", "tiny wanda 0.5 2:4"] == ("new", "inputs, settings or code have changed")
    assert found["prune", "tiny magnitude 0.5 2:4"] == ("new", "not done before")


def test_plan_without_a_database(tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """Before the first run everything is new."""
    assert main(["plan", "--db", str(tmp_path / "none.db"), "--model", str(tiny_model)]) == 0
    *steps, total = capsys.readouterr().out.splitlines()
    # A model, a dense evaluation, activations, four steps for each run, their comparison, measurements.
    expected = 1 + 1 + 1 + 4 * 6 + 1 + len(reference_files())
    assert len(steps) == expected
    assert total == f"{expected} of {expected} steps to do"
    assert list(tmp_path.iterdir()) == []


def test_killed_job_is_completed_by_the_next(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """A job killed after its first pruning step leaves nothing published; the next goes on from there."""
    database = tmp_path / "sparsity.db"
    flags = [
        "run",
        "--json",
        "--db",
        str(database),
        "--model",
        str(tiny_model),
        *QUICK,
        "--method",
        "magnitude",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "etl.cli", *flags], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        event = json.loads(line)
        if event.get("state") == "finished" and event["step"] == "prune":
            os.killpg(process.pid, signal.SIGKILL)
            break
    process.wait()
    process.stdout.close()
    assert not database.exists()
    assert main(flags) == 0
    started = [e for e in events(capsys.readouterr().out) if e.get("state") == "started"]
    assert "model" not in {e["step"] for e in started}
    assert ("prune", "tiny magnitude 0.5 unstructured by matrix") not in {
        (e["step"], e["subject"]) for e in started
    }
    with attach_read_only(database) as opened:
        states = opened.execute("SELECT state FROM run_history ORDER BY etl_run_id").fetchall()
        assert opened.execute("SELECT count(*) FROM matrix_prunings").fetchone() == (2 * 14,)
    assert states == [("interrupted",), ("finished",)]


def test_cancelled_job_says_so_and_is_completed(tiny_model: Path, tmp_path: Path) -> None:
    """SIGTERM ends a job with one line and a ledger entry; what was committed is not done again."""
    database = tmp_path / "sparsity.db"
    flags = [
        "run",
        "--json",
        "--db",
        str(database),
        "--model",
        str(tiny_model),
        *QUICK,
        "--method",
        "magnitude",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "etl.cli", *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line).get("state") == "finished":
            process.terminate()
            break
    _, error = process.communicate()
    assert (process.returncode, error) == (130, "interrupted\n")
    assert not database.exists()
    assert run(database, tiny_model, "--method", "magnitude") == 0
    with attach_read_only(database) as opened:
        states = opened.execute("SELECT state FROM run_history ORDER BY etl_run_id").fetchall()
    assert states == [("interrupted",), ("finished",)]


def test_failing_step_keeps_what_was_there(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """A step that fails leaves the published bytes, is in the ledger, and the next job completes it."""
    import etl.workbench

    database = tmp_path / "sparsity.db"
    flags = ("--method", "magnitude", "--pattern", "2:4")
    assert run(database, tiny_model, *flags) == 0
    before = database.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(etl.workbench, "load_clusterings", lambda *_: 1 / 0)
        assert run(database, tiny_model, *flags, "--k", "2") == 1
    assert database.read_bytes() == before
    assert "error: ZeroDivisionError" in capsys.readouterr().err
    assert run(database, tiny_model, *flags, "--k", "2") == 0
    with attach_read_only(database) as opened:
        assert opened.execute("SELECT state, error FROM run_history ORDER BY etl_run_id").fetchall() == [
            ("finished", None),
            ("failed", "division by zero"),
            ("finished", None),
        ]


@pytest.mark.parametrize("flags", [("--no-evaluate",), ()])
def test_activations_of_nan_are_an_error_before_publishing(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture, flags: tuple[str, ...]
) -> None:
    """Neither a mask of a quarter of the weights nor a perplexity of NaN is ever published."""
    model = Path(shutil.copytree(tiny_model, tmp_path / "model"))
    tensors = load_file(model / "model.safetensors")
    tensors["model.layers.0.mlp.down_proj.weight"].fill_(3e38)
    save_file(tensors, model / "model.safetensors")
    database = tmp_path / "sparsity.db"
    assert run(database, model, "--method", "wanda", "magnitude", "--no-cluster", *flags) == 1
    assert "infinite or NaN" in capsys.readouterr().err
    assert not database.exists()


def test_some_projections_share_sparsity_as_their_outliers_say(tiny_model: Path, tmp_path: Path) -> None:
    """Only q and v are pruned, by half together; the shares of both blocks are in the warehouse."""
    database = tmp_path / "sparsity.db"
    flags = ("--method", "wanda", "--pattern", "unstructured", "--no-cluster", "--no-evaluate")
    assert run(database, tiny_model, *flags, "--projections", "v", "q", "--allocation", "owl") == 0
    with attach_read_only(database) as opened:
        pruned = opened.execute("SELECT DISTINCT projection FROM pruned_matrices ORDER BY ALL").fetchall()
        total = opened.execute("SELECT sum(weight_count - kept_count) FROM matrix_prunings").fetchone()
        shares = opened.execute("SELECT block_sparsity, outlier_ratio FROM block_sparsities").fetchall()
        stored = opened.execute("SELECT allocation, settings FROM pruning_runs").fetchall()
    assert pruned == [("q",), ("v",)]
    assert total == (2 * 2 * 32 * 32 // 2,)
    assert sum(share for share, _ in shares) / 2 == pytest.approx(0.5)
    assert all(ratio is not None for _, ratio in shares)
    settings = json.loads(stored[0][1])
    assert (stored[0][0], settings["allocation_spread"], settings["projections"]) == ("owl", 0.08, ["q", "v"])


def test_only_the_weights_of_the_own_runs_are_thrown_away(tiny_model: Path, tmp_path: Path) -> None:
    """Those that an earlier job was asked to keep stay, though steps of this one belong to no run."""
    database = tmp_path / "sparsity.db"
    flags = ("--pattern", "2:4", "--no-cluster", "--no-evaluate", "--no-test", "--no-activations")
    assert run(database, tiny_model, "--method", "wanda", *flags) == 0
    kept = sorted(Path(f"{database}.weights").rglob("*"))
    assert run(database, tiny_model, "--method", "wanda", "magnitude", *flags, "--no-keep-weights") == 0
    assert kept
    assert sorted(Path(f"{database}.weights").rglob("*")) == kept


def test_pruned_weights_can_be_thrown_away(tiny_model: Path, tmp_path: Path) -> None:
    """Without kept weights a later evaluation prunes again and finds the same perplexity."""
    database = tmp_path / "sparsity.db"
    flags = ("--method", "sparsegpt", "--pattern", "2:4", "--no-cluster")
    assert run(database, tiny_model, *flags, "--no-keep-weights") == 0
    folder = Path(f"{database}.weights")
    assert not list(folder.glob("*/*"))
    assert run(database, tiny_model, *flags, "--window", "16") == 0
    with attach_read_only(database) as opened:
        rows = opened.execute('SELECT "window" FROM perplexities WHERE run_id = 2 ORDER BY ALL').fetchall()
    assert rows == [(16,), (32,)]


def test_changed_model_is_another_model(tiny_model: Path, tmp_path: Path) -> None:
    """Other weights under the same folder name get a model of their own."""
    database = tmp_path / "sparsity.db"
    flags = ("--method", "magnitude", "--pattern", "2:4", "--no-cluster", "--no-evaluate")
    assert run(database, tiny_model, *flags) == 0
    other = write_tiny_model(tmp_path / "tiny")
    tensors = load_file(other / "model.safetensors")
    save_file({name: tensor * 2 for name, tensor in tensors.items()}, other / "model.safetensors")
    assert run(database, other, *flags) == 0
    with attach_read_only(database) as opened:
        models = [row[0] for row in opened.execute("SELECT model_id FROM models ORDER BY ALL").fetchall()]
    assert models[0] == "tiny"
    assert models[1].startswith("tiny-")


def break_nothing(folder: Path) -> None:
    """Leave the checkpoint as it is."""


def truncate(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])


def poison(folder: Path) -> None:
    file = folder / "model.safetensors"
    tensors = load_file(file)
    tensors["model.layers.1.mlp.up_proj.weight"][3, 5] = torch.nan
    with safe_open(file, framework="pt") as opened:
        metadata = opened.metadata()
    save_file(tensors, file, metadata=metadata)


def remove_config(folder: Path) -> None:
    (folder / "config.json").unlink()


def remove_tokenizer(folder: Path) -> None:
    for file in folder.glob("tokenizer*"):
        file.unlink()


@pytest.mark.parametrize(
    ("spoil", "flags", "code", "message"),
    [
        (break_nothing, ["--model", "/no/such/folder"], 1, "no model folder at /no/such/folder"),
        (remove_config, [], 1, "it has no config.json"),
        (truncate, [], 1, "truncated"),
        (poison, [], 1, "model.layers.1.mlp.up_proj.weight"),
        (remove_tokenizer, [], 1, "tokenizer"),
        (break_nothing, ["--sparsity", "1.0"], 2, "outside [0, 1)"),
        (break_nothing, ["--sparsity", "-0.5"], 2, "outside [0, 1)"),
        (break_nothing, ["--pattern", "2:5"], 2, "no multiple of 5"),
        (break_nothing, ["--layers", "2"], 2, "there is no block 2"),
        (break_nothing, ["--calibration", "/no/such/text"], 1, "no text at /no/such/text"),
        (break_nothing, ["--device", "cuda:7"], 2, "there is no cuda:7 here"),
        (break_nothing, ["--device", "gpu"], 2, "there is no device gpu"),
    ],
)
def test_bad_input_gets_one_line_and_changes_nothing(
    tmp_path: Path,
    built: Path,
    spoil,
    flags: list[str],
    code: int,
    message: str,
    capsys: pytest.CaptureFixture,
) -> None:
    """Every kind of unusable input: exit code, one clear line, a database as it was."""
    model = write_tiny_model(tmp_path / "model")
    spoil(model)
    before = built.read_bytes()
    assert run(built, model, "--method", "wanda", *flags) == code
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: ")
    assert message in error
    assert built.read_bytes() == before
    Path(f"{built}.work").unlink(missing_ok=True)


def test_sharded_checkpoint_gives_the_same_masks(tiny_model: Path, tmp_path: Path, built: Path) -> None:
    """A checkpoint in several files is the same model as in one, save for its fingerprint."""
    sharded = write_tiny_model(tmp_path / "sharded", max_shard_size="60KB")
    assert (sharded / "model.safetensors.index.json").exists()
    database = tmp_path / "sparsity.db"
    assert (
        run(database, sharded, "--method", "wanda", "--pattern", "2:4", "--no-cluster", "--no-evaluate") == 0
    )
    query = (
        "SELECT layer, component, axis, feature_index, keep_mask FROM feature_masks"
        " INNER JOIN matrices USING (matrix_id) INNER JOIN pruning_runs USING (run_id)"
        " WHERE method = 'wanda' AND pattern = '2:4' ORDER BY ALL"
    )
    with attach_read_only(built) as first, attach_read_only(database) as second:
        assert first.execute(query).fetchall() == second.execute(query).fetchall()
