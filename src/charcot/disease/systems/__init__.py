"""Systems: human, mouse lines and cultures as data. Every system runs on the same mechanisms as a patient.

A system is a YAML file in this folder: what differs from its ``base`` (numbers with unit, spread, source and grade;
values at the start; a clock for each process that runs faster; landmarks that an observer would note). A mouse is not a
small man: axon lengths, life-course, transgene dose and sprouting ceiling are its data. Adding a system edits no code.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from charcot.core.errors import Problem, Problems, Where
from charcot.core.form_words import hint_for, in_words
from charcot.core.identifiers import did_you_mean
from charcot.core.yaml_file import Document, read_document

HERE = Path(__file__).parent
CLOCK = "clock."  # before the name of a process, it names the factor of its clock


class Content(BaseModel):
    """Plain data from a file; unknown keys are errors, and so are numbers that are not finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Setting(Content):
    """One number of a system with its evidence, as a row of the parameter tables has it.

    ``name`` is the name of a number or, under ``initial``, of a state; without a region it means every region.
    """

    name: str
    value: float
    unit: str
    spread: float
    source: str
    grade: str
    note: str = ""


class Clock(Content):
    """How much faster one process runs in this system than in a patient, with its evidence.

    Rates among ``numbers`` are multiplied by the factor ``value``, times are divided by it; which is which follows from
    the unit. A process that no clock names (TDP-43 shuttling, T cells, mRNA in transit) runs as in a patient.
    """

    value: float = Field(gt=0)
    unit: Literal["1"]
    spread: float
    source: str
    grade: str
    note: str = ""
    numbers: tuple[str, ...]


class Landmark(Content):
    """A day that an observer notes: the first on which one of ``reads`` passes a level.

    Each entry of ``reads`` is a sum of read-outs. ``below`` and ``above`` are absolute levels; with ``share`` they are
    shares of the value on the first reported day.
    """

    reads: tuple[tuple[str, ...], ...]
    below: float | None = None
    above: float | None = None
    share: bool = False


class Happening(Content):
    """What is done on a day of the system's clock: ``set`` and ``multiply`` numbers, ``add`` to and ``scale`` states,
    set ``input`` values."""

    day: float | str = 0.0
    set: dict[str, float] = {}
    multiply: dict[str, float] = {}
    add: dict[str, float] = {}
    scale: dict[str, float] = {}
    input: dict[str, float] = {}


class System(Content):
    """A system with everything that it inherits from its base.

    ``start`` and ``end`` are days; ``reported`` is the first day that is reported; ``step`` the days between outputs.
    """

    name: str = ""
    title: str
    species: str
    base: str | None = None
    note: str = ""
    start: float = 0.0
    reported: float = 0.0
    end: float = 0.0
    step: float = 1.0
    clocks: dict[str, Clock] = {}
    numbers: tuple[Setting, ...] = ()
    initial: tuple[Setting, ...] = ()
    happenings: tuple[Happening, ...] = ()
    landmarks: dict[str, Landmark] = {}

    @property
    def settings(self) -> tuple[Setting, ...]:
        """All that it says of its own with evidence: numbers, values at the start, and the factors of its clocks."""
        factors = (
            Setting(name=f"{CLOCK}{process}", **clock.model_dump(exclude={"numbers"}))
            for process, clock in self.clocks.items()
        )
        return (*self.numbers, *self.initial, *factors)


def _load(path: Path) -> tuple[System, Document]:
    document = read_document(path)
    try:
        return System.model_validate({**document.data, "name": path.stem}), document
    except ValidationError as error:
        raise Problems(problems_of(error, document)) from None


def problems_of(error: ValidationError, document: Document) -> list[Problem]:
    """What pydantic found, with file and line; that a list is too short only because of what is wrong in it is left."""
    found = []
    entries = error.errors()
    for entry in entries:
        place = tuple(entry["loc"])
        inner = any(len(one["loc"]) > len(place) and one["loc"][: len(place)] == place for one in entries)
        if entry["type"] == "too_short" and inner:
            continue
        words = ".".join(str(part) for part in place)
        code = "unknown-key" if entry["type"] == "extra_forbidden" else "bad-value"
        message = f"unknown key {words!r}" if code == "unknown-key" else f"{words}: {in_words(entry)}"
        found.append(Problem(code, message, document.where(place), hint_for(entry)))
    return found


def _inherit(own: System, base: System, given: Any) -> System:
    """``own`` with all that it does not say itself taken from ``base``; numbers, landmarks and clocks go by name."""
    numbers = {setting.name: setting for setting in (*base.numbers, *own.numbers)}
    initial = {setting.name: setting for setting in (*base.initial, *own.initial)}
    taken = {
        field: getattr(base, field) for field in ("species", "start", "reported", "end", "step") if field not in given
    }
    return own.model_copy(
        update={
            **taken,
            "numbers": tuple(numbers.values()),
            "initial": tuple(initial.values()),
            "happenings": (*base.happenings, *own.happenings),
            "landmarks": {**base.landmarks, **own.landmarks},
            "clocks": {**base.clocks, **own.clocks},
        }
    )


@functools.cache
def documents() -> dict[str, tuple[System, Document]]:
    """Every system as its file has it, without what it inherits. Raises all problems of all files at once."""
    out: dict[str, tuple[System, Document]] = {}
    problems: list[Problem] = []
    for path in sorted(HERE.glob("*.yaml")):
        try:
            out[path.stem] = _load(path)
        except Problems as error:
            problems += error.problems
    for name, (system, document) in out.items():
        if system.base is not None and system.base not in out:
            hint = did_you_mean(system.base, out)
            problems.append(
                Problem("unknown-system", f"{name}: no system {system.base!r}", document.where(("base",)), hint)
            )
    if problems:
        raise Problems(problems, "the systems cannot be read")
    return out


@functools.cache
def system(name: str) -> System:
    """A system by name, inheritance resolved; raises :class:`KeyError` with the nearest names."""
    known = documents()
    if name not in known:
        raise KeyError(f"no system is called {name!r}. {did_you_mean(name, known)}")
    own, document = known[name]
    if own.base is None:
        return own
    return _inherit(own, system(own.base), document.data)


def system_names() -> tuple[str, ...]:
    return tuple(documents())


def where_of(name: str, *place: str | int) -> Where:
    """The place in a system's file."""
    return documents()[name][1].where(place)
