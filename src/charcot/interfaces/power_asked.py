"""What is asked of a design's power and what was measured: told alike by the command line, reports and the explorer.

Rooms are imported where they are needed, so that the command line starts at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from charcot.core.hashing import hash_json

if TYPE_CHECKING:
    import pandas as pd

    from charcot.fitting.assurance import Assured
    from charcot.trials.library.job import LibraryJob


@dataclass(frozen=True)
class Asked:
    """What is simulated, beyond the grid.

    Attributes:
        people: drawn for the library; ``model_people``: for that of each plausible model.
        replicates: trials of each design; ``model_replicates``: under each plausible model.
        target: the power that is wanted, with ``endpoint``; None: no size is looked for.
    """

    people: int
    replicates: int
    endpoint: str
    model_people: int
    model_replicates: int
    target: float | None = None


@dataclass(frozen=True)
class Measured:
    """``table``: operating characteristics; ``sizes``: a row for each design whose size was looked for; ``tried``: the
    sizes at which power was simulated meanwhile; ``looks``: what the protocol's interim analyses do, None without any;
    ``assured``: ``charcot.fitting.assurance.Assured``."""

    table: pd.DataFrame
    sizes: pd.DataFrame | None
    tried: pd.DataFrame | None
    looks: pd.DataFrame | None
    assured: Assured
    twins: int
    drawn: int
    lost: int


def library_name(job: LibraryJob) -> str:
    """The folder of a library: the same twins always have the same name."""
    return f"twins-{job.protocols[0].name}-{hash_json([job.description(), job.fingerprint()], 12)}"


def not_assured(note: str) -> Assured:
    from charcot.fitting.assurance import Assured

    return Assured(note=note)


def endpoint_titles(names: Sequence[str]) -> Mapping[str, str]:
    from charcot.trials.estimands import title_of

    return {name: title_of(name) for name in names}
