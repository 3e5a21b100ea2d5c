"""What a benchmark does where there is no GPU: it checks some rows of each matrix in Triton's interpreter."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kernels.plan import Job

# Enough for several programs of every kernel, few enough for the interpreter.
INTERPRETED_ROWS = 64
# Seconds one such check takes at 4096 inputs, measured on one core of a server.
CHECK_SECONDS = {"masked": 0.3, "bitmask": 1.4, "sell": 1.1, "nm": 12.0, "bsr": 0.2, "clustered": 1.4}
# Formats that a library multiplies, or whose kernel does little.
QUICK_CHECK_SECONDS = 0.1


def expected_seconds(jobs: list[Job]) -> float:
    """Estimate how long the checks of jobs take; right within a factor of about two."""
    return sum(
        CHECK_SECONDS.get(job.kernel, QUICK_CHECK_SECONDS) * job.problem.in_features / 4096 for job in jobs
    )
