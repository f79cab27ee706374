"""The same event models in SBML, run by libroadrunner: an independent reading of what an event means."""

from dataclasses import dataclass

import libsbml
import numpy as np
import pytest
import roadrunner
from test_triggers import FIVE, TIME, X, Y, at_least, program, put, run

from charcot.core.expression import constant
from charcot.core.program import Program, Trigger


@dataclass(frozen=True)
class Sbml:
    """An event as SBML text; the flags are those of the trigger beside it."""

    condition: str
    assignments: dict[str, str]
    delay: str = ""
    priority: str = ""


@dataclass(frozen=True)
class Case:
    """Rates of x (from 1) and y (from 0), and events, written twice."""

    rates: dict[str, str]
    events: list[Sbml]
    model: Program


CASES = {
    "values before and after a delay": Case(
        {"x": "1 - 0.5*x + 0.2*y", "y": "0.1*x - 0.3*y"},
        [
            Sbml("x >= 2", {"x": "0.5*x", "y": "y + x"}, delay="0.7"),
            Sbml("y >= 1.5", {"y": "0.2", "x": "x + y"}, delay="0.4 + 0.1*x"),
        ],
        program(
            Trigger("a", at_least(X, 2.0), put(x=0.5 * X, y=Y + X), delay=constant(0.7), early_values=True),
            Trigger("b", at_least(Y, 1.5), put(y=0.2, x=X + Y), delay=0.4 + 0.1 * X, persistent=False),
            rates={"x": 1 - 0.5 * X + 0.2 * Y, "y": 0.1 * X - 0.3 * Y},
        ),
    ),
    "priorities that change": Case(
        {"x": "0.02*x", "y": "0.1"},
        [
            Sbml("time >= 5", {"x": "2*x"}, priority="1"),
            Sbml("time >= 5", {"x": "x + 3", "y": "y + x"}, priority="x"),
            Sbml("x >= 8", {"y": "y*x"}, priority="5"),
        ],
        program(
            Trigger("a", FIVE, put(x=2 * X), priority=constant(1)),
            Trigger("b", FIVE, put(x=X + 3, y=Y + X), priority=X),
            Trigger("c", at_least(X, 8.0), put(y=Y * X), priority=constant(5)),
            rates={"x": 0.02 * X, "y": constant(0.1)},
        ),
    ),
    "true at the start, and a cascade": Case(
        {"x": "-0.1*x", "y": "0"},
        [
            Sbml("x > 0.5", {"y": "y + 1"}),
            Sbml("y >= 1", {"y": "y + 10"}),
            Sbml("x < 0.4", {"x": "1"}),
        ],
        program(
            Trigger("a", X - 0.5, put(y=Y + 1), initially=False),
            Trigger("b", at_least(Y, 1.0), put(y=Y + 10)),
            Trigger("c", 0.4 - X, put(x=1.0)),
            rates={"x": -0.1 * X},
        ),
    ),
    "an event that falls away while it waits": Case(
        {"x": "y", "y": "-x"},
        [Sbml("x > 0.5", {"x": "1.1*x"}, delay="1"), Sbml("x < -0.9", {"y": "1.2*y"}, delay="0.5")],
        program(
            Trigger("a", X - 0.5, put(x=1.1 * X), delay=constant(1.0), persistent=False),
            Trigger("b", -0.9 - X, put(y=1.2 * Y), delay=constant(0.5), persistent=False),
            rates={"x": Y, "y": -X},
        ),
    ),
    "conditions on the clock": Case(
        {"x": "0.1*y", "y": "-0.2*y"},
        [Sbml("time >= 2", {"y": "1"}), Sbml("time >= 7.25", {"y": "time"}), Sbml("time >= 4", {"x": "0"}, delay="3")],
        program(
            Trigger("a", at_least(TIME, 2.0), put(y=1.0)),
            Trigger("b", at_least(TIME, 7.25), put(y=TIME)),
            Trigger("c", at_least(TIME, 4.0), put(x=0.0), delay=constant(3.0)),
            rates={"x": 0.1 * Y, "y": -0.2 * Y},
        ),
    ),
}


def sbml(case: Case) -> str:
    document = libsbml.SBMLDocument(3, 2)
    model = document.createModel()
    for name, value in (("x", 1.0), ("y", 0.0)):
        quantity = model.createParameter()
        quantity.setId(name)
        quantity.setConstant(False)
        quantity.setValue(value)
        rule = model.createRateRule()
        rule.setVariable(name)
        rule.setMath(libsbml.parseL3Formula(case.rates[name]))
    for written, same in zip(case.events, case.model.triggers, strict=True):
        event = model.createEvent()
        event.setUseValuesFromTriggerTime(same.early_values)
        trigger = event.createTrigger()
        trigger.setPersistent(same.persistent)
        trigger.setInitialValue(same.initially)
        trigger.setMath(libsbml.parseL3Formula(written.condition))
        if written.delay:
            event.createDelay().setMath(libsbml.parseL3Formula(written.delay))
        if written.priority:
            event.createPriority().setMath(libsbml.parseL3Formula(written.priority))
        for target, formula in written.assignments.items():
            assignment = event.createEventAssignment()
            assignment.setVariable(target)
            assignment.setMath(libsbml.parseL3Formula(formula))
    return libsbml.writeSBMLToString(document)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_peer_agrees(case):
    times = np.linspace(0.0, 20.0, 81)
    peer = roadrunner.RoadRunner(sbml(case))
    peer.integrator.relative_tolerance, peer.integrator.absolute_tolerance = 1e-10, 1e-12
    expected = np.array(peer.simulate(0.0, 20.0, len(times), ["x", "y"]))
    result = run(case.model, times, tolerance=1e-9)
    found = np.stack([result["x"][0], result["y"][0]], axis=1)
    jumps = np.abs(np.diff(found, axis=0)).max(axis=0)
    assert (jumps > 0.05).all()  # something happens
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=2e-6)
