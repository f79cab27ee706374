"""What a visit measures beside its ratings: vital capacity, serum markers; a row of ``measurements.csv`` each.

A row names a read-out of the model and the error of one reading of it. With it the measurement stands in the records of
every simulated trial and can be read, with its error, in experiments; a row of ``trials/endpoints.csv`` makes it an
endpoint.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import AfterValidator, Field

from charcot.core.errors import Problem, Where
from charcot.core.random import stream
from charcot.core.tables import Row, read_rows

MEASUREMENTS = Path(__file__).parent / "measurements.csv"


@dataclass(frozen=True)
class Measurement:
    """One thing that is measured.

    Attributes:
        readout: of the program, in ``unit``.
        code: its PARAMCD in ADaM tables; ``title``: its PARAM; ``short``: what pictures call it.
        error: ``plus``, a normal error, and no reading below 0; or ``times``, a log-normal factor.
        sd: of the error, in ``unit``; of a factor that of its natural logarithm.
        source, where: of the SD.
    """

    name: str
    readout: str
    code: str
    title: str
    short: str
    unit: str
    error: Literal["plus", "times"]
    sd: float
    source: str
    where: Where

    def observe(
        self, latent: np.ndarray, seed: int, patient: int | str, purpose: str = "visits", sd: float | None = None
    ) -> np.ndarray:
        """Readings of one patient, (visits,), in ``unit``; NaN where ``latent`` (visits,) is.

        ``purpose`` is which series of visits this is, so that screening and trial visits have their own draws;
        ``sd`` stands in place of the measurement's own.
        """
        latent = np.asarray(latent, dtype=float)
        drawn = stream(seed, patient, f"{self.name.replace('_', ' ')} noise, {purpose}").standard_normal(latent.shape)
        off = (self.sd if sd is None else sd) * drawn
        return np.asarray(latent * np.exp(off) if self.error == "times" else np.maximum(latent + off, 0.0))


def _named(text: str) -> str:
    if not text.isidentifier() or text == "alsfrs_r":
        raise ValueError("is no name: use letters, digits and '_'; alsfrs_r is taken")
    return text


class _Form(Row):
    name: Annotated[str, AfterValidator(_named)]
    readout: str = Field(min_length=1)
    code: str = Field(pattern=r"^[A-Z][A-Z0-9]{0,7}$")
    title: str = Field(min_length=1)
    short: str = Field(min_length=1)
    unit: str = Field(min_length=1)
    error: Literal["plus", "times"]
    sd: float = Field(ge=0)
    spread: float = Field(ge=0)
    source: str = Field(min_length=1)
    grade: str = Field(pattern="^[A-F]$")
    note: str = ""


def read_measurements(path: Path, problems: list[Problem]) -> dict[str, Measurement]:
    """The measurements of a table by name; what is wrong is appended to ``problems`` with file and line."""
    found: dict[str, Measurement] = {}
    codes: dict[str, str] = {}
    for row, where in read_rows(path, _Form, ("name",), problems):
        if row.code in codes:
            problems.append(Problem("code-twice", f"{row.name}: {codes[row.code]} has the code {row.code}", where))
            continue
        codes[row.code] = row.name
        found[row.name] = Measurement(
            row.name, row.readout, row.code, row.title, row.short, row.unit, row.error, row.sd, row.source, where
        )
    return found


@cache
def measurements() -> dict[str, Measurement]:
    """Every sound measurement of ``measurements.csv``, in its order; ``charcot check`` tells the others."""
    return read_measurements(MEASUREMENTS, [])
