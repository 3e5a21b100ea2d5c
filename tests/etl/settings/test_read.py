"""Pipeline files and flags become checked settings."""

from pathlib import Path

import pytest

from etl.cli import main
from etl.plan import make_plan
from etl.settings.keys import TABLE_OF, Clusters, flag
from etl.settings.read import Settings, SettingsError, read_settings
from warehouse.errors import UsageError


def settings_of(tmp_path: Path, content: str, **flags: object) -> Settings:
    file = tmp_path / "pipeline.toml"
    file.write_text(content)
    return read_settings(file, flags)


def test_defaults_are_the_main_path() -> None:
    """Without a file: three methods, unstructured and 2:4, at one half; one of them again, repaired."""
    *requests, repaired = read_settings(None, {}).requests
    assert (repaired.method, str(repaired.pattern), repaired.refine) == ("sparsegpt", "2:4", "reconstruct")
    assert {request.refine for request in requests} == {None}
    assert [(r.method, str(r.pattern), r.sparsity) for r in requests] == [
        (method, pattern, 0.5)
        for method in ("magnitude", "wanda", "sparsegpt")
        for pattern in ("unstructured", "2:4")
    ]


@pytest.mark.parametrize("flags", [{"method": ["wanda"]}, {"damping": 0.1}, {"model": "folder"}])
def test_only_the_bundled_model_is_repaired_unasked(flags: dict[str, object]) -> None:
    """And only where neither file nor flag says what to prune."""
    assert not any(request.refine for request in read_settings(None, flags).requests)


def test_a_restriction_holds_for_the_repaired_run_too(tmp_path: Path) -> None:
    """[model] layers are those of every run; a [[prune]] table replaces all of them."""
    assert read_settings(None, {"layers": [1, 0]}).requests[-1].layers == (0, 1)
    assert len(settings_of(tmp_path, '[[prune]]\nmethod = "wanda"\n').requests) == 2


def test_file_is_read_and_flags_win(tmp_path: Path) -> None:
    """A flag replaces the value of the file, other values of the file stay."""
    settings = settings_of(
        tmp_path, "[clusters]\nk = [2, 3]\nneighbours = 64\n[evaluate]\nwindow = 128\n", k=[5], window=None
    )
    assert settings.clusters.k == (5,)
    assert settings.clusters.neighbours == 64
    assert settings.evaluate.window == 128


def test_value_formats_multiply_out(tmp_path: Path) -> None:
    """Every run is done in every format; methods that only round have one run for each narrow format."""
    text = """
        [[prune]]
        method = ["wanda", "gptq"]
        sparsity = 0.5
        pattern = ["unstructured", "2:4"]
        value_format = ["checkpoint", "int4"]
        group_size = 64
    """
    requests = settings_of(tmp_path, text).requests
    assert [(r.method, r.sparsity, str(r.pattern), r.value_format) for r in requests] == [
        ("wanda", 0.5, "unstructured", None),
        ("wanda", 0.5, "unstructured", "int4"),
        ("wanda", 0.5, "2:4", None),
        ("wanda", 0.5, "2:4", "int4"),
        ("gptq", 0.0, "unstructured", "int4"),
    ]
    assert {r.group_size for r in requests} == {64}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('method = "gptq"', "give a value_format, such as int4"),
        ('method = "gptq"\nsparsity = 0.5\nvalue_format = "int4"', "gptq prunes nothing; leave sparsity"),
        ('method = ["gptq", "round"]\npattern = "2:4"\nvalue_format = "int4"', "gptq prunes nothing"),
    ],
)
def test_methods_that_only_round_are_asked_for_nothing_else(tmp_path: Path, table: str, message: str) -> None:
    """Alone, they are refused a sparsity or pattern, and need a value format."""
    with pytest.raises(UsageError, match=message):
        settings_of(tmp_path, f"[[prune]]\n{table}\n")


def test_prune_tables_multiply_out(tmp_path: Path) -> None:
    """Lists in one [[prune]] table are crossed; equal runs of two tables are one run."""
    text = """
        [[prune]]
        method = ["magnitude", "wanda"]
        sparsity = [0.5, 0.7]
        pattern = "unstructured"
        [[prune]]
        method = "wanda"
        sparsity = 0.5
        pattern = ["unstructured", "4:8"]
    """
    found = [(r.method, r.sparsity, str(r.pattern)) for r in settings_of(tmp_path, text).requests]
    assert found == [
        ("magnitude", 0.5, "unstructured"),
        ("magnitude", 0.7, "unstructured"),
        ("wanda", 0.5, "unstructured"),
        ("wanda", 0.7, "unstructured"),
        ("wanda", 0.5, "4:8"),
    ]


def test_sparsity_of_unstructured_runs_leaves_patterns_alone() -> None:
    """--sparsity 0.7 beside 2:4 asks for 70% unstructured, and for 2:4 as it is."""
    requests = read_settings(None, {"method": ["wanda"], "sparsity": [0.7]}).requests
    assert [(str(r.pattern), r.sparsity) for r in requests] == [("unstructured", 0.7), ("2:4", 0.5)]


PATHS = """
    [warehouse]
    db = "x"
    [model]
    model = "x"
    [calibration]
    calibration = "x"
    [evaluate]
    text = "x"
"""


def paths_of(settings: Settings) -> set[str | None]:
    """Return every path of a pipeline."""
    tables = (settings.warehouse.db, settings.model.model, settings.calibration.calibration)
    return {*tables, settings.evaluate.text}


def test_paths_of_a_file_lie_beside_it(tmp_path: Path) -> None:
    """Every relative path in a pipeline file is relative to that file, so that cron may start anywhere."""
    assert paths_of(settings_of(tmp_path, PATHS)) == {str(tmp_path / "x")}
    assert paths_of(settings_of(tmp_path, PATHS.replace('"x"', '"/y/x"'))) == {"/y/x"}
    home = Path("~/x").expanduser()
    assert paths_of(settings_of(tmp_path, PATHS.replace('"x"', '"~/x"'))) == {str(home)}
    flags = dict.fromkeys(("db", "model", "calibration", "text"), "z")
    assert paths_of(settings_of(tmp_path, PATHS, **flags)) == {"z"}
    texts = settings_of(tmp_path, "[calibration]\ncalibration = 'stdlib'\n[evaluate]\ntext = 'stdlib'\n")
    assert (texts.calibration.calibration, texts.evaluate.text) == ("stdlib", "stdlib")


@pytest.mark.parametrize("flags", [("--method", "wanda", "sparsegpt"), ("--k", "4", "8"), ("--layers", "0")])
def test_a_pipeline_file_after_a_flag_of_several_values_is_the_pipeline_file(
    tmp_path: Path, tiny_model: Path, capsys: pytest.CaptureFixture, flags: tuple[str, ...]
) -> None:
    """Argparse counts it among the values; nobody means that."""
    file = tmp_path / "p.toml"
    file.write_text(f'[model]\nmodel = "{tiny_model}"\n[[prune]]\npattern = "2:4"\n')
    assert main(["plan", "--db", str(tmp_path / "x.db"), *flags, str(file)]) == 0
    planned = capsys.readouterr().out
    assert "tiny wanda 0.5 2:4" in planned
    assert "unstructured" not in planned


def test_every_key_of_clusters_decides_what_is_clustered_again(tmp_path: Path, tiny_model: Path) -> None:
    """A changed key gives the step another fingerprint, whichever key it is, and whichever is added later."""
    base = {"model": str(tiny_model), "method": ["wanda"], "k": [2], "cluster_seed": [1]}
    other = {"algorithm": ["dbscan"], "distance": ["euclidean", "cosine"], "embedding": ["tsne"], "k": [3]}
    other |= {"margins": "features"}
    other |= dict.fromkeys(("neighbours", "references", "null_replicates", "restarts"), 7)
    other |= {"cluster_seed": [2]}

    def fingerprints(**changes: object) -> set[str]:
        plan = make_plan(read_settings(None, base | changes), None)
        return {step.fingerprint for step in plan.steps if step.kind == "cluster"}

    assert other.keys() == Clusters.model_fields.keys() - {"cluster", "test", "test_replicates"}
    for key, value in other.items():
        more = {"algorithm": ["agglomerative"]} if key == "distance" else {}
        assert not fingerprints(**more, **{key: value}) & fingerprints(**more), key


def test_tests_are_done_again_for_other_replicates_alone(tiny_model: Path) -> None:
    """No other key of [clusters] decides what a test of structure finds; --no-test leaves the step out."""

    def fingerprints(**changes: object) -> set[str]:
        settings = read_settings(None, {"model": str(tiny_model), "method": ["wanda"]} | changes)
        return {step.fingerprint for step in make_plan(settings, None).steps if step.kind == "test"}

    assert len(fingerprints()) == 2
    assert fingerprints(k=[3], cluster=False) == fingerprints()
    assert not fingerprints(test_replicates=99) & fingerprints()
    assert fingerprints(test=False) == set()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[cluster]\nk = [4]\n", r"no table \[cluster\]; the nearest is clusters"),
        ("[clusters]\nneighbors = 4\n", r"\[clusters\] there is no key neighbors; the nearest is neighbours"),
        ("[clusters]\nk = 2.5\n", r"\[clusters\] k must be a valid integer, not 2.5"),
        ("[clusters]\nk = true\n", "k must be a valid integer, not True"),
        ("[clusters]\nk = []\n", "k needs at least one value"),
        ("[clusters]\nneighbours = [3, 4]\n", r"neighbours must be a valid integer, not \[3, 4\]"),
        ("[clusters]\nk = 1\n", "k must be greater than or equal to 2, not 1"),
        ("[[prune]]\nmethod = 'wandb'\n", "the nearest is wanda"),
        ("[prune]\nmethod = 'wanda'\n", r"must be written as \[\[prune\]\]"),
        ("[[model]]\nmodel = 'x'\n", r"must be written as \[model\]"),
        ("[[prune]]\nsparsity = 1.0\n", r"outside \[0, 1\)"),
        ("[[prune]]\nsparsity = -0.1\n", r"outside \[0, 1\)"),
        ("[[prune]]\npattern = '4:2'\n", "1 ≤ N < M"),
        ("[[prune]]\npattern = '2:4'\nsparsity = 0.7\n", "means sparsity 0.5"),
        ("[model\n", "cannot read the pipeline file"),
        ("prune = [1]\n", r"must be written as \[\[prune\]\]"),
        (
            "[calibration]\ncalibration_seed = 3000000000\n",
            "calibration_seed must be less than or equal to 2147483647",
        ),
        (
            "[calibration]\ncalibration_seed = -1\n",
            "calibration_seed must be greater than or equal to 0, not -1",
        ),
        ("[calibration]\nsamples = 99999999999999999999\n", "samples must be less than or equal to"),
        ("[clusters]\ncluster_seed = [0, 4294967296]\n", "cluster_seed must be less than or equal to"),
        ("[evaluate]\nwindows = 2147483648\n", "windows must be less than or equal to"),
        ("[clusters]\nk = 128\n", "k 128 must be below neighbours, which are 128"),
        ("[clusters]\nneighbours = 8\n", "k 16 must be below neighbours, which are 8"),
        ("[[prune]]\nsparsity = nan\n", "sparsity must be a finite number, not nan"),
        ("[[prune]]\ndamping = inf\n", "damping must be a finite number, not inf"),
        ("[model]\nmodel = ''\n", "model must be a path, not ''"),
        ("[model]\nmodel = '~nobody-of-this-name/x'\n", "model: there is no home folder behind ~nobody"),
        ("[model]\nmodel = [1, 2]\n", "model must be a valid string"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    """Every mistake in a file is a usage error that says what to write."""
    with pytest.raises(UsageError, match=message):
        settings_of(tmp_path, text)


def test_numbers_are_written_in_one_script(capsys: pytest.CaptureFixture) -> None:
    """As in a pipeline file; Python's own conversion reads the digits of all."""
    for flags in (["--samples", "٣"], ["--sparsity", "٠.٥"]):
        with pytest.raises(SystemExit) as stopped:
            main(["plan", *flags])
        assert stopped.value.code == 2
        assert "number value" in capsys.readouterr().err


def test_missing_file_is_named(tmp_path: Path) -> None:
    """A pipeline file that is not there is named."""
    with pytest.raises(SettingsError, match=r"nowhere\.toml"):
        read_settings(tmp_path / "nowhere.toml", {})


@pytest.mark.parametrize("command", ["run", "plan"])
def test_every_key_has_a_flag_in_the_help(command: str, capsys: pytest.CaptureFixture) -> None:
    """The help of both commands names a flag for every key of a pipeline file."""
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    assert [key for key in TABLE_OF if flag(key) not in text] == []
