"""Units through every operation that an expression can have."""

from __future__ import annotations

import pytest

from charcot.core import expression as e
from charcot.model.units_check import BARE, Unit, UnitMismatch, unit_of

METRE = Unit.of("m")
x, y = e.symbol("x"), e.symbol("y")
UNITS = {"x": METRE, "y": BARE}
BARE_FUNCTIONS = ("exp", "log", "softplus", "sigmoid", "sine", "cosine", "arctangent")
ARGUMENTS = {"select": 4, "floor": 1, **dict.fromkeys(BARE_FUNCTIONS, 1)}


@pytest.mark.parametrize("operation", sorted(e._BUILDERS))
def test_every_operation_has_a_unit(operation: str) -> None:
    node = e._BUILDERS[operation](*[y + k for k in range(ARGUMENTS.get(operation, 2))])
    unit = unit_of(node, UNITS)
    assert unit is not None
    assert unit.same(BARE)


@pytest.mark.parametrize("operation", BARE_FUNCTIONS)
def test_a_function_of_metres_is_refused(operation: str) -> None:
    with pytest.raises(UnitMismatch, match=operation):
        unit_of(e._BUILDERS[operation](x), UNITS)


def test_what_is_rounded_down_keeps_its_unit() -> None:
    unit = unit_of(e.floor(x), UNITS)
    assert unit is not None
    assert unit.same(METRE)
