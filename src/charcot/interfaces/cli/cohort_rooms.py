"""The doors to one's own cohort: every call of ``charcot cohort`` into the science goes through here, loaded late."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any


def read(files: Sequence[Path], columns: Path | None) -> Any:
    from charcot.fitting.own_cohort.columns import read_columns
    from charcot.fitting.own_cohort.reading import read_cohort

    return read_cohort(files, read_columns(columns))
