"""Programs and an independent reference solver for the tests of the engine."""

import numpy as np
from sksundae.cvode import CVODE

from charcot.core.expression import constant, maximum, select, sigmoid, softplus, symbol, to_python
from charcot.core.program import Input, Parameter, Program, Readout, State
from charcot.core.schedule import EventKind, Schedule


def decay() -> Program:
    """A depot emptying into a plasma that an infusion also feeds: everything has a closed form."""
    depot, plasma, infusion = symbol("depot"), symbol("plasma"), symbol("infusion")
    absorb, eliminate = symbol("absorb"), symbol("eliminate")
    return Program(
        states=(
            State("depot", "mg", symbol("first_dose"), -absorb * depot),
            State("plasma", "mg", constant(0.0), absorb * depot + infusion - eliminate * plasma),
            State("clock", "day", constant(0.0), constant(1.0)),
        ),
        parameters=(
            Parameter("absorb", "1/day", 2.0),
            Parameter("eliminate", "1/day", 0.3),
            Parameter("first_dose", "mg", 0.0),
        ),
        inputs=(Input("infusion", "mg/day", 0.0),),
        readouts=tuple(Readout(n, "mg", symbol(n)) for n in ("depot", "plasma", "clock", "infusion")),
    )


def disease() -> Program:
    """A small, mildly stiff, non-linear, dosed program (rates from 1e-3 to 20 per day) with a hazard."""
    drug, seed, glia, cells, fast = (symbol(n) for n in ("drug", "seed", "glia", "cells", "fast"))
    grow, kill, lag, infusion = (symbol(n) for n in ("grow", "kill", "lag", "infusion"))
    sick = maximum(seed, 0.0) ** 2.5 / (0.4**2.5 + maximum(seed, 0.0) ** 2.5)
    rates = {
        "drug": infusion - 0.7 * drug,
        "seed": grow * seed * (1 - seed) * (1 + glia) / (1 + drug / 3) + 1e-5,
        "glia": lag * (sigmoid(6 * (sick - 0.3)) - glia) - 0.1 * glia * fast**2,
        "cells": -kill * cells * sick * select(glia, 0.5, 1 + glia, 1.5 + 0.0 * glia),
        "fast": 20 * (cells / (0.2 + cells) - fast),
        "hazard": 1e-3 * softplus(10 * (0.5 - cells)) + 1e-5,
    }
    initial = {"drug": 0.0, "seed": 0.01, "glia": 0.0, "cells": 1.0, "fast": 0.8, "hazard": 0.0}
    return Program(
        states=tuple(State(n, "dimensionless", constant(initial[n]), rate) for n, rate in rates.items()),
        parameters=(
            Parameter("grow", "1/day", 0.02),
            Parameter("kill", "1/day", 0.01),
            Parameter("lag", "1/day", 2.0),
        ),
        inputs=(Input("infusion", "mg/day", 0.0),),
        readouts=(
            *(Readout(n, "dimensionless", symbol(n)) for n in rates),
            Readout("score", "point", 48 * symbol("cells") ** 1.5),
        ),
    )


def spread(program: Program, patients: int, seed: int = 7, size: float = 0.3) -> np.ndarray:
    """Log-normal parameters, (patients, parameters)."""
    table = program.parameter_table(patients)
    return table * np.exp(np.random.default_rng(seed).normal(0.0, size, table.shape))


def reference(program: Program, parameters: np.ndarray, times: np.ndarray, schedule: Schedule, patient: int = 0):
    """States of one patient at ``times`` by CVODE at tight tolerance, restarted at every event."""
    names = program.state_names
    arguments = {"y": names, "p": program.parameter_names, "u": program.input_names}
    function = to_python([state.rate for state in program.states], arguments)
    p, u = parameters[patient], np.array([entry.value for entry in program.inputs])
    y, t = program.initial_states(parameters)[patient].copy(), 0.0
    rows = slice(schedule.offsets[patient], schedule.offsets[patient + 1])
    events = list(zip(*(getattr(schedule, n)[rows] for n in ("times", "targets", "kinds", "values")), strict=True))

    def rates(_, y, out):
        out[:] = function(y, p, u)

    found = {0.0: y.copy()}
    for limit in [*sorted({event[0] for event in events}), times[-1]]:
        if limit > t:
            grid = np.unique([t, 0.5 * (t + limit), *times[(times > t) & (times <= limit)], limit])  # at least 3
            solution = CVODE(rates, method="BDF", rtol=1e-11, atol=1e-13, max_num_steps=200_000).solve(grid, y)
            assert solution.success, solution.message
            for time, row in zip(grid[1:], solution.y[1:], strict=True):
                found[time] = row.copy()  # at an event: before it
            y, t = solution.y[-1].copy(), limit
        for _, target, kind, value in [event for event in events if event[0] == limit]:
            if kind == EventKind.ADD:
                y[target] += value
            else:
                u[target] = value
    return np.array([found[time] for time in times])
