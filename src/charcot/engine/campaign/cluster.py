"""Chunks on a dask.distributed cluster: processes of this machine, or the workers of a scheduler."""

from __future__ import annotations

import contextlib
import logging
import secrets
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from charcot.engine.campaign.errors import CampaignError, ClusterTrouble
from charcot.engine.campaign.folder import Folder, Span
from charcot.engine.campaign.job import Job
from charcot.engine.campaign.work import work_remotely

LOCAL = "local"
PATIENCE = 60  # seconds for the scheduler and for the first worker to answer
AHEAD = 2  # tasks handed out per thread of the cluster, so that no worker waits and no list of all tasks is kept
SECOND_CHANCES = 10  # how often a chunk is handed out again after dask gave it up because its workers died


def run_on_cluster(
    job: Job, folder: Folder, spans: Iterable[Span], scheduler: str, workers: int, report: Callable[[int], None]
) -> None:
    """Work on ``spans`` as tasks of a cluster. A task whose worker dies is handed out again.

    Args:
        scheduler: ``"local"`` for ``workers`` processes of this machine, or an address such as ``tcp://host:8786``.
    """
    with _client(scheduler, workers) as client:
        _wait_for_a_worker(client, scheduler)
        _Tasks(client, job, folder, report).run(iter(spans))


@contextlib.contextmanager
def _client(scheduler: str, workers: int) -> Iterator[Any]:
    import distributed

    if scheduler != LOCAL:
        try:
            client = distributed.Client(scheduler, timeout=PATIENCE)
        except (OSError, ValueError) as error:
            raise ClusterTrouble(
                f"no scheduler answers at {scheduler} ({error}). Start one with 'dask scheduler', or check it."
            ) from None
        try:
            yield client
        finally:
            _close(client)
        return
    cluster = distributed.LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address=None,
        silence_logs=logging.CRITICAL,  # the death of a worker is no news: its chunks are handed out again
    )
    try:
        client = distributed.Client(cluster)
        try:
            yield client
        finally:
            _close(client)
    finally:
        with contextlib.suppress(Exception):
            cluster.close(timeout=10)


def _close(client: Any) -> None:
    with contextlib.suppress(Exception):  # a cluster that went away cannot be said goodbye to
        client.close(timeout=5)


def _wait_for_a_worker(client: Any, scheduler: str) -> None:
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        raise ClusterTrouble(
            f"the scheduler at {scheduler} has had no worker for {PATIENCE} s: "
            f"start some with 'dask worker {scheduler}'."
        ) from None


class _Tasks:
    """The tasks of one run: a few ahead of the workers, never all at once."""

    def __init__(self, client: Any, job: Job, folder: Folder, report: Callable[[int], None]) -> None:
        self.client, self.job, self.folder, self.report = client, job, folder, report
        self.run_name = secrets.token_hex(4)  # a cluster may remember the tasks of an earlier run
        self.chances: dict[Span, int] = {}
        self.running: dict[Any, Span] = {}

    def run(self, waiting: Iterator[Span]) -> None:
        from distributed import as_completed

        finished = as_completed(with_results=False)
        try:
            self._fill(finished, waiting)
            for future in finished:
                span = self.running.pop(future)
                again = self._settle(future, span)
                future.release()
                if again:
                    finished.add(self._submit(span))
                self._fill(finished, waiting)
        except BaseException:
            with contextlib.suppress(Exception):
                self.client.cancel(list(self.running), force=True)
            raise

    def _fill(self, finished: Any, waiting: Iterator[Span]) -> None:
        wanted = AHEAD * max(sum(self.client.nthreads().values()), 1)
        while len(self.running) < wanted:
            span = next(waiting, None)
            if span is None:
                return
            finished.add(self._submit(span))

    def _submit(self, span: Span) -> Any:
        key = f"charcot-{self.run_name}-{span.name}-{self.chances.get(span, 0)}"
        path = str(self.folder.path.resolve())
        future = self.client.submit(
            work_remotely, self.job, path, self.folder.key, span.first, span.last, key=key, pure=False
        )
        self.running[future] = span
        return future

    def _settle(self, future: Any, span: Span) -> bool:
        """Report a finished task; True when it must be handed out again."""
        from distributed import KilledWorker

        if future.status == "finished":
            self.report(span.size)
            return False
        if future.status != "error":
            raise ClusterTrouble("the cluster went away (its scheduler no longer answers).")
        error = future.exception()
        if not isinstance(error, KilledWorker):
            if isinstance(error, CampaignError):
                raise error
            raise ClusterTrouble(f"{span} could not be run on the cluster ({type(error).__name__}: {error}).")
        self.chances[span] = self.chances.get(span, 0) + 1
        if self.chances[span] > SECOND_CHANCES:
            raise ClusterTrouble(
                f"the workers that ran {span} died {SECOND_CHANCES} times over: look at their memory limit and logs."
            )
        return True
