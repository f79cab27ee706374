"""Worker processes that never outlive their parent, however it dies."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from charcot.core.errors import CharcotError

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class WorkerDied(CharcotError):
    """A worker process was ended from outside."""

    resumable = True


class WorkerPool:
    """Processes of this machine that work on tasks side by side.

    They are spawned, not forked: compiled code and its threads do not survive a fork.
    """

    def __init__(self, workers: int) -> None:
        self._others = set(multiprocessing.active_children())
        self._pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_end_with_parent)

    def each(self, work: Callable[[Any], Value], tasks: Mapping[Key, Any]) -> Iterator[tuple[Key, Value]]:
        """The results of ``work`` for each task under its key, as they become ready."""
        try:
            with _no_ctrl_c_for_children():  # the first submissions start the processes
                futures = {self._pool.submit(work, task): key for key, task in tasks.items()}
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BrokenProcessPool:
            raise WorkerDied(
                "A worker process was ended from outside, perhaps for want of memory: use fewer (--workers)."
            ) from None

    def end(self, *, at_once: bool) -> None:
        """Let the processes go; ``at_once`` without waiting for what they are at."""
        if at_once:
            for process in set(multiprocessing.active_children()) - self._others:
                process.kill()
        self._pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    """In a worker: watch the parent, which may be killed without a word."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_watch, args=(parent,), name="watch the parent", daemon=True).start()


def _watch(parent: Any) -> None:
    parent.join()
    os._exit(1)


@contextlib.contextmanager
def _no_ctrl_c_for_children() -> Iterator[None]:
    """Ctrl-C reaches every process of a terminal; those started here leave it to their parent, who ends them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
