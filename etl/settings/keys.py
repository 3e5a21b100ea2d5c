"""Every setting of a pipeline, once: the pipeline file, flags, help and docs are made from this."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo
from pydantic.fields import FieldInfo

from etl.clusters.methods import ALGORITHM_DISTANCES, DISTANCES, EMBEDDINGS, MARGINS
from etl.model.demo import DEMO
from etl.model.texts import STANDARD_LIBRARY
from etl.pruning.registry import BUILT_IN, method_names
from etl.pruning.request import ALLOCATIONS, REFINEMENTS, TIE_RULES, VALUE_FORMATS
from etl.validation import nearest

T = TypeVar("T")

#: The methods of a run that names none.
DEFAULT_METHODS = ("magnitude", "wanda", "sparsegpt")
#: The value format that leaves values in the checkpoint's own dtype.
CHECKPOINT = "checkpoint"

#: The largest number that a column of the warehouse takes.
_LARGEST = 2**31 - 1


def _one_of(choices: Collection[str]) -> AfterValidator:
    def check(value: str) -> str:
        if value not in choices:
            msg = f"{value!r} is not known; the nearest is {nearest(value, choices)}"
            raise ValueError(msg)
        return value

    return AfterValidator(check)


def _known_method(value: str) -> str:
    """Accept a method that is built in or that an installed package adds."""
    if value not in BUILT_IN and value not in method_names():
        msg = f"{value!r} is not known; the nearest is {nearest(value, method_names())}"
        raise ValueError(msg)
    return value


def _as_tuple(value: object) -> object:
    """Let one value stand for a list of it."""
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _beside_the_file(value: str, info: ValidationInfo) -> str:
    """Take a relative path from the folder of the pipeline file, where the value stands in one."""
    try:
        path = Path(value).expanduser()
    except RuntimeError as error:
        msg = f"there is no home folder behind {value}"
        raise ValueError(msg) from error
    if not value or "\0" in value:
        msg = "Input should be a path"
        raise ValueError(msg)
    if info.context is None or value == STANDARD_LIBRARY:
        return value
    return str(info.context / path)


def _model_place(value: str, info: ValidationInfo) -> str:
    """Leave the name of the demo model as it is where no folder beside the file has it."""
    if value == DEMO and not ((info.context or Path()) / value).is_dir():
        return value
    return _beside_the_file(value, info)


Count = Annotated[int, Field(ge=1, le=_LARGEST)]
Several = Annotated[int, Field(ge=2, le=_LARGEST)]
Index = Annotated[int, Field(ge=0, le=_LARGEST)]
Share = Annotated[float, Field(gt=0, lt=1)]
Place = Annotated[str, AfterValidator(_beside_the_file)]
Some = Annotated[tuple[T, ...], BeforeValidator(_as_tuple), Field(min_length=1)]
Method = Annotated[str, AfterValidator(_known_method)]
ValueFormat = Annotated[str, _one_of((CHECKPOINT, *VALUE_FORMATS))]
Algorithm = Annotated[str, _one_of(ALGORITHM_DISTANCES)]
Distance = Annotated[str, _one_of(DISTANCES)]
Embedding = Annotated[str, _one_of(EMBEDDINGS)]


class Table(BaseModel):
    """A table of a pipeline file; every field is a key, and a flag of the same name."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class Warehouse(Table):
    """[warehouse]."""

    db: Place | None = Field(None, description="database (default: $SPARSITY_DB, else sparsity.db here)")
    keep_weights: bool = Field(
        True, description="keep pruned weights beside the database, to evaluate them again"
    )


class Model(Table):
    """[model]."""

    model: Annotated[str, AfterValidator(_model_place)] | None = Field(
        None,
        description=f"Hugging Face checkpoint folder, or {DEMO}, a real model out of a Python package"
        " (default: the bundled model)",
    )
    layers: Some[Index] = Field((), description="prune these transformer blocks only")
    projections: Some[str] = Field((), description="prune these projections only, such as q v")


class Calibration(Table):
    """[calibration]."""

    calibration: Place = Field(
        STANDARD_LIBRARY, description="calibration text or token ids: stdlib, or a file or folder"
    )
    samples: Count | None = Field(
        None, description="calibration sequences (default: 32, or 128 for models above 1 billion parameters)"
    )
    length: Several = Field(
        256,
        description="tokens in each calibration sequence; by default no more than the model has positions",
    )
    calibration_seed: Some[Index] = Field(
        (0,), description="seeds of the draw of the sequences; every run is done once for each"
    )


class Prune(Table):
    """[[prune]]."""

    method: Some[Method] = Field(
        DEFAULT_METHODS,
        description=f"pruning methods: {', '.join(BUILT_IN)}; installed packages may add others",
    )
    sparsity: Some[float] = Field(
        (0.5,), description="shares of zeros in [0, 1), for unstructured runs; slicegpt: of dimensions"
    )
    pattern: Some[str] = Field(
        ("unstructured", "2:4"), description="unstructured, or N:M (N of M kept); slicegpt has its own"
    )
    scope: str | None = Field(
        None, description="compare scores over: row, matrix, model, cumulative (default: by method)"
    )
    ties: Annotated[str, _one_of(TIE_RULES)] = Field(
        "exact",
        description="magnitudes equal to the threshold: prune as many as asked (exact), or all (reference)",
    )
    damping: float = Field(0.01, description="SparseGPT: damping, as a share of the mean of the diagonal")
    block_size: Count = Field(128, description="SparseGPT: columns per block")
    value_format: Some[ValueFormat] = Field(
        (CHECKPOINT,),
        description=f"formats of the kept values: {CHECKPOINT} (as they are), {', '.join(VALUE_FORMATS)}",
    )
    group_size: Index = Field(
        128, description="inputs of a row that share a scale in a narrow value format; 0 for all of a row"
    )
    allocation: Annotated[str, _one_of(ALLOCATIONS)] = Field(
        "uniform", description=f"how sparsity is spread over the blocks: {', '.join(ALLOCATIONS)}"
    )
    allocation_spread: float = Field(
        0.08, description="half the distance between the lowest and the highest sparsity of a block (OWL's λ)"
    )
    refine: Annotated[str, _one_of(REFINEMENTS)] | None = Field(
        None, description=f"repair each block after pruning: {', '.join(REFINEMENTS)} (default: none)"
    )
    refine_samples: Several = Field(256, description="reconstruct: sequences that each block is refitted on")
    refine_steps: Count = Field(250, description="reconstruct: most updates of each block")
    true_sequential: bool = Field(
        False, description="prune q, k, v, then o, then gate, up, then down, each on inputs of the pruned"
    )


class Metrics(Table):
    """[metrics]."""

    feature_metrics: bool = Field(True, description="norms and density of every feature")
    compare: bool = Field(
        True, description="compare every two runs feature by feature: Jaccard, cosine, Hamming"
    )
    activations: bool = Field(
        True,
        description="thresholds of activations, and the perplexity with what lies below them taken for 0",
    )
    activation_sparsity: Some[Share] = Field(
        (0.25, 0.4, 0.5, 0.9), description="shares of the inputs of every matrix below its thresholds"
    )
    activation_windows: Count = Field(8, description="most windows that this perplexity is measured on")


class Clusters(Table):
    """[clusters]."""

    cluster: bool = Field(True, description="cluster the features of every matrix")
    algorithm: Some[Algorithm] = Field(
        ("kmeans",), description=f"clustering algorithms: {', '.join(ALGORITHM_DISTANCES)}"
    )
    distance: Some[Distance] = Field(
        ("euclidean",),
        description="distances the algorithms work on; each algorithm is run with those it admits:"
        f" {', '.join(DISTANCES)}",
    )
    k: Some[Several] = Field((4, 8, 16), description="numbers of clusters, below neighbours")
    neighbours: Several = Field(128, description="features clustered around a reference feature")
    references: Count = Field(1, description="reference features drawn for every matrix")
    cluster_seed: Some[Index] = Field((0,), description="seeds of the clustering")
    null_replicates: Several = Field(10, description="chance masks clustered beside every real one")
    margins: Annotated[str, _one_of(MARGINS)] = Field(
        "both",
        description="what chance masks keep: the counts of both axes, in N:M of every group (both), or the"
        " counts of the clustered features alone (features)",
    )
    restarts: Count = Field(1, description="starts of k-means, of which the best counts")
    embedding: Some[Embedding] = Field(
        ("pca",), description=f"layouts of the clustered features in the plane: {', '.join(EMBEDDINGS)}"
    )
    test: bool = Field(True, description="test the masks of every matrix for structure beyond chance")
    test_replicates: Several = Field(
        199,
        description="chance masks at which a test of structure ends; more are drawn where the number of tests"
        " needs them, fewer where there is no structure",
    )


class Evaluate(Table):
    """[evaluate]."""

    evaluate: bool = Field(True, description="measure perplexity")
    text: Place = Field(
        STANDARD_LIBRARY,
        description="evaluation text or token ids: stdlib (held-out modules), or a file or folder",
    )
    window: Several = Field(
        512, description="tokens in each window; by default no more than the model has positions"
    )
    windows: Count = Field(32, description="windows evaluated, spread evenly over the text")

    @property
    def dataset(self) -> str:
        """What the warehouse calls the text."""
        return "stdlib-held-out" if self.text == STANDARD_LIBRARY else self.text


#: Tables of a pipeline file by name; `prune` is an array of tables.
TABLES: dict[str, type[Table]] = {
    "warehouse": Warehouse,
    "model": Model,
    "calibration": Calibration,
    "prune": Prune,
    "metrics": Metrics,
    "clusters": Clusters,
    "evaluate": Evaluate,
}
#: The table of every key.
TABLE_OF = {key: name for name, table in TABLES.items() for key in table.model_fields}


def flag(key: str) -> str:
    """Return the flag of a key, such as --null-replicates."""
    return "--" + key.replace("_", "-")


def item_type(field: FieldInfo) -> tuple[type, bool]:
    """Return the type of a key's values, and whether it takes several."""
    kind: Any = field.annotation
    # What is left inside of tuple[…], Annotated[…] and … | None.
    while get_args(kind):
        kind = get_args(kind)[0]
    return kind, get_origin(field.annotation) is tuple
