"""Files and options that both look-alikes share."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

MONTH = 30.4375  # days
EARLY = (0.0, 1.0, 2.0, 3.0)  # months: the visits from which one forecasts
LATER = (6.0, 9.0, 12.0, 18.0)  # months: the visits that are forecast
Rows = list[dict[str, Any]]


def write(folder: Path, tables: Mapping[str, Rows]) -> None:
    """One CSV for each table."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as handle:
            writer = csv.DictWriter(handle, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def main(generate: Callable[[int, int], Mapping[str, Rows]], words: str) -> None:
    """The command line of a generator."""
    parser = argparse.ArgumentParser(description=words)
    parser.add_argument("--patients", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("lookalike"))
    asked = parser.parse_args()
    write(asked.out, generate(asked.patients, asked.seed))
    print(f"{asked.patients} patients in {asked.out}")
