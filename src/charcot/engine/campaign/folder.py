"""The folder of a campaign.

::

    job.json                                     what is computed, by what, in chunks of which size; written first
    patients/000000000000-000000001000.parquet   the rows of one chunk
    arrays.zarr/                                 one array per read-out, chunked along the patients
    records/000000000000-000000001000.json       written after a chunk's files: their checksums

A chunk is finished when its record is there and every file in it has the checksum that the record gives.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charcot.core import locks
from charcot.core.hashing import hash_json
from charcot.engine.campaign.errors import FolderBusy, FolderInTheWay, OtherJob
from charcot.engine.campaign.files import TEMPORARY, checksum, read_json, write_json
from charcot.engine.campaign.job import Job

BLOCK = 1_000  # patients computed at once by one worker: this bounds the memory, whatever the chunk
MOST_CHUNKS = 100_000  # more files than that in one folder would only be slow
USUAL_CHUNKS = 10_000
JOB, PATIENTS, ARRAYS, RECORDS, LOCK = "job.json", "patients", "arrays.zarr", "records", ".lock"


@dataclass(frozen=True, order=True)
class Span:
    """Patients ``first`` to ``last - 1``."""

    first: int
    last: int

    @property
    def size(self) -> int:
        return self.last - self.first

    @property
    def name(self) -> str:
        return f"{self.first:012d}-{self.last:012d}"

    def __str__(self) -> str:
        return f"patients {self.first:,} to {self.last - 1:,}"

    def blocks(self) -> Iterator[Span]:
        """The pieces that are computed at once."""
        for first in range(self.first, self.last, BLOCK):
            yield Span(first, min(first + BLOCK, self.last))


def default_chunk(size: int) -> int:
    """1,000 patients, or ten, a hundred, ... times as many where the chunks would become too many."""
    chunk = BLOCK
    while -(-size // chunk) > USUAL_CHUNKS:
        chunk *= 10
    return chunk


def _checked_chunk(chunk: int | None, size: int) -> int:
    chunk = default_chunk(size) if chunk is None else chunk
    if chunk < 1 or (chunk > BLOCK and chunk % BLOCK):
        near = max(1, round(chunk / BLOCK)) * BLOCK
        raise ValueError(f"a chunk of {chunk:,} is not possible: give up to {BLOCK:,}, or a multiple ({near:,}).")
    if -(-size // chunk) > MOST_CHUNKS:
        raise ValueError(
            f"chunks of {chunk:,} would make {-(-size // chunk):,} files, more than {MOST_CHUNKS:,}: "
            f"give a larger chunk ({default_chunk(size):,})."
        )
    return chunk


class Folder:
    """One campaign on disk."""

    def __init__(self, path: Path, content: Mapping[str, Any]) -> None:
        self.path, self.content = path, content
        self.size, self.chunk = int(content["size"]), int(content["chunk"])

    @classmethod
    def open(cls, path: Path) -> Folder:
        """An existing campaign; raises :class:`FolderInTheWay` where there is none."""
        content = read_json(path / JOB)
        if not isinstance(content, dict) or not {"size", "chunk", "job", "made_by"} <= set(content):
            if (path / JOB).exists() or (path / RECORDS).exists():
                raise FolderInTheWay(
                    f"{path / JOB} is missing or damaged, and nothing else says what is in the folder. Move {path} "
                    "away, and begin anew with the command that made it."
                )
            raise FolderInTheWay(f"{path} holds no campaign: check the path.")
        return cls(path, content)

    @classmethod
    def begin(cls, path: Path, job: Job, chunk: int | None = None) -> Folder:
        """Make the folder of ``job``, or take up the one that is there when it belongs to the same job.

        ``chunk``: patients per file; by default as the folder has it, else :func:`default_chunk`.
        """
        if (path / JOB).exists() or any(path.glob(f"{RECORDS}/*.json")):  # it is written before any record
            folder = cls.open(path)
            folder.check(job, chunk)
            folder._prepare(job)
            return folder
        there = {p.name for p in path.iterdir() if TEMPORARY not in p.name} if path.exists() else set()
        strangers = sorted(there - {PATIENTS, ARRAYS, RECORDS, LOCK})
        if strangers:
            raise FolderInTheWay(f"{path} is in the way: it holds {', '.join(strangers[:5])}. Choose another place.")
        content = {
            "size": job.size,
            "chunk": _checked_chunk(chunk, job.size),
            "job": dict(job.description()),
            "made_by": dict(job.fingerprint()),
        }
        folder = cls(path, content)
        folder._prepare(job)
        write_json(path / JOB, content)  # last: where it stands, the rest is ready
        return folder

    def _prepare(self, job: Job) -> None:
        """Make what chunks are written into, where it is missing or damaged."""
        for name in (PATIENTS, RECORDS):
            (self.path / name).mkdir(parents=True, exist_ok=True)
        if job.arrays() and not self._arrays_stand(job):
            self._make_arrays(job)

    @property
    def key(self) -> str:
        """A short name of all that decides the bytes in this folder."""
        return hash_json(dict(self.content), 16)

    def check(self, job: Job, chunk: int | None = None) -> None:
        """Refuse another job, program, processor or chunk size, naming what differs."""
        asked = {"job": job.description(), "made by": job.fingerprint()}
        found = {"job": self.content["job"], "made by": self.content["made_by"]}
        differing = list(differences(found, asked))
        if chunk is not None and chunk != self.chunk:
            differing.append(f"chunk: {self.chunk} there, {chunk} now")
        if differing:
            listed = "\n  ".join(differing[:12])
            more = f"\n  and {len(differing) - 12} more" if len(differing) > 12 else ""
            raise OtherJob(
                f"{self.path} was begun as something else, and its chunks would not fit:\n  {listed}{more}\n"
                "Go on with what it was begun with, or begin anew in another folder."
            )

    def spans(self) -> list[Span]:
        """Every chunk, in order."""
        return [Span(first, min(first + self.chunk, self.size)) for first in range(0, self.size, self.chunk)]

    def part(self, span: Span) -> Path:
        """The table of one chunk."""
        return self.path / PATIENTS / f"{span.name}.parquet"

    def parts(self) -> list[Path]:
        """The tables of all chunks, in the order of patients."""
        return [self.part(span) for span in self.spans()]

    def finished(self, span: Span) -> bool:
        """Whether a chunk is there and undamaged."""
        record = read_json(self._record(span))
        try:
            files = dict(record["files"])
            return bool(files) and all(checksum(self.path / name) == digest for name, digest in files.items())
        except (OSError, KeyError, TypeError, ValueError):
            return False

    def close(self, span: Span, files: list[Path]) -> None:
        """Record that a chunk is finished: its files are on disk."""
        names = {str(path.relative_to(self.path)): checksum(path) for path in files}
        write_json(self._record(span), {"first": span.first, "last": span.last, "files": names})

    def seal(self, without: Sequence[str] = ()) -> dict[str, str]:
        """Checksums of what no record covers: what was counted from the chunks, and the metadata of the arrays."""
        return {name: checksum(self.path / name) for name in sorted(self._loose()) if name not in without}

    def damaged(self, seal: Mapping[str, str]) -> list[str]:
        """What of a finished campaign is missing or not as it was when it was finished, in words."""
        chunks = sum(not self.finished(span) for span in self.spans())
        found = [f"{chunks:,} of {len(self.spans()):,} chunks"] if chunks else []
        there = self._loose()
        return found + [
            name for name, digest in seal.items() if name not in there or checksum(self.path / name) != digest
        ]

    def _loose(self) -> set[str]:
        own = {PATIENTS, RECORDS, ARRAYS}
        folders = [part for part in self.path.iterdir() if part.is_dir() and part.name not in own]
        files = [*self.path.iterdir(), *(file for part in folders for file in part.rglob("*"))]
        files += (self.path / ARRAYS).rglob("zarr.json")
        return {str(file.relative_to(self.path)) for file in files if file.is_file() and not file.name.startswith(".")}

    def _record(self, span: Span) -> Path:
        return self.path / RECORDS / f"{span.name}.json"

    def clean(self) -> None:
        """Remove what killed writers left; nobody else may be at work in this folder."""
        for place in (self.path, *(part for part in self.path.iterdir() if part.is_dir() and part.name != ARRAYS)):
            for left in place.glob(f".*{TEMPORARY}*"):
                left.unlink(missing_ok=True)
        for left in (self.path / ARRAYS).rglob("*.partial"):  # zarr's own temporary files
            left.unlink(missing_ok=True)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes that respect the lock out; a killed process gives it up by dying.

        Where there are no locks, two processes would compute everything twice, and agree.
        """
        try:
            descriptor, _ = locks.take(self.path / LOCK)
        except locks.Held:
            raise FolderBusy(f"another process is at work in {self.path}: wait for it, or end it first.") from None
        try:
            yield
        finally:
            os.close(descriptor)

    # arrays ----------------------------------------------------------------------------------------------------

    def _arrays_stand(self, job: Job) -> bool:
        import zarr

        try:
            group = zarr.open_group(str(self.path / ARRAYS), mode="r")
            shapes = {name: array.shape for name, array in group.arrays()}
            return shapes == {spec.name: (self.size, *spec.shape) for spec in job.arrays()}
        except Exception:  # whatever is wrong with them, they are made again
            return False

    def _make_arrays(self, job: Job) -> None:
        import zarr

        group = zarr.open_group(str(self.path / ARRAYS), mode="w")
        for spec in job.arrays():
            group.create_array(
                spec.name,
                shape=(self.size, *spec.shape),
                chunks=(self._array_chunk, *spec.shape),
                dtype="float64",
                fill_value=float("nan"),
                dimension_names=("patient", *spec.dimensions),
                attributes=dict(spec.attributes),
            )

    @property
    def _array_chunk(self) -> int:
        return min(self.chunk, BLOCK)

    def write_arrays(self, span: Span, arrays: Mapping[str, Any]) -> list[Path]:
        """Store the arrays of one block; a block is one chunk of each array, so no two writers meet in a file."""
        if not arrays:
            return []
        import zarr

        written = []
        for name, values in arrays.items():
            place = self.path / ARRAYS / name
            # a chunk of NaN alone is written too: a file that is not there always means that something was lost
            array = zarr.open_array(str(place), mode="r+", zarr_format=3, config={"write_empty_chunks": True})
            array[span.first : span.last] = values
            chunk = (span.first // self._array_chunk, *[0] * (array.ndim - 1))
            written.append(place / array.metadata.encode_chunk_key(chunk))
        return written


def differences(found: Any, asked: Any, path: str = "") -> Iterator[str]:
    """Where two JSON-able values differ, as ``a.b: 1 there, 2 now``."""
    if isinstance(found, Mapping) and isinstance(asked, Mapping):
        for key in sorted({*found, *asked}, key=str):
            yield from differences(found.get(key), asked.get(key), f"{path}.{key}" if path else str(key))
    elif hash_json(found) != hash_json(asked):
        yield f"{path}: {found!r} there, {asked!r} now"
