"""The engine against an independent solver (CVODE) on the whole disease model, with seeds, drifts and doses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from sksundae.cvode import CVODE

from charcot import patients
from charcot.core.expression import jacobian, to_python
from charcot.core.program import Program
from charcot.core.schedule import Event, EventKind
from charcot.core.units import DAYS_PER_YEAR
from charcot.engine import simulate as run_engine
from charcot.patients import Cohort
from charcot.patients.assemble import program
from charcot.patients.cohort import start_days
from charcot.patients.courses import parameters_of, schedule_of
from charcot.treatments import Regimen

YEARS = 6.0
RELATIVE = 1e-3
SMALL = 1e-4  # of the scale of a read-out


@dataclass
class Reference:
    """Right-hand side and Jacobian of a program as plain Python, for CVODE."""

    program: Program

    def __post_init__(self) -> None:
        names = self.program.state_names
        arguments = {"y": names, "p": self.program.parameter_names, "u": self.program.input_names}
        rates = [state.rate for state in self.program.states]
        rows = jacobian(rates, names)
        column = {name: i for i, name in enumerate(names)}
        entries = [(i, column[name], value) for i, row in enumerate(rows) for name, value in row.items()]
        self.rates = to_python(rates, arguments)
        self.places = (np.array([i for i, _, _ in entries]), np.array([j for _, j, _ in entries]))
        self.derivatives = to_python([value for _, _, value in entries], arguments)
        self.readouts = to_python([r.expression for r in self.program.readouts], arguments)

    def course(self, parameters: np.ndarray, events: list[Event], times: np.ndarray, start: float) -> np.ndarray:
        """Read-outs at ``times``, shape (times, readouts); integration restarts at every event."""
        model = self.program
        p = parameters.tolist()
        u = [entry.value for entry in model.inputs]
        y = model.initial_states(parameters[None, :])[0]
        absolute = np.array([1e-11 * state.scale for state in model.states])

        def rates(_, y, out):
            out[:] = self.rates(y.tolist(), p, u)

        def derivatives(_, y, __, out):
            out[:] = 0.0
            out[self.places] = self.derivatives(y.tolist(), p, u)

        found: dict[float, list[float]] = {}
        t = start
        for limit in sorted({*(event.time for event in events if event.time <= times[-1]), float(times[-1])}):
            inside = times[(times > t) & (times < limit)]
            if limit > t:
                grid = np.unique([t, 0.5 * (t + limit), *inside, limit])
                solver = CVODE(rates, method="BDF", rtol=1e-8, atol=absolute, jacfn=derivatives, max_num_steps=500_000)
                solution = solver.solve(grid, y)
                assert solution.success, solution.message
                for time, row in zip(solution.t, solution.y, strict=True):
                    found[float(time)] = [float(v) for v in self.readouts(row.tolist(), p, u)]
                y, t = solution.y[-1].copy(), limit
            for event in (e for e in events if e.time == limit):
                if event.kind is EventKind.ADD:
                    y[model.index("state", event.target)] += event.value
                else:
                    u[model.index("input", event.target)] = event.value
        return np.array([found[float(time)] for time in times])


def _unpacked(model: Program, schedule) -> list[Event]:
    """The events of the only patient of a schedule."""
    targets = (model.state_names, model.input_names)
    columns = zip(schedule.times, schedule.targets, schedule.kinds, schedule.values, strict=True)
    return [Event(float(t), targets[int(k)][i], EventKind(int(k)), float(v)) for t, i, k, v in columns]


def _compare(cohort: Cohort, regimens: list[Regimen], origin: float, years: float = YEARS) -> None:
    model = program(tuple(sorted({regimen.product for regimen in regimens})))
    horizon = years * DAYS_PER_YEAR
    doses = [event for regimen in regimens for event in regimen.events(origin, horizon)]
    schedule = schedule_of(cohort, model, [doses], horizon)
    parameters = parameters_of(cohort, model, tuple(regimen.product for regimen in regimens))
    # Off every event: at an event the two would have to agree on which side they report.
    times = np.arange(45.5, horizon, 91.0) + 0.123
    start = float(start_days(cohort)[0])
    engine = run_engine(model, parameters, times, start=start, schedule=schedule, tolerance=1e-6)
    assert not engine.failed.any()
    expected = Reference(model).course(parameters[0], _unpacked(model, schedule), times, start)
    scale = np.maximum(np.abs(expected).max(axis=0), 1e-3)
    error = np.abs(engine.values[0] - expected) / (RELATIVE * np.abs(expected) + SMALL * scale)
    worst = np.unravel_index(error.argmax(), error.shape)
    assert error.max() < 1, (
        model.readout_names[worst[1]], times[worst[0]], engine.values[0][worst], expected[worst], error.max()
    )  # fmt: skip
    assert np.ptp(expected[:, model.readout_names.index("clinic.alsfrs_r.total")]) > 5  # disease runs its course


def test_the_typical_lumbar_patient():
    _compare(patients.typical_cohort(["lumbar"], 58.0), [], 0.0)


@pytest.fixture(scope="module")
def drawn() -> Cohort:
    """Two drawn patients who fall well ill within the years compared."""
    cohort = patients.draw_cohort(patients.load_population("sporadic"), 40, 5)
    courses = patients.simulate(cohort, horizon_years=YEARS)
    ill = np.flatnonzero(courses.onset < (YEARS - 2) * DAYS_PER_YEAR)
    return cohort.take(ill[:2])


@pytest.mark.parametrize("row", [0, 1])
def test_drawn_patients_whose_tempo_drifts(drawn, row):
    _compare(drawn.take([row]), [], 0.0)


def test_a_drawn_patient_on_cycles_of_edaravone(drawn):
    regimen = Regimen.parse(product="edaravone_iv", start="0 days", stop="48 weeks")
    _compare(drawn.take([0]), [regimen], 3 * DAYS_PER_YEAR, years=4.5)
