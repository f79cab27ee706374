"""Write fitted values into the tables of the model: the last step of ``charcot fit --store``, for developers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import charcot
from charcot import patients
from charcot.disease import systems
from charcot.fitting.numbers import SYSTEM
from charcot.model.definition import number_symbols

TABLES = ("disease/parameters", "clinic")
DIGITS = 3  # of a free number: more would claim to know it better


def adopt(values: Mapping[str, float], package: Path | None = None) -> list[Path]:
    """Write each value, by the names of a fit, into its row or setting; returns the files that changed.

    ``package``: the folder of the package, for a copy of it. Lines keep everything but the value.

    Raises:
        KeyError: for a name that no table and no system has.
    """
    root = package or Path(charcot.__file__).parent
    files = {path.name: path for folder in TABLES for path in (root / folder).glob("*.csv")}
    symbols = number_symbols(patients.definition())
    changed: dict[Path, list[str]] = {}

    def edit(path: Path, line: int, pattern: str, value: float) -> None:
        lines = changed.setdefault(path, path.read_text(encoding="utf-8").splitlines())
        new, count = re.subn(pattern, rf"\g<1>{value:.{DIGITS}g}", lines[line - 1], count=1)
        if not count:
            raise KeyError(f"{path.name}:{line} holds no value to replace")
        lines[line - 1] = new

    for name, value in values.items():
        system, _, number = name.rpartition(SYSTEM)
        if system:
            own, document = systems.documents()[system]
            places: list[tuple[str, str | int]] = [
                (g, i) for g in ("numbers", "initial") for i, s in enumerate(getattr(own, g)) if s.name == number
            ]
            places += [("clocks", process) for process in own.clocks if f"{systems.CLOCK}{process}" == number]
            path = root / "disease" / "systems" / Path(document.file).name
            for place in places:
                edit(path, document.where(place).line, r"(\bvalue:\s*)[^,}\s]+", value)
            continue
        rows = {n.where for full, n in symbols.items() if name in (full, n.name) and n.where is not None}
        if not rows:
            raise KeyError(f"no table has a number {name!r}")
        for where in rows:
            edit(files[Path(where.file).name], where.line, r"^([^,]*,[^,]*,)[^,]*", value)
    for path, lines in changed.items():
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return sorted(changed)
