"""The runs and matrices of the sample warehouse, and the masks that the runs are said to have left."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

MODEL = "tiny-llama"
COMPONENTS = {
    "q": "self_attn.q_proj",
    "k": "self_attn.k_proj",
    "v": "self_attn.v_proj",
    "o": "self_attn.o_proj",
    "gate": "mlp.gate_proj",
    "up": "mlp.up_proj",
    "down": "mlp.down_proj",
}


@dataclasses.dataclass(frozen=True)
class Run:
    """One pruning run of the sample: what was asked, and the perplexity it is said to give."""

    run_id: int
    method: str
    sparsity: float
    pattern: str
    perplexity: float


RUNS = (
    Run(1, "dense", 0.0, "unstructured", 8.12),
    Run(2, "magnitude", 0.5, "unstructured", 14.89),
    Run(3, "wanda", 0.5, "unstructured", 9.41),
    Run(4, "sparsegpt", 0.5, "2:4", 10.93),
)


@dataclasses.dataclass(frozen=True)
class Shape:
    """How large the sample is."""

    blocks: int = 3
    hidden: int = 32
    intermediate: int = 64
    neighbours: int = 16
    cluster_counts: tuple[int, ...] = (4, 8)
    chance_replicates: int = 3


@dataclasses.dataclass(frozen=True)
class Matrix:
    """One weight matrix of the sample."""

    matrix_id: int
    layer: int
    projection: str
    out_features: int
    in_features: int

    @property
    def cluster_axis(self) -> str:
        """Features are compared by rows for `down`, by columns elsewhere."""
        return "output" if self.projection == "down" else "input"


def list_matrices(shape: Shape) -> list[Matrix]:
    """Return the matrices of the sample, block by block."""
    sizes = {
        "gate": (shape.intermediate, shape.hidden),
        "up": (shape.intermediate, shape.hidden),
        "down": (shape.hidden, shape.intermediate),
    }
    places = [(layer, projection) for layer in range(shape.blocks) for projection in COMPONENTS]
    return [
        Matrix(number, layer, projection, *sizes.get(projection, (shape.hidden, shape.hidden)))
        for number, (layer, projection) in enumerate(places, start=1)
    ]


def keep_mask(run: Run, matrix: Matrix) -> NDArray[np.bool_]:
    """Draw the (out, in) keep mask of a run and matrix.

    Magnitude keeps weights at random, Wanda plants four groups of alike columns (rows for `down`), and an
    N:M pattern keeps N of every M consecutive inputs of each row.
    """
    generator = np.random.default_rng(1000 * run.run_id + matrix.matrix_id)
    size = (matrix.out_features, matrix.in_features)
    scores = generator.random(size)
    if ":" in run.pattern:
        kept, group = map(int, run.pattern.split(":"))
        grouped = scores.reshape(size[0], -1, group)
        return (grouped.argsort(axis=2).argsort(axis=2) < kept).reshape(size)
    if run.method == "wanda":
        axis = 0 if matrix.cluster_axis == "output" else 1
        prototypes = generator.random((4, size[1 - axis]))
        groups = prototypes[np.arange(size[axis]) % 4]
        scores = 0.3 * scores + 0.7 * (groups if axis == 0 else groups.T)
    kept_count = round(scores.size * (1 - run.sparsity))
    return scores >= np.partition(scores.ravel(), -kept_count)[-kept_count]
