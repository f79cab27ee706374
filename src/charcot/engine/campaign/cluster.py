"""Chunks on a dask.distributed cluster: processes of this machine, or the workers of a scheduler.

Whoever may speak to a scheduler or a worker runs code in it, and any user of a machine reaches its ports. So the
processes of this machine speak TLS among themselves, with a certificate that is made for the one run and never leaves
its memory; a remote cluster's certificates are named in dask's own configuration, and one without any is warned about.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import secrets
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from charcot.core.errors import CharcotWarning
from charcot.core.private_folder import Untrusted, private_folder
from charcot.engine.campaign.errors import CampaignError, ClusterTrouble
from charcot.engine.campaign.folder import Folder, Span
from charcot.engine.campaign.job import Job
from charcot.engine.campaign.work import work_remotely

LOCAL = "local"
ENCRYPTED = ("tls://", "wss://")
PATIENCE = 60.0  # seconds for the scheduler and for the first worker to answer
LONELY = 600.0  # seconds without any worker after which a run ends: machines may be taken away and come back
GLANCE = 5.0  # seconds without a finished chunk after which the workers are counted
STARTS = 3  # how often the processes of this machine are started when one of them dies at once
AHEAD = 2  # tasks handed out per thread of the cluster, so that no worker waits and no list of all tasks is kept
SECOND_CHANCES = 10  # how often a chunk is handed out again after dask gave it up because its workers died


class UnprotectedCluster(CharcotWarning):
    """Whoever reaches this cluster can run code in it."""


def run_on_cluster(
    job: Job, folder: Folder, spans: Iterable[Span], scheduler: str, workers: int, report: Callable[[int], None]
) -> None:
    """Work on ``spans`` as tasks of a cluster. A task whose worker dies is handed out again.

    Args:
        scheduler: ``"local"`` for ``workers`` processes of this machine, or an address such as ``tls://host:8786``.
    """
    with contextlib.ExitStack() as closing:
        client, revive = _local(workers, closing) if scheduler == LOCAL else (_remote(scheduler, closing), _nothing)
        _wait_for_a_worker(client, scheduler)
        _Tasks(client, job, folder, report, revive).run(iter(spans))


def _nothing() -> None:
    """Whoever runs a remote cluster looks after its workers."""


def _remote(scheduler: str, closing: contextlib.ExitStack) -> Any:

    if not scheduler.startswith(ENCRYPTED):
        warnings.warn(
            f"{scheduler} is not encrypted and asks nobody for a certificate: whoever reaches it can run code in it "
            "and in its workers. Use tls://, see docs/clusters.md.",
            UnprotectedCluster,
            stacklevel=3,
        )
    try:
        client = _client(scheduler, timeout=PATIENCE)
    except (OSError, ValueError, TypeError, RuntimeError) as error:  # the last two: tls:// is wanted, or ill equipped
        remedy = "check it and the certificates" if scheduler.startswith(ENCRYPTED) else "check it"
        raise ClusterTrouble(
            f"no scheduler answers at {scheduler} ({error}). Start one with 'dask scheduler', or {remedy}."
        ) from None
    closing.callback(_close, client)
    return client


def _local(workers: int, closing: contextlib.ExitStack) -> tuple[Any, Callable[[], None]]:
    """A client of ``workers`` processes of this machine, and what replaces those that died for good."""

    cluster = _started(workers)
    closing.callback(_close, cluster)
    client = _client(cluster)
    closing.callback(_close, client)
    return client, lambda: cluster.scale(workers)


def _client(to: Any, **how: Any) -> Any:
    """A client of a cluster. On a machine that is held up the thread of its own may not begin within ten seconds, which
    the library tells by a bare assertion: it is tried again, then named."""
    import distributed

    for _ in range(STARTS):
        with contextlib.suppress(AssertionError):
            return distributed.Client(to, **how)
    raise ClusterTrouble("this machine is too busy to start a thread that speaks to the cluster. Try again later.")


def _started(workers: int) -> Any:
    import dask
    import distributed

    scratch = _scratch()
    security = distributed.Security.temporary()
    # web pages ask nobody for a certificate
    quiet: dict[str, list[str]] = {f"distributed.{who}.http.routes": [] for who in ("scheduler", "worker", "nanny")}
    for attempt in range(1, STARTS + 1):
        try:
            with dask.config.set(quiet):
                return distributed.LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    host="127.0.0.1",
                    security=security,
                    local_directory=scratch,
                    dashboard_address="127.0.0.1:0",  # a free port: 8787 may be taken
                    scheduler_kwargs={"dashboard": False},
                    silence_logs=logging.CRITICAL,  # the death of a worker is no news: its chunks are handed out again
                )
        except (RuntimeError, OSError, TimeoutError) as error:  # a process died while it started
            if attempt == STARTS:
                raise ClusterTrouble(f"{workers} processes could not be started on this machine ({error}).") from None
    raise AssertionError


def _scratch() -> str:
    """A folder for the workers' files that nobody else can write: a worker imports and unpickles what lies there."""
    name = f"charcot-{os.geteuid()}" if hasattr(os, "geteuid") else "charcot"
    path = Path(tempfile.gettempdir()) / name
    try:
        with private_folder(path):
            return str(path)
    except Untrusted as error:
        raise ClusterTrouble(
            f"the processes' folder is not safe. {error} Or name another place: TMPDIR=FOLDER."
        ) from None
    except OSError as error:
        raise ClusterTrouble(
            f"{path} cannot be written ({error.strerror}): name another place, TMPDIR=FOLDER."
        ) from None


def _close(thing: Any) -> None:
    with contextlib.suppress(Exception):  # a cluster that went away cannot be said goodbye to
        thing.close(timeout=10)


def _wait_for_a_worker(client: Any, scheduler: str) -> None:
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        raise ClusterTrouble(
            f"the scheduler at {scheduler} has had no worker for {PATIENCE:.0f} s: "
            f"start some with 'dask worker {scheduler}'."
        ) from None


class _Tasks:
    """The tasks of one run: a few ahead of the workers, never all at once."""

    def __init__(
        self, client: Any, job: Job, folder: Folder, report: Callable[[int], None], revive: Callable[[], None]
    ) -> None:
        self.client, self.job, self.folder, self.report, self.revive = client, job, folder, report, revive
        self.run_name = secrets.token_hex(4)  # a cluster may remember the tasks of an earlier run
        self.chances: dict[Span, int] = {}
        self.running: dict[Any, Span] = {}
        self.finished: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.seen_working = time.monotonic()

    def run(self, waiting: Iterator[Span]) -> None:
        try:
            self._fill(waiting)
            while self.running:
                future = self._next()
                if future is None:
                    continue
                span = self.running.pop(future)
                if self._settle(future, span):
                    self._submit(span)
                self._fill(waiting)
        except BaseException:
            with contextlib.suppress(Exception):
                self.client.cancel(list(self.running), force=True)
            raise

    def _next(self) -> Any:
        """The next task that ended, or None after a while: then the workers have been looked after."""
        try:
            return self.finished.get(timeout=GLANCE)
        except queue.Empty:
            self._look_after_workers()
            return None

    def _look_after_workers(self) -> None:
        if self._threads():
            self.seen_working = time.monotonic()
        elif time.monotonic() - self.seen_working > LONELY:
            raise ClusterTrouble(f"the cluster has had no worker for {LONELY:.0f} s.")
        self.revive()

    def _threads(self) -> int:
        try:
            return sum(self.client.nthreads().values())
        except Exception as error:
            raise ClusterTrouble(f"the cluster went away: its scheduler no longer answers ({error}).") from None

    def _fill(self, waiting: Iterator[Span]) -> None:
        wanted = AHEAD * max(self._threads(), 1)
        while len(self.running) < wanted:
            span = next(waiting, None)
            if span is None:
                return
            self._submit(span)

    def _submit(self, span: Span) -> None:
        key = f"charcot-{self.run_name}-{span.name}-{self.chances.get(span, 0)}"
        path = str(self.folder.path.resolve())
        future = self.client.submit(
            work_remotely, self.job, path, self.folder.key, span.first, span.last, key=key, pure=False
        )
        self.running[future] = span
        future.add_done_callback(self.finished.put)

    def _settle(self, future: Any, span: Span) -> bool:
        """Report a finished task; True when it must be handed out again."""
        from distributed import KilledWorker

        if future.status == "finished":
            self.report(span.size)
            return False
        if future.status != "error":
            raise ClusterTrouble("the cluster went away: its scheduler no longer answers.")
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
