"""Statistics of a matrix's calibration inputs: Wanda's norms, SparseGPT's Hessian, reconstruction error.

All of it in float32 with TF32 off, whatever the dtype of the model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager, suppress

import torch
from torch import nn

from etl.errors import OVERFLOW_ADVICE, PruningError
from etl.model.matrices import WeightMatrix, without_expert
from etl.pruning.watching import Components, grouped, watched


@contextmanager
def full_float32() -> Generator[None]:
    """Multiply float32 matrices in float32: neither TF32 on a GPU nor bfloat16 on a CPU."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


class InputStatistics:
    """Running statistics of the inputs x of a matrix over calibration sequences.

    - `token_count`: how many inputs there were; for an expert of a mixture only those routed to it.
    - `squared_norms` (in,): a_j, the mean over sequences of Σ_tokens x_j² (Wanda, arXiv 2306.11695).
    - `hessian` (in, in): (2/n)·Σ x xᵀ over the n sequences (SparseGPT, arXiv 2301.00774).
    """

    def __init__(self, in_features: int, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self.sequence_count = 0
        self.token_count = 0
        self.squared_norms = torch.zeros(in_features, device=device)
        self.hessian = torch.zeros(in_features, in_features, device=device)

    @torch.no_grad()
    def add(self, inputs: torch.Tensor, sequences: int | None = None) -> None:
        """Add the inputs (…, in) of so many sequences, else of `len(inputs)`, of any float dtype."""
        batch = len(inputs) if sequences is None else sequences
        seen = self.sequence_count
        self.sequence_count = total = seen + batch
        flat = inputs.detach().reshape(-1, inputs.shape[-1]).float()
        self.token_count += len(flat)
        self.squared_norms.mul_(seen / total).add_(flat.square().sum(dim=0), alpha=1 / total)
        with full_float32():
            self.hessian.addmm_(flat.T, flat, beta=seen / total, alpha=2 / total)

    @property
    def is_finite(self) -> bool:
        """Tell whether no input was NaN or infinite, and no sum of squares overflowed."""
        return bool(self.squared_norms.isfinite().all() and self.hessian.diagonal().isfinite().all())

    @property
    def activation_norm(self) -> torch.Tensor:
        """‖x_j‖₂ (in,) as Wanda takes it: √a_j."""
        return self.squared_norms.sqrt()

    @torch.no_grad()
    def reconstruction_error(self, weight: torch.Tensor, pruned: torch.Tensor) -> float:
        """Return ‖WX − ŴX‖ / ‖WX‖ (Frobenius) for W and Ŵ (out, in); 0 where both are 0.

        Taken from the second moment: ‖AX‖² = tr(A·XXᵀ·Aᵀ), in which the Hessian's scale cancels. Raises
        PruningError where a weight, or the energy of the outputs, is infinite or NaN.
        """
        dense = weight.float()
        lost = self._energy(dense - pruned.float())
        whole = self._energy(dense)
        if not math.isfinite(lost) or not math.isfinite(whole):
            msg = f"the outputs on the calibration text are infinite or NaN; {OVERFLOW_ADVICE}"
            raise PruningError(msg)
        return (lost / whole) ** 0.5 if lost > 0 and whole > 0 else 0.0

    def _energy(self, matrix: torch.Tensor) -> float:
        with full_float32():
            return (matrix @ self.hessian).mul_(matrix).sum(dtype=torch.float64).item()


class SharedInputs:
    """The statistics of a block's matrices; those that receive the same tensor share one set.

    q, k and v read one tensor, gate and up another; `leaders` maps each component to the component whose
    statistics it shares (itself where it shares none).
    """

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self.leaders: dict[str, str] = {}
        self._statistics: dict[str, InputStatistics] = {}
        self._device = device
        self._seen: dict[str, torch.Tensor] = {}
        self._unseen: set[Components] = set()
        self._sequences = 0

    def __getitem__(self, component: str) -> InputStatistics:
        return self._statistics[self.leaders[component]]

    def stages(self, components: Iterable[str]) -> list[list[str]]:
        """Group components by the inputs they share, in the order in which the block runs them.

        What the experts of a mixture do side by side is one group.
        """
        wanted = set(components)
        groups: dict[str, list[str]] = {}
        for component, leader in self.leaders.items():
            if component in wanted:
                groups.setdefault(without_expert(leader), []).append(component)
        return list(groups.values())

    def take_over(self, other: SharedInputs, components: Iterable[str]) -> None:
        """Take the statistics of `components`, all that share their inputs, from another set."""
        for component in components:
            leader = self.leaders[component] = other.leaders[component]
            self._statistics[leader] = other._statistics[leader]

    def check(self, block: str) -> None:
        """Raise PruningError that names the first matrix of `block` with no inputs, or NaN or infinite ones.

        A score of NaN is neither below nor above a threshold, so that fewer weights would be pruned.
        """
        for component, statistics in self._statistics.items():
            if statistics.token_count == 0:
                msg = (
                    f"{block}.{component} saw no token of the calibration text; "
                    "give more --samples, a larger --length or another --calibration"
                )
                raise PruningError(msg)
            if not statistics.is_finite:
                msg = (
                    f"the inputs of {block}.{component} on the calibration text are infinite or NaN; "
                    f"{OVERFLOW_ADVICE}"
                )
                raise PruningError(msg)

    @contextmanager
    def watch(
        self, block: nn.Module, matrices: Sequence[WeightMatrix]
    ) -> Generator[Callable[[Callable[[], object], int], None]]:
        """Watch the inputs of the matrices of one loaded block.

        Yields a function that adds one batch: it calls its first argument, which runs the block on so many
        sequences as the second says. The run stops as soon as every matrix has received its inputs, since the
        output of the last is not needed; an expert may be given none in a batch.
        """
        groups = grouped(matrices)
        widths = {groups[m.placed.name, m.placed.index]: m.in_features for m in matrices}

        def take_batch(run: Callable[[], object], sequences: int) -> None:
            self._unseen, self._sequences = set(widths), sequences
            with suppress(_AllInputsSeen), watched(block, groups, self._take_and_stop):
                run()
            for components, width in widths.items():
                if components in self._unseen:
                    self._take(components, torch.empty(0, width, device=self._device))
            self._seen.clear()

        yield take_batch

    def _take_and_stop(self, components: Components, inputs: torch.Tensor) -> None:
        self._take(components, inputs)
        self._unseen.discard(components)
        if not self._unseen:
            raise _AllInputsSeen

    def _take(self, components: Components, inputs: torch.Tensor) -> None:
        shared = (leader for leader, tensor in self._seen.items() if tensor is inputs)
        leader = self.leaders.setdefault(components[0], next(shared, components[0]))
        self.leaders |= dict.fromkeys(components, leader)
        if leader != components[0]:
            return
        # Holding the tensor until the batch ends keeps its identity from being reused by another.
        self._seen[leader] = inputs
        if leader not in self._statistics:
            self._statistics[leader] = InputStatistics(inputs.shape[-1], self._device)
        self._statistics[leader].add(inputs, self._sequences)


class _AllInputsSeen(Exception):  # noqa: N818  a signal, not an error
    """Stops a block's run once every watched matrix has received its inputs."""
