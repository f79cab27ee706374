"""Standard streams that outlive their readers: a run is not lost because nobody listens to its words any more."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer

_GONE = (errno.EPIPE, errno.ECONNRESET, errno.ENXIO)  # the reader went away: charcot ... | head -1


class _Outlet(io.FileIO):
    """A file that, once it cannot be written, takes everything and keeps nothing; ``failure`` says why."""

    failure: OSError | None = None

    def write(self, data: Buffer) -> int:
        try:
            return super().write(data)
        except OSError as error:
            if error.errno not in _GONE and self.failure is None:
                self.failure = error
            self.divert()
            return memoryview(data).nbytes

    def divert(self) -> None:
        """Let all further words go nowhere."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)


def protect() -> None:
    """Exchange the standard streams of this process for ones that never fail."""
    for number, mode in enumerate((os.O_RDONLY, os.O_WRONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:  # closed (charcot ... >&-): a file that is opened next would get its number, and our words
            os.open(os.devnull, mode)
    for number, name in ((1, "stdout"), (2, "stderr")):
        old = getattr(sys, name)
        outlet = _Outlet(number, "w", closefd=False)
        lines = number == 2 or outlet.isatty()
        stream = io.TextIOWrapper(
            io.BufferedWriter(outlet),
            encoding=old.encoding if old else None,
            errors="backslashreplace",  # a name that is no text must not end a run
            line_buffering=lines,
        )
        setattr(sys, name, stream)


def lost_output() -> OSError | None:
    """What kept stdout from being written, if anything but a reader that went away."""
    outlet = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    return outlet.failure if isinstance(outlet, _Outlet) else None
