"""``open_run``: a finished run folder, of any verb, as tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from charcot.core import parquet
from charcot.core.errors import CharcotError
from charcot.core.identifiers import did_you_mean
from charcot.interfaces.runs import MANIFEST

if TYPE_CHECKING:
    import pandas as pd

SUMMARY, TABLES, REPORT = "summary.json", "tables", "report.html"


class NoRun(CharcotError):
    """A folder holds no finished run."""


@dataclass(frozen=True, repr=False)
class Run(Mapping[str, "pd.DataFrame"]):
    """A finished run. ``run["estimates"]`` is a table, ``list(run)`` are their names; a table is read when asked for.

    ``manifest``: how the run was made (verb, seed, versions, hashes, command, files). ``summary``: its key figures as
    ``--json`` has them; empty where the verb writes none.
    """

    folder: Path
    manifest: Mapping[str, object]
    summary: object

    def __getitem__(self, name: str) -> pd.DataFrame:
        """A table by name; raises :class:`KeyError` with the nearest names."""
        if name not in list(self):
            raise KeyError(f"this run has no table {name!r}. {did_you_mean(name, list(self))}")
        table: pd.DataFrame = parquet.read(self.folder / TABLES / f"{name}.parquet").to_pandas()
        return table

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(path.stem for path in (self.folder / TABLES).glob("*.parquet")))

    def __len__(self) -> int:
        return len(list(iter(self)))

    @property
    def report(self) -> Path | None:
        """The report, where the verb makes one."""
        path = self.folder / REPORT
        return path if path.is_file() else None

    def __repr__(self) -> str:
        return f"Run({self.manifest.get('verb', 'run')}, {self.folder}, tables: {', '.join(self)})"


def open_run(folder: str | Path) -> Run:
    """Open the finished run in ``folder``: what ``charcot demo``, ``trial``, ``sweep``, ``fit`` and others leave.

    Raises:
        NoRun: there is no such folder, it holds no run, or one that is not finished.
    """
    place = Path(folder)
    if not place.is_dir():
        raise NoRun(f"there is no folder {place}: give the folder that the command named at its end.")
    if not (place / MANIFEST).is_file():
        inside = sorted(path.parent.name for path in place.glob(f"*/{MANIFEST}"))
        hint = f"it holds the runs {', '.join(inside[:8])}: open one of them" if inside else "it holds no finished run"
        raise NoRun(f"{place} has no {MANIFEST}: {hint}.")
    manifest = _read(place / MANIFEST)
    if not isinstance(manifest, dict):
        raise NoRun(f"{place / MANIFEST} holds no keys: the run was damaged; make it again.")
    return Run(place, manifest, _read(place / SUMMARY) if (place / SUMMARY).is_file() else {})


def _read(path: Path) -> object:
    """The JSON of a file."""
    try:
        content: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NoRun(f"{path} cannot be read ({error}): the run was damaged; make it again.") from None
    return content
