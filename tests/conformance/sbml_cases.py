"""Cases of the public SBML Test Suite: their settings, their expected results, and how the engine does on them."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from charcot.core.errors import Problems
from charcot.core.result import Status
from charcot.engine import simulate
from charcot.interfaces.exchange.sbml import Imported, Refusal, read_sbml
from charcot.interfaces.exchange.sbml.importing import with_readouts

FOLDER = "CHARCOT_SBML_CASES"
TOLERANCE = 1e-8
PASSED, REFUSED, WRONG, FAILED = "passed", "refused", "wrong", "failed"


def folder() -> Path:
    """Where the cases lie: the environment says, else beside the project."""
    named = os.environ.get(FOLDER)
    return Path(named) if named else Path(__file__).resolve().parents[3] / "shared" / "conformance" / "sbml"


@dataclass(frozen=True)
class Case:
    """What one case asks for: ``columns`` at ``times``, within absolute + relative x |expected|."""

    number: str
    model: Path
    amounts: frozenset[str]
    concentrations: frozenset[str]
    absolute: float
    relative: float
    columns: tuple[str, ...]
    times: np.ndarray
    expected: np.ndarray  # (times, columns)


@dataclass(frozen=True)
class Outcome:
    """How a case went; ``reasons`` are the names of refused features, ``detail`` is for whoever mends it."""

    number: str
    verdict: str
    reasons: tuple[str, ...] = ()
    detail: str = ""


def read_case(place: Path) -> Case:
    """The case in the folder ``place``."""
    number = place.name
    settings: dict[str, str] = {}
    for line in (place / f"{number}-settings.txt").read_text().splitlines():
        key, colon, value = line.partition(":")
        if colon:
            settings[key.strip()] = value.strip()
    with (place / f"{number}-results.csv").open() as file:
        header, *rows = [row for row in csv.reader(file) if row]
    table = np.array([[float(cell) for cell in row] for row in rows])
    return Case(
        number=number,
        model=next(place.glob(f"{number}-sbml-*.xml")),
        amounts=_names(settings.get("amount", "")),
        concentrations=_names(settings.get("concentration", "")),
        absolute=float(settings["absolute"]),
        relative=float(settings["relative"]),
        columns=tuple(name.strip().strip('"') for name in header[1:]),
        times=table[:, 0],
        expected=table[:, 1:],
    )


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(",") if name.strip())


def run_case(place: Path) -> Outcome:
    """Read, simulate and compare one case; nothing that goes wrong in it stops the others."""
    case = read_case(place)
    try:
        imported = read_sbml(case.model)
        found = simulated(case, imported)
    except Refusal as refusal:
        return Outcome(case.number, REFUSED, refusal.features)
    except Problems as problems:
        return Outcome(case.number, FAILED, detail=str(problems))
    except Exception as error:
        return Outcome(case.number, FAILED, detail=f"{type(error).__name__}: {error}")
    if isinstance(found, str):
        return Outcome(case.number, FAILED, detail=found)
    return compare(case, found)


def simulated(case: Case, imported: Imported) -> np.ndarray | str:
    """The columns of the case, (times, columns), or the sentence with which the simulation ended early."""
    names = [imported.concentrations[c] if c in case.concentrations else c for c in case.columns]
    program = with_readouts(imported.program, dict.fromkeys(names))
    result = simulate(program, program.parameter_table(1), case.times, tolerance=TOLERANCE)
    status = Status(result.status[0])
    if status is not Status.COMPLETED:
        return f"at {result.end_time[0]:g}: {status.sentence}"
    return np.stack([result[name][0] for name in names], axis=1)


def compare(case: Case, found: np.ndarray) -> Outcome:
    """Passed when every value lies within the tolerance of the case."""
    with np.errstate(invalid="ignore"):
        distance = np.abs(found - case.expected)
        allowed = case.absolute + case.relative * np.abs(case.expected)
        good = np.isfinite(case.expected) & (distance <= allowed)
    good |= (found == case.expected) | (np.isnan(found) & np.isnan(case.expected))
    if good.all():
        return Outcome(case.number, PASSED)
    row, column = np.argwhere(~good)[0]
    wrong = ", ".join(case.columns[c] for c in np.flatnonzero(~good.all(axis=0)))
    detail = f"{wrong}: {case.columns[column]} at {case.times[row]:g} is {found[row, column]:.9g}"
    return Outcome(case.number, WRONG, detail=f"{detail}, expected {case.expected[row, column]:.9g}")
