"""Words about what a treatment gains, which the report of a sweep and the explorer share."""

from __future__ import annotations

import math
from typing import Any

from charcot.interfaces.report.content import say

NEVER_GIVEN = "never given to people"
OUTSIDE = "outside what people were given"


def spoken(combination: str) -> str:
    """Names of products without underscores."""
    return combination.replace("_", " ")


def untried(cell: Any) -> str:
    """Follows the name of a treatment whose gain nobody could have seen; ``cell`` is a row of a sweep's table."""
    if cell["never_given"]:
        return f" ({spoken(str(cell['never_given']))}: {NEVER_GIVEN})"
    return f" (a dose {OUTSIDE})" if cell["beyond_studied"] else ""


def when(years: float) -> str:
    """A start in words; years from symptom onset when untreated."""
    if years == 0:
        return "at onset"
    return f"{say(abs(years))} {'year' if abs(years) == 1 else 'years'} {'before' if years < 0 else 'after'} onset"


def lost(years: float) -> str:
    """When a window closes, years from onset: infinite where it does not, NaN where nothing is gained."""
    if years != years:
        return "not defined: nothing is gained"
    return "still there at the last start looked at" if math.isinf(years) else f"lost {when(round(years, 1))}"
