"""How far the model misses trials of the record, which is part of what it predicts of another trial.

What was published less what was simulated is summed up by the meta-analysis that the rival ``meta`` makes of the
published figures alone. The offset moves a prediction, its error and the spread between trials widen it (a discrepancy
term, as of Kennedy and O'Hagan 2001, J R Stat Soc B 63:425). Nothing of it can be set by hand. A model that says the
same of every trial becomes the rival, whatever it says.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, fields
from functools import cache
from pathlib import Path

import numpy as np

from charcot.core.errors import Problem, Problems, Where
from charcot.trials.forecast_scores import meta_analysis

FILE = Path(__file__).parent / "discrepancy.csv"  # of all past trials, written by charcot hindcast --store
FEWEST = 3  # residuals of other trials; of fewer nothing is said
DIGITS = 6  # significant ones that are kept in the file


@dataclass(frozen=True)
class Discrepancy:
    """Published less simulated of one quantity, on the scale on which it is scored.

    Attributes:
        offset, error: the random-effects mean and its standard error.
        between: the SD between trials that their own errors do not explain.
        trials: of how many figures.
    """

    offset: float
    error: float
    between: float
    trials: int

    @property
    def spread(self) -> float:
        """What it adds to the standard error of a prediction, in quadrature."""
        return math.hypot(self.error, self.between)

    def times(self, scale: float) -> Discrepancy:
        """The same on another scale."""
        return Discrepancy(scale * self.offset, scale * self.error, scale * self.between, self.trials)


def of(residuals: Iterable[tuple[float, float]]) -> Discrepancy | None:
    """Of residuals with their standard errors; None of fewer than :data:`FEWEST` that are numbers."""
    known = np.array([pair for pair in residuals if np.isfinite(pair).all()])
    if len(known) < FEWEST:
        return None
    return Discrepancy(*meta_analysis(known[:, 0], known[:, 1]), len(known))


@cache
def stored() -> Mapping[str, Discrepancy]:
    """That of each quantity, of all past trials, as it was last stored."""
    return read(FILE)


def read(path: Path) -> dict[str, Discrepancy]:
    """The rows of a file; raises :class:`Problems` for one that holds no numbers."""
    out = {}
    for number, row in enumerate(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))), start=2):
        try:
            one = Discrepancy(float(row["offset"]), float(row["error"]), float(row["between"]), int(row["trials"]))
            sound = bool(np.isfinite(astuple(one)).all()) and one.error > 0 and one.between >= 0
        except (KeyError, TypeError, ValueError):
            sound = False
        if not sound:
            hint = "Make the file anew by charcot hindcast --store."
            message = "a row needs quantity, offset, error above 0, between from 0 on, trials"
            raise Problems([Problem("bad-row", message, Where.of(path.name, number), hint)])
        out[row["quantity"]] = one
    return out


def write(found: Mapping[str, Discrepancy], path: Path = FILE) -> None:
    """One row for each quantity."""
    lines = [",".join(("quantity", *(field.name for field in fields(Discrepancy))))]
    lines += [",".join((name, *(f"{value:.{DIGITS}g}" for value in astuple(one)))) for name, one in found.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    stored.cache_clear()
