"""Signals that ask a command to end: within seconds it does, with all its processes, and says which it was."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from types import FrameType

from charcot.core.errors import EXIT_INTERRUPTED
from charcot.interfaces import runs

GRACE = 6.0  # seconds in which a command may end by itself
_heard: list[int] = []


def listen() -> None:
    """Let SIGTERM and a terminal that closes (SIGHUP) end the command like Ctrl-C.

    Whoever asked to outlive one of them (``nohup``) is heard.
    """
    for name in runs.POLITE:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def exit_code() -> int:
    """128 and the number of the signal that was heard, as shells have it; that of Ctrl-C where there was none."""
    return 128 + _heard[0] if _heard else EXIT_INTERRUPTED


def heard() -> bool:
    """Whether a signal asked this process to end."""
    return bool(_heard)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    """The first signal counts: a second one must not disturb the cleaning up, and is not needed."""
    if _heard:
        return
    _heard.append(number)
    threading.Thread(target=_end_at_last, name="end at last", daemon=True).start()
    raise KeyboardInterrupt


def _end_at_last() -> None:
    """End a process that did not end by itself, such as one that waits for long work on other threads."""
    time.sleep(GRACE)
    for process in multiprocessing.active_children():
        process.kill()
    runs.abandon()
    with contextlib.suppress(OSError, ValueError):
        os.write(2, b"Interrupted. What was finished is kept: the same command goes on from there.\n")
    os._exit(exit_code())
