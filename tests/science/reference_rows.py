"""Rows of data that others published, for tests of the statistics: shipped where the licence allows (``rows/``)."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

SHIPPED = Path(__file__).parent / "rows"


def given(name: str) -> pd.DataFrame:
    """The rows of one data set; a test of rows that may not be shipped is skipped unless it is given them."""
    named = os.environ.get("CHARCOT_REFERENCE_ROWS")
    for folder in (SHIPPED, *([Path(named)] if named else [])):
        path = folder / f"{name}.csv"
        if path.is_file():
            return pd.read_csv(path)
    pytest.skip(
        f"the licence of {name} does not let its rows be shipped: CHARCOT_REFERENCE_ROWS names a folder with it"
    )
