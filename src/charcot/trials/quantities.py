"""Quantities of a protocol: text with a unit in the file, a number in the house's unit in the program.

``Days`` reads "24 weeks" and holds 168.0; written back it is "168 days". A bare number is refused everywhere, also
where the unit is dimensionless: "80" for a vital capacity could mean 80 % or 80-fold.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from charcot.core.units import UnitError, parse_quantity

_NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"


@dataclass(frozen=True)
class Quantity:
    """A pydantic annotation: reads ``number unit`` into ``unit``.

    Attributes:
        unit: the house's unit, in which the number is held and written back.
        example: what a message shows.
        accepted: when given, the only spellings of the unit that are read. Needed for dimensionless units, where the
            unit system could not tell "2 points" from "2 %".
    """

    unit: str
    example: str
    accepted: tuple[str, ...] = ()

    def read(self, value: Any) -> float:
        """The number in ``self.unit``; raises ValueError with a full sentence."""
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise ValueError(f"{value!r} is not a quantity: write for example '{self.example}'")
        text = str(value).strip()
        if isinstance(value, (int, float)) or _is_number(text):
            raise ValueError(f"{text} has no unit: write for example '{self.example}'")
        unit = re.sub(rf"^{_NUMBER}", "", text).strip()
        if self.accepted and unit not in self.accepted:
            raise ValueError(f"'{text}' is not in {self.unit}: write for example '{self.example}'")
        try:
            number = parse_quantity(text, self.unit)
        except UnitError as error:
            raise ValueError(f"{error}; write for example '{self.example}'") from error
        if not math.isfinite(number):
            raise ValueError(f"'{text}' is not a finite number")
        return number

    def write(self, number: float | None) -> str | None:
        """The text that :meth:`read` reads back."""
        return None if number is None else f"{number:.12g} {self.unit}"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        writer = core_schema.plain_serializer_function_ser_schema(self.write)
        return core_schema.no_info_plain_validator_function(self.read, serialization=writer)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "pattern": rf"^\s*{_NUMBER}\s*\S.*$", "examples": [self.example]}


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


_POINT = ("point", "points", "pts")
_PERCENT = ("%", "percent", "percent_predicted", "pct_predicted")

DAYS = Quantity("days", "12 weeks")
YEARS = Quantity("years", "60 years")
POINTS = Quantity("points", "2 points", _POINT)
PERCENT_PREDICTED = Quantity("percent_predicted", "80 %", _PERCENT)
SHARE = Quantity("percent", "10 %", ("%", "percent"))
HAZARD = Quantity("1/month", "1 %/month")
RATE = Quantity("points/month", "-1.2 points/month", tuple(f"{p}/{t}" for p in _POINT for t in ("month", "mo", "year")))
CONCENTRATION = Quantity("pg/mL", "60 pg/mL")
MONTHS = Quantity("months", "12 months")

# The only spellings that are read of units that are dimensionless, in which values of endpoints may be.
SPELLINGS = {
    **{one.unit: one.accepted for one in (POINTS, PERCENT_PREDICTED, RATE)},
    "fold": ("fold",),
    "fraction": ("fraction",),
    "ranks": ("ranks", "rank"),
}

Days = Annotated[float, DAYS]
Years = Annotated[float, YEARS]
Points = Annotated[float, POINTS]
PercentPredicted = Annotated[float, PERCENT_PREDICTED]
Share = Annotated[float, SHARE]
Hazard = Annotated[float, HAZARD]
Rate = Annotated[float, RATE]
Concentration = Annotated[float, CONCENTRATION]
