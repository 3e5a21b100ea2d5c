"""Every setting of a pipeline, once: the pipeline file, the flags and the help are made from this list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from etl.clusters.methods import ALGORITHM_DISTANCES, DISTANCES, EMBEDDINGS
from etl.pruning.request import METHOD_SCOPES, TIE_RULES


@dataclass(frozen=True)
class SettingKey:
    """One key of a pipeline file and the flag of the same name.

    `kind` is the type of a value; `many` allows a list of them; `choices` closes the set of values.
    """

    table: str
    name: str
    kind: type
    default: Any
    help: str
    many: bool = False
    choices: tuple[str, ...] | None = None
    minimum: int | None = None

    @property
    def flag(self) -> str:
        """The command-line flag, such as --null-replicates."""
        return "--" + self.name.replace("_", "-")


#: Tables of a pipeline file; `prune` is an array of tables.
TABLES = ("warehouse", "model", "calibration", "prune", "metrics", "clusters", "evaluate")

KEYS = (
    SettingKey("warehouse", "db", str, None, "database (default: $SPARSITY_DB, else sparsity.db here)"),
    SettingKey(
        "warehouse",
        "keep_weights",
        bool,
        True,
        "keep pruned weights beside the database, to evaluate them again",
    ),
    SettingKey("model", "model", str, None, "Hugging Face checkpoint folder (default: the bundled model)"),
    SettingKey("model", "layers", int, None, "prune these transformer blocks only", many=True, minimum=0),
    SettingKey("calibration", "calibration", str, "stdlib", "calibration text: stdlib, or a file or folder"),
    SettingKey("calibration", "samples", int, 32, "calibration sequences", minimum=1),
    SettingKey("calibration", "length", int, 256, "tokens in each calibration sequence", minimum=2),
    SettingKey("calibration", "calibration_seed", int, 0, "seed of the draw of the sequences", minimum=0),
    SettingKey(
        "prune",
        "method",
        str,
        tuple(METHOD_SCOPES),
        "pruning methods",
        many=True,
        choices=tuple(METHOD_SCOPES),
    ),
    SettingKey(
        "prune", "sparsity", float, (0.5,), "shares of zeros in [0, 1), for unstructured runs", many=True
    ),
    SettingKey(
        "prune", "pattern", str, ("unstructured", "2:4"), "unstructured, or N:M (N of M kept)", many=True
    ),
    SettingKey("prune", "scope", str, None, "compare scores over: row, matrix, model (default: by method)"),
    SettingKey(
        "prune",
        "ties",
        str,
        "exact",
        "magnitudes equal to the threshold: prune exactly, or all",
        choices=TIE_RULES,
    ),
    SettingKey("prune", "damping", float, 0.01, "SparseGPT: damping, as a share of the mean of the diagonal"),
    SettingKey("prune", "block_size", int, 128, "SparseGPT: columns a block", minimum=1),
    SettingKey("metrics", "feature_metrics", bool, True, "norms and density of every feature"),
    SettingKey(
        "metrics",
        "compare",
        bool,
        True,
        "compare every two runs feature by feature: Jaccard, cosine, Hamming",
    ),
    SettingKey("clusters", "cluster", bool, True, "cluster the features of every matrix"),
    SettingKey(
        "clusters",
        "algorithm",
        str,
        ("kmeans",),
        "clustering algorithms",
        many=True,
        choices=tuple(ALGORITHM_DISTANCES),
    ),
    SettingKey(
        "clusters",
        "distance",
        str,
        ("euclidean",),
        "distances the algorithms work on; each algorithm is run with those it admits",
        many=True,
        choices=DISTANCES,
    ),
    SettingKey("clusters", "k", int, (4, 8, 16), "numbers of clusters", many=True, minimum=2),
    SettingKey(
        "clusters", "neighbours", int, 128, "features clustered around a reference feature", minimum=2
    ),
    SettingKey("clusters", "references", int, 1, "reference features drawn for every matrix", minimum=1),
    SettingKey("clusters", "cluster_seed", int, (0,), "seeds of the clustering", many=True, minimum=0),
    SettingKey(
        "clusters", "null_replicates", int, 10, "chance masks clustered beside every real one", minimum=2
    ),
    SettingKey("clusters", "restarts", int, 1, "starts of k-means, of which the best counts", minimum=1),
    SettingKey(
        "clusters",
        "embedding",
        str,
        ("pca",),
        "layouts of the clustered features in the plane",
        many=True,
        choices=EMBEDDINGS,
    ),
    SettingKey("evaluate", "evaluate", bool, True, "measure perplexity"),
    SettingKey(
        "evaluate", "text", str, "stdlib", "evaluation text: stdlib (held-out modules), or a file or folder"
    ),
    SettingKey("evaluate", "window", int, 512, "tokens in each window", minimum=2),
    SettingKey("evaluate", "windows", int, 32, "windows evaluated, spread evenly over the text", minimum=1),
)
KEYS_BY_NAME = {key.name: key for key in KEYS}
