"""Chunks on the threads of this process."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from charcot.engine.campaign.folder import Folder, Span
from charcot.engine.campaign.job import Job
from charcot.engine.campaign.work import Stopped, work

GLANCE = 0.5  # seconds after which the waiting thread looks whether it was interrupted


def run_on_threads(
    job: Job, folder: Folder, spans: Iterable[Span], workers: int, report: Callable[[int], None]
) -> None:
    """Work on ``spans``, each on one thread; the first error, or Ctrl-C, stops the others at their next block."""
    stop, waiting = threading.Event(), iter(spans)
    running: set[Future[None]] = set()
    with ThreadPoolExecutor(workers, thread_name_prefix="chunk") as pool:
        try:
            while True:
                for span in itertools.islice(waiting, workers - len(running)):
                    running.add(pool.submit(work, job, folder, span, report, stop))
                if not running:
                    return
                done, running = wait(running, timeout=GLANCE, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
        except BaseException:
            stop.set()
            for future in running:
                _end(future)
            raise


def _end(future: Future[None]) -> None:
    """Wait for a chunk that was told to stop; the first error has the word."""
    if not future.cancel():
        with contextlib.suppress(Exception, Stopped):
            future.result()
