"""Inputs that vary in time: sampled paths, linear between their knots, and random ones.

A path is a state whose rate is an input, the slope, which events set at the knots. Between knots the rate is constant,
so any Rosenbrock method follows the path exactly, and no step runs over a corner. Where steps of the input itself are
meant (a dose rate), set the input with :class:`~charcot.core.schedule.Event` instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from charcot.core.expression import symbol
from charcot.core.program import Input, Parameter, Program, State
from charcot.core.random import stream
from charcot.core.schedule import EventKind, Schedule


@dataclass(frozen=True)
class InputPath:
    """A quantity that follows given values: what a program needs for it, and how patients get theirs.

    Attributes:
        name: of the state that other expressions read.
        unit: its unit.
        value: what it is for a patient without a path.
        scale: the size below which it does not matter.
    """

    name: str
    unit: str
    value: float = 0.0
    scale: float = 1.0

    @property
    def state(self) -> State:
        """The state to put into the program."""
        return State(self.name, self.unit, symbol(self.parameter.name), symbol(self.input.name), self.scale)

    @property
    def parameter(self) -> Parameter:
        """The parameter to put into the program: the value at the patient's start."""
        return Parameter(f"{self.name}.at_start", self.unit, self.value)

    @property
    def input(self) -> Input:
        """The input to put into the program: the slope."""
        return Input(f"{self.name}.slope", f"({self.unit})/day", 0.0)

    def follow(
        self, program: Program, times: np.ndarray, values: np.ndarray, start: np.ndarray | float = 0.0
    ) -> tuple[np.ndarray, Schedule]:
        """Let every patient follow a path; before the first and after the last knot it stays where it is there.

        Args:
            program: one that holds the state, the parameter and the input of this path.
            times: (knots,) or (patients, knots) in days, strictly ascending; NaN may fill up the end of a row.
            values: (patients, knots) in the unit of the path.
            start: (patients,) or one number: the day on which each patient's simulation starts.

        Returns:
            the column for the parameter ``<name>.at_start``, shape (patients,), and the events.

        Raises:
            ValueError: for shapes that do not fit, times that do not ascend, or a value that is not finite.
            KeyError: when the program does not hold this path.
        """
        times, values, given = _knots(self.name, times, values)
        begin = np.broadcast_to(np.asarray(start, dtype=float), (len(values),))
        index = program.index("input", self.input.name)
        program.index("state", self.name)
        program.index("parameter", self.parameter.name)
        slopes, until = np.zeros(values.shape), np.full(values.shape, np.inf)
        inner = given[:, 1:]
        slopes[:, :-1][inner] = (np.diff(values)[inner]) / np.diff(times)[inner]
        until[:, :-1][inner] = times[:, 1:][inner]
        kept = given & (until > begin[:, None])  # what ends before the start is history
        schedule = Schedule(
            np.concatenate([[0], np.cumsum(kept.sum(axis=1))]).astype(np.int64),
            np.maximum(times, begin[:, None])[kept],
            np.full(kept.sum(), index, dtype=np.int32),
            np.full(kept.sum(), int(EventKind.SET), dtype=np.int32),
            slopes[kept],
        )
        rows = zip(begin, times, values, given, strict=True)
        return np.array([np.interp(day, t[g], v[g]) for day, t, v, g in rows]), schedule


def _knots(name: str, times: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(times, values, which are given), each (patients, knots), checked."""
    values = np.asarray(values, dtype=float)
    times = np.asarray(times, dtype=float)
    if values.ndim != 2 or times.ndim not in (1, 2) or times.shape not in (values.shape, values.shape[1:]):
        raise ValueError(
            f"the path {name!r} has times of shape {times.shape} and values of shape {values.shape}; give values "
            "(patients, knots), and times (knots,) for all or (patients, knots)."
        )
    times = np.broadcast_to(times, values.shape)
    given = ~np.isnan(times)
    if values.shape[1] == 0 or not given[:, 0].all() or np.any(given[:, 1:] & ~given[:, :-1]):
        raise ValueError(f"every patient's path {name!r} needs a knot, and NaN may only fill up the end of its times.")
    if np.any(np.diff(times)[given[:, 1:]] <= 0) or np.isinf(times).any():
        raise ValueError(
            f"the times of the path {name!r} must be finite and ascend strictly; for a jump, add to the state with an "
            "Event."
        )
    if not np.isfinite(values[given]).all():
        patient = np.flatnonzero((~np.isfinite(values) & given).any(axis=1))[0]
        raise ValueError(f"the path {name!r} of patient {patient} holds a value that is not a finite number.")
    return times, values, given


# random paths ------------------------------------------------------------------------------------------------------


def ornstein_uhlenbeck(
    seed: int,
    patients: Sequence[int | str] | np.ndarray,
    purpose: str,
    times: np.ndarray,
    spread: np.ndarray | float,
    memory: float,
) -> np.ndarray:
    """Values that wander about zero and forget where they were: exact samples of a stationary process.

    Two values are correlated by e^(-gap / memory). A longer horizon leaves the values before it as they are.

    Args:
        seed, patients, purpose: the address of the draws, as in :func:`charcot.core.random.stream`.
        times: (knots,) in days, ascending.
        spread: (patients,) or one number: the standard deviation, the same at all times.
        memory: days.

    Returns:
        (patients, knots), in the unit of ``spread``.
    """
    times = np.asarray(times, dtype=float)
    if not memory > 0:
        raise ValueError(f"memory is {memory!r} days; a process without memory has no path. Give days above zero.")
    draws = [stream(seed, patient, purpose).standard_normal(len(times)) for patient in patients]
    noise = np.array(draws).reshape(len(patients), len(times))
    kept = np.exp(-np.diff(times) / memory)
    values = noise.copy()
    for k, share in enumerate(kept):
        values[:, k + 1] = share * values[:, k] + np.sqrt(1.0 - share**2) * noise[:, k + 1]
    values *= np.broadcast_to(np.asarray(spread, dtype=float), (len(patients),))[:, None]
    return values


def pulses(
    seed: int,
    patients: Sequence[int | str] | np.ndarray,
    purpose: str,
    *,
    start: float,
    until: float,
    gap: float,
    height: float,
    rise: float,
    fall: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Episodes at random times, such as infections: each climbs to ``height`` and declines again; overlaps add up.

    Args:
        seed, patients, purpose: the address of the draws, as in :func:`charcot.core.random.stream`.
        start, until: episodes begin between these days.
        gap: the mean number of days from the beginning of one to the beginning of the next.
        height: of an episode.
        rise, fall: days from the beginning to the top, and from the top to the end.

    Returns:
        times and values, each (patients, knots), for :meth:`InputPath.follow`; the rows end in NaN.
    """
    if not min(gap, rise, fall) > 0:
        raise ValueError(f"gap ({gap}), rise ({rise}) and fall ({fall}) are days and must be above zero.")
    rows = []
    for patient in patients:
        draw, begins = stream(seed, patient, purpose), [start]
        while begins[-1] <= until:
            begins.append(begins[-1] + gap * draw.standard_exponential())
        corners = np.array(begins[1:-1])[:, None] + [0.0, rise, rise + fall]
        times = np.unique([start, *corners.ravel()])
        rows.append((times, sum((np.interp(times, corner, [0.0, height, 0.0]) for corner in corners), 0.0 * times)))
    knots = max((len(times) for times, _ in rows), default=1)
    table = np.full((2, len(rows), knots), np.nan)
    for i, row in enumerate(rows):
        table[:, i, : len(row[0])] = row
    return table[0], table[1]
