"""``Result``: what an ensemble run returns. A failure is a named result of one patient, never a silent gap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray


class Status(IntEnum):
    """How a patient's simulation ended."""

    COMPLETED = 0
    STOPPED = 1
    NON_FINITE = 2
    STEP_TOO_SMALL = 3
    TOO_MANY_STEPS = 4
    BAD_INPUT = 5
    EVENT_STORM = 6
    BAD_EVENT = 7
    SMALL_PIVOT = 8
    NEGATIVE_STATE = 9

    @property
    def failed(self) -> bool:
        return self >= Status.NON_FINITE

    @property
    def sentence(self) -> str:
        """The sentence that a user reads."""
        return _SENTENCES[self]


def failures_among(counts: Mapping[str, int]) -> dict[str, int]:
    """Of the ways in which patients ended (``Result.status_counts``), those that are failures."""
    failed = {status.name.lower() for status in Status if status.failed}
    return {name: count for name, count in counts.items() if name in failed}


_SENTENCES = {
    Status.COMPLETED: "The simulation reached the end of its time span.",
    Status.STOPPED: "The simulation reached its stopping state (such as death) and ended there.",
    Status.NON_FINITE: "The model gave a value that is not a number: look for a division by zero or an overflow in "
    "this patient's parameters.",
    Status.STEP_TOO_SMALL: "The step size collapsed: the model changes faster than the solver can follow for this "
    "patient. Check extreme parameters, or loosen the tolerance.",
    Status.TOO_MANY_STEPS: "The step limit was reached before the end: raise max_steps, or look for an oscillation.",
    Status.BAD_INPUT: "A parameter or an initial value of this patient is not a finite number.",
    Status.EVENT_STORM: "The triggers of the model never came to rest: thousands of events at one instant, each making "
    "the next. Give a condition a hysteresis, or an event a delay.",
    Status.BAD_EVENT: "A trigger of the model gave a delay below zero, or a delay or priority that is not a number.",
    Status.SMALL_PIVOT: "The fast solver met an equation that it cannot solve in its fixed order: simulate with "
    "fallback=True, which runs this patient again with a solver that pivots.",
    Status.NEGATIVE_STATE: "An amount or a share fell below zero, which the equations allow only for numbers that "
    "do not go together: look for shares that sum above one, or for a number far outside its evidence.",
}


@dataclass(frozen=True)
class Result:
    """Trajectories of many patients.

    Attributes:
        readout_names, readout_units: the names and units along the last axis of ``values``.
        times: (patients, times) in days on each patient's clock.
        values: (patients, times, readouts); NaN after the patient's end.
        end_time: (patients,) the last time reached, in days; the stopping time when ``status`` is STOPPED.
        status: (patients,) of :class:`Status`.
        steps, rejected: (patients,) accepted and rejected steps.
        final_states: (patients, states) at ``end_time``.
        fallback: (patients,) bool: whose equations needed the slower solver that pivots.
        largest: (patients, states): the largest size of each state; 0 where the program knows the scale of every state.
        coarse: (patients,) bool: in whom a state whose scale nobody knows stays far below what was guessed for it, and
            a run with the lower scale did not come through: that state is right to the error of the guess only.
    """

    readout_names: tuple[str, ...]
    readout_units: tuple[str, ...]
    times: np.ndarray
    values: np.ndarray
    end_time: np.ndarray
    status: np.ndarray
    steps: np.ndarray
    rejected: np.ndarray
    final_states: np.ndarray
    fallback: np.ndarray
    largest: np.ndarray
    coarse: np.ndarray

    def __getitem__(self, readout: str) -> np.ndarray:
        """One read-out, shape (patients, times)."""
        return self.values[:, :, self.readout_names.index(readout)]  # type: ignore[no-any-return]

    @property
    def failed(self) -> np.ndarray:
        """(patients,) bool: whose simulation failed."""
        return self.status >= int(Status.NON_FINITE)  # type: ignore[no-any-return]

    def status_counts(self) -> dict[str, int]:
        """How many patients ended in which way, by name."""
        return {s.name.lower(): int(np.sum(self.status == s)) for s in Status if np.any(self.status == s)}

    def fallback_count(self) -> int:
        """How many patients needed the slower solver that pivots, however they ended."""
        return int(np.sum(self.fallback))

    def coarse_count(self) -> int:
        """How many patients have a state that is right to the error of a guessed scale only."""
        return int(np.sum(self.coarse))

    def take(self, patients: np.ndarray) -> Result:
        """The rows of some patients."""
        return Result(
            self.readout_names, self.readout_units, *(getattr(self, name)[patients] for name in self._by_patient())
        )

    def put(self, patients: np.ndarray, other: Result) -> None:
        """Take over the rows of some patients from another result of the same run."""
        for name in self._by_patient():
            getattr(self, name)[patients] = getattr(other, name)[patients]

    @staticmethod
    def _by_patient() -> list[str]:
        return [each.name for each in fields(Result)][2:]

    def to_xarray(self) -> xarray.Dataset:
        """The trajectories as a labelled data set with dimensions (patient, time) and units as attributes."""
        import xarray

        data = {
            name: (("patient", "time"), self.values[:, :, i], {"units": unit})
            for i, (name, unit) in enumerate(zip(self.readout_names, self.readout_units, strict=True))
        }
        return xarray.Dataset(
            {**data, "clock": (("patient", "time"), self.times, {"units": "day"})},
            coords={"patient": np.arange(len(self.status))},
        )
