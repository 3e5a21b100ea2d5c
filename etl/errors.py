"""The failures of the ETL that a person sees as one line; each says what to do."""

from warehouse.errors import SparsityError, UsageError

#: What to do about activations that are no finite numbers.
OVERFLOW_ADVICE = "try --device cpu, which computes in float32, or another copy of the checkpoint"


class CheckpointError(SparsityError):
    """A model folder cannot be used: absent, incomplete, truncated, unsupported or holding NaN."""


class EvaluationError(SparsityError):
    """The perplexity of a model is no finite number."""


class CalibrationError(SparsityError):
    """The calibration or evaluation tokens do not fit the model or the windows asked for."""


class PruningError(SparsityError):
    """A pruning method cannot finish on these weights and inputs."""


class PrunedWeightsError(SparsityError):
    """A folder of cached pruned weights is absent, incomplete or belongs to another run."""


class ExportError(UsageError):
    """A run that cannot be exported: it is not there, its model has changed, or its weights are gone."""


class PatternError(UsageError):
    """A sparsity pattern cannot be read, or does not fit the width of a matrix."""


class PruningRequestError(UsageError):
    """A combination of method, sparsity, pattern, scope and settings that makes no sense."""


class ClusteringRequestError(UsageError):
    """A combination of clustering algorithms and distances that makes no sense."""
