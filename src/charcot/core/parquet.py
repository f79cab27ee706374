"""Parquet tables, read so that a process which has read one ends in peace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow


def read(path: Path) -> pyarrow.Table:
    """All rows of the file at ``path``.

    pyarrow's own ``read_table``, and with it pandas, reads ahead on threads that may still let go of Python's buffers
    while the interpreter ends; on a busy machine that aborts the process ("terminate called without an active
    exception", in up to one process of ten). So the file is opened by its name and read on the calling thread.

    Raises:
        OSError: there is no such file, or it cannot be read.
        ValueError: it is not Parquet, or it is damaged.
    """
    from pyarrow import parquet

    with parquet.ParquetFile(str(path), pre_buffer=False) as file:
        return file.read(use_threads=False)
