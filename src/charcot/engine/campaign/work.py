"""One chunk: computed block by block, written, recorded. The same function runs in a thread and on a cluster."""

from __future__ import annotations

import functools
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from charcot.engine.campaign.errors import CampaignError, ChunkFailed, ClusterTrouble, NotWritten
from charcot.engine.campaign.files import appearing, sync
from charcot.engine.campaign.folder import JOB, Folder, Span
from charcot.engine.campaign.job import Block, Job

COMPRESSION = "zstd"


class Stopped(Exception):
    """The campaign was told to stop; this chunk is left for the next time."""


def work(
    job: Job,
    folder: Folder,
    span: Span,
    report: Callable[[int], None] | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Compute one chunk into its folder. Memory is bounded by a block, whatever the size of the chunk.

    Args:
        report: called with the number of patients of each computed block.
        stop: looked at between blocks.

    Raises:
        NotWritten: the disk refused.
        ChunkFailed: the job broke down.
        Stopped: ``stop`` was set.
    """
    import pyarrow.parquet as parquet

    part, files = folder.part(span), []
    try:
        with appearing(part) as temporary:
            writer = None
            try:
                for piece in span.blocks():
                    if stop is not None and stop.is_set():
                        raise Stopped
                    block = _compute(job, piece)
                    if writer is None:
                        writer = parquet.ParquetWriter(temporary, block.table.schema, compression=COMPRESSION)
                    writer.write_table(block.table)
                    files += folder.write_arrays(piece, block.arrays)
                    if report is not None:
                        report(piece.size)
            finally:
                if writer is not None:
                    writer.close()
        for file in files:
            sync(file)
        folder.close(span, [part, *files])
    except OSError as error:
        reason = error.strerror or str(error)
        raise NotWritten(f"{span} could not be written to {folder.path}: {reason}.") from error


def _compute(job: Job, piece: Span) -> Block:
    try:
        return job.block(piece.first, piece.last)
    except (CampaignError, MemoryError):
        raise
    except Exception as error:
        # as text, because an exception of a library may not survive the way back from a worker
        raise ChunkFailed(f"{piece} could not be computed ({type(error).__name__}: {error}).") from error


def work_remotely(job: Job, path: str, key: str, first: int, last: int) -> int:
    """The task of a cluster's worker; returns the number of patients.

    A chunk that another worker finished meanwhile is left as it is: tasks may be run twice.
    """
    folder = _folder_here(job, path, key)
    span = Span(first, last)
    if not folder.finished(span):
        work(job, folder, span)
    return span.size


@functools.lru_cache(maxsize=8)
def _opened(path: str, key: str) -> Folder:
    folder = Folder.open(Path(path))
    if folder.key != key:
        raise ClusterTrouble(f"on {socket.gethostname()}, {path}/{JOB} is not the one of this campaign.")
    return folder


def _folder_here(job: Job, path: str, key: str) -> Folder:
    """The folder as this worker sees it; refuses when it is not the same folder, program or kind of machine."""
    try:
        folder = _opened(path, key)
    except CampaignError as error:
        raise ClusterTrouble(
            f"the worker on {socket.gethostname()} does not see {path} ({error}) Put the run folder on a file system "
            "that the client and every worker share, under the same path."
        ) from None
    _check_worker(job, folder)
    return folder


def _check_worker(job: Job, folder: Folder) -> None:
    try:
        folder.check(job)
    except CampaignError as error:
        raise ClusterTrouble(f"the worker on {socket.gethostname()} would compute something else: {error}") from None
