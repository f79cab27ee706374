"""A library of twins in memory: who may enter under which rules, and the true course of each twin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from charcot.clinic.measurements import measurements
from charcot.core import parquet
from charcot.engine.campaign import Block, Folder, run
from charcot.trials.library.job import SUBJECTS, UNTREATED, LibraryJob, addresses_of
from charcot.trials.pool import Latent
from charcot.trials.world import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ARRAYS = ("items", *measurements(), "screened")


@dataclass(frozen=True)
class Library:
    """Everybody whom at least one protocol of a job lets in, in the order of their numbers.

    Attributes:
        job: what it was made by; ``drawn``: how many people were.
        subjects: a row for each twin (``number`` and the columns of ``SUBJECTS``).
        enters: (protocols, twins) bool.
        reasons: for each protocol how many of those drawn are out, by first reason.
        items: (twins, kinds, days, 12); ``measured``: by measurement (twins, kinds, days); true values.
        screened: (twins, 12) ratings of the screening visit.
        death: (twins, kinds) days from randomisation to death or permanent ventilation; inf when never.
        failed: (twins, kinds) bool: the simulation failed.
    """

    job: LibraryJob
    drawn: int
    subjects: pd.DataFrame
    enters: np.ndarray
    reasons: Sequence[Counter[str]]
    items: np.ndarray
    measured: Mapping[str, np.ndarray]
    screened: np.ndarray
    death: np.ndarray
    failed: np.ndarray

    def __len__(self) -> int:
        return len(self.subjects)

    @property
    def addresses(self) -> list[str]:
        return addresses_of(self.subjects["number"])

    @property
    def lost(self) -> int:
        """Twins whose simulation failed untreated or in an arm."""
        return int(self.failed.any(axis=1).sum())

    def kind_of(self, arm: int) -> int:
        """The kind of twin that is seen in an arm of the protocol."""
        return 1 + self.job.kinds.index(arm) if arm in self.job.kinds else UNTREATED

    def latent(self, kind: int, visits: Sequence[float], slowed: float | None = None) -> Latent:
        """True values at ``visits`` (days from randomisation), and the days of death.

        Args:
            slowed: 0.3 lets everything that happens to the twin after randomisation take 1 / (1 - 0.3) times as long:
                function, breathing, the biomarker and death. None: the course as simulated.
        """
        days, at = np.array(self.job.days), np.array(visits, dtype=float)
        death, pace = self.death[:, kind], 1.0 - (slowed or 0.0)
        values = [self.items[:, kind], *(value[:, kind] for value in self.measured.values())]
        if slowed is None:
            where = np.searchsorted(days, at)
            seen = [value[:, where] for value in values]
        else:
            seen = [_on_the_line(value, days, at * pace, death) for value in values]
        measured = dict(zip(self.measured, seen[1:], strict=True))
        return Latent(seen[0], measured, death / pace, self.failed[:, kind])


def _on_the_line(values: np.ndarray, days: np.ndarray, at: np.ndarray, death: np.ndarray) -> np.ndarray:
    """(twins, k, ...) values of (twins, days, ...) on the line between two days; the last one holds until death."""
    after = np.clip(np.searchsorted(days, at), 1, len(days) - 1)
    share = (at - days[after - 1]) / (days[after] - days[after - 1])
    left, right = values[:, after - 1], values[:, after]
    share = share.reshape(-1, *[1] * (values.ndim - 2))
    line = np.where(np.isfinite(right), left + share * (right - left), left)
    alive = (at <= death[:, None]).reshape(len(values), len(at), *[1] * (values.ndim - 2))
    return np.asarray(np.where(alive, line, np.nan))


def build(
    job: LibraryJob, place: Path, workers: int = 1, progress: Progress | None = None, chunk: int | None = None
) -> Library:
    """Read the library in a folder, after whatever is missing there was simulated.

    A killed call goes on from the finished chunks; the files are the same to the last byte.

    Args:
        chunk: people of one file, after which progress is told; the library does not depend on it.

    Raises:
        charcot.engine.campaign.CampaignError: the folder is of another job, busy, or cannot be written.
    """
    folder = Folder.begin(place, job, min(chunk or CHUNK, job.size))
    run(job, folder, workers=workers, progress=progress, found=progress)
    return join(job, blocks_of(folder))


CHUNK = 250  # people of one file, after which a killed build goes on


def blocks_of(folder: Folder) -> Iterator[Block]:
    """The chunks of a finished campaign, one at a time."""
    import zarr

    group = zarr.open_group(str(folder.path / "arrays.zarr"), mode="r")
    for span, part in zip(folder.spans(), folder.parts(), strict=True):
        arrays = {name: np.asarray(group[name][span.first : span.last]) for name in ARRAYS}  # type: ignore[index]
        yield Block(parquet.read(part), arrays)


def join(job: LibraryJob, blocks: Iterable[Block]) -> Library:
    """One library of its blocks, in order; what belongs to people who are not stored is let go block by block."""
    frames: list[pd.DataFrame] = []
    arrays: dict[str, list[np.ndarray]] = {name: [] for name in ARRAYS}
    reasons = [Counter[str]() for _ in job.protocols]
    drawn = 0
    for block in blocks:
        table = block.table.to_pandas()
        drawn += len(table)
        for k, counter in enumerate(reasons):
            counter.update(reason for reason in table[f"reason.{k}"] if reason)
        stored = table["stored"].to_numpy(dtype=bool)
        frames.append(table[stored])
        for name in ARRAYS:
            arrays[name].append(block.arrays[name][stored])
    everyone = pd.concat(frames, ignore_index=True)
    whole = {name: np.concatenate(parts) for name, parts in arrays.items()}
    kinds = range(1 + len(job.kinds))
    subjects = everyone[["number", *SUBJECTS]]
    return Library(
        job=job,
        drawn=drawn,
        subjects=subjects.assign(involved_regions=subjects["involved_regions"].astype(int)),
        enters=np.array([everyone[f"reason.{k}"] == "" for k in range(len(job.protocols))], dtype=bool),
        reasons=reasons,
        death=np.stack([everyone[f"death.{kind}"].to_numpy(dtype=float) for kind in kinds], axis=1),
        failed=np.stack([everyone[f"failed.{kind}"].to_numpy(dtype=bool) for kind in kinds], axis=1),
        items=whole["items"],
        screened=whole["screened"],
        measured={name: whole[name] for name in measurements()},
    )
