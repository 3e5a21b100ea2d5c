"""Running tasks in worker processes, one per core."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from typing import TYPE_CHECKING, TypeVar

from threadpoolctl import threadpool_limits

from etl.clusters.clustering import ClusteringTask, Sample, cluster_neighbourhood, one_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Task = TypeVar("Task")
Result = TypeVar("Result")

#: Fits below which starting worker processes, about two seconds, costs more than they save.
FITS_WORTH_WORKERS = 500


def _prepare() -> None:
    """Set up a worker process: one thread for numerics, another that ends the process with its parent."""
    # For torch, which a task may load later.
    os.environ["OMP_NUM_THREADS"] = "1"
    one_thread()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Wait until the parent process has ended, in whatever way, and end this one.

    A worker waits for tasks on a pipe that its siblings hold open too, so that it would outlive a parent
    that was killed.
    """
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class Workers:
    """Worker processes, one per core, started when there is enough work for them."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    def cluster(self, tasks: list[ClusteringTask]) -> Iterator[list[Sample]]:
        """Cluster the neighbourhood of every task; results come in the order of the tasks."""
        fits = sum(len(task.variants) * task.restarts * (1 + task.null_replicates) for task in tasks)
        return self.map(cluster_neighbourhood, tasks, is_worth_it=fits >= FITS_WORTH_WORKERS)

    def map(
        self, function: Callable[[Task], Result], tasks: list[Task], *, is_worth_it: bool
    ) -> Iterator[Result]:
        """Apply a function to every task, in worker processes once they are there or worth starting."""
        if self._pool is None and not is_worth_it:
            with threadpool_limits(1):
                yield from map(function, tasks)
            return
        if self._pool is None:
            # A fresh interpreter each: forking a process that runs torch's threads can hang.
            self._pool = ProcessPoolExecutor(
                len(os.sched_getaffinity(0)), mp_context=get_context("spawn"), initializer=_prepare
            )
        yield from self._pool.map(function, tasks)

    def close(self) -> None:
        """End the worker processes without waiting for tasks that have not begun."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
