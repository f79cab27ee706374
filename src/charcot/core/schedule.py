"""What happens to each patient at known times: doses, infusions, hits, drifting inputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from charcot.core.program import Program


class EventKind(IntEnum):
    """``ADD`` raises a state by a value (a bolus, a seed); ``SET`` gives an input a new value (an infusion rate)."""

    ADD = 0
    SET = 1


@dataclass(frozen=True)
class Event:
    """At ``time`` (days on the patient's clock) do ``kind`` to ``target`` (a state for ADD, an input for SET)."""

    time: float
    target: str
    kind: EventKind
    value: float


@dataclass(frozen=True)
class Series:
    """Events of one kind on one target: ``times`` (events,) ascending, in days, and ``values`` (events,)."""

    target: str
    kind: EventKind
    times: np.ndarray
    values: np.ndarray

    def __iter__(self) -> Iterator[Event]:
        for time, value in zip(self.times.tolist(), self.values.tolist(), strict=True):
            yield Event(time, self.target, self.kind, value)


@dataclass(frozen=True)
class Schedule:
    """The events of many patients, packed: patient i owns rows ``offsets[i]:offsets[i + 1]``, sorted by time.

    Events of one patient at one time are applied in the order in which they were given.
    """

    offsets: np.ndarray  # int64, (patients + 1,)
    times: np.ndarray  # float64, (events,)
    targets: np.ndarray  # int32, (events,): index of a state or of an input
    kinds: np.ndarray  # int32, (events,)
    values: np.ndarray  # float64, (events,)

    @property
    def patients(self) -> int:
        return len(self.offsets) - 1

    def take(self, patients: Sequence[int] | np.ndarray) -> Schedule:
        """The schedule of some patients, in the order asked for."""
        rows = [np.arange(self.offsets[i], self.offsets[i + 1]) for i in patients]
        index = np.concatenate(rows).astype(np.int64) if rows else np.zeros(0, dtype=np.int64)
        offsets = np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int64)
        return Schedule(offsets, self.times[index], self.targets[index], self.kinds[index], self.values[index])

    @classmethod
    def pack(cls, program: Program, events: Sequence[Iterable[Event]]) -> Schedule:
        """Pack one iterable of events per patient; an unknown target raises KeyError with the nearest names."""
        state = {name: i for i, name in enumerate(program.state_names)}
        entry = {name: i for i, name in enumerate(program.input_names)}
        offsets = [0]
        rows: list[tuple[float, int, int, float]] = []
        for patient in events:
            for event in sorted(patient, key=lambda e: e.time):
                known = state if event.kind is EventKind.ADD else entry
                if event.target not in known:
                    program.index("state" if event.kind is EventKind.ADD else "input", event.target)
                rows.append((event.time, known[event.target], int(event.kind), event.value))
            offsets.append(len(rows))
        columns = list(zip(*rows, strict=True)) if rows else [(), (), (), ()]
        return cls(
            np.array(offsets, dtype=np.int64),
            np.array(columns[0], dtype=np.float64),
            np.array(columns[1], dtype=np.int32),
            np.array(columns[2], dtype=np.int32),
            np.array(columns[3], dtype=np.float64),
        )

    @classmethod
    def pack_series(cls, program: Program, series: Sequence[Iterable[Series]]) -> Schedule:
        """Pack several series for each patient; an unknown target raises KeyError with the nearest names."""
        flat = [(patient, one) for patient, mine in enumerate(series) for one in mine if len(one.times)]
        if not flat:
            return cls.empty(len(series))
        counts = [len(one.times) for _, one in flat]
        kinds = {EventKind.ADD: "state", EventKind.SET: "input"}
        found = {key: program.index(kinds[key[1]], key[0]) for key in {(one.target, one.kind) for _, one in flat}}
        owner = np.repeat([patient for patient, _ in flat], counts)
        times = np.concatenate([one.times for _, one in flat])
        order = np.lexsort((times, owner))  # stable: equal times keep their order
        return cls(
            np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=len(series)))]).astype(np.int64),
            times[order],
            np.repeat([found[one.target, one.kind] for _, one in flat], counts).astype(np.int32)[order],
            np.repeat([int(one.kind) for _, one in flat], counts).astype(np.int32)[order],
            np.concatenate([one.values for _, one in flat])[order],
        )

    @classmethod
    def even(cls, patients: int, times: np.ndarray, target: int, kind: EventKind, values: np.ndarray) -> Schedule:
        """One event for each of ``patients`` at each of ``times`` (k,) with ``values`` (patients, k)."""
        count = len(times)
        return cls(
            np.arange(patients + 1, dtype=np.int64) * count,
            np.tile(np.asarray(times, dtype=np.float64), patients),
            np.full(patients * count, target, dtype=np.int32),
            np.full(patients * count, int(kind), dtype=np.int32),
            np.asarray(values, dtype=np.float64).ravel(),
        )

    @classmethod
    def merge(cls, schedules: Sequence[Schedule]) -> Schedule:
        """Several schedules of the same patients as one; at equal times the order of ``schedules`` holds."""
        owner = np.concatenate([np.repeat(np.arange(s.patients), np.diff(s.offsets)) for s in schedules])
        times = np.concatenate([s.times for s in schedules])
        order = np.lexsort((times, owner))  # stable: equal times keep their order
        counts = np.sum([np.diff(s.offsets) for s in schedules], axis=0)
        return cls(
            np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            times[order],
            *(np.concatenate([getattr(s, name) for s in schedules])[order] for name in ("targets", "kinds", "values")),
        )

    @classmethod
    def empty(cls, patients: int) -> Schedule:
        """No events for anyone."""
        none = np.zeros(0)
        return cls(
            np.zeros(patients + 1, dtype=np.int64), none, none.astype(np.int32), none.astype(np.int32), none.copy()
        )
