"""``simulate_model``: check everything that was given, then run the campaign."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from charcot.core.errors import Problem, Problems, raise_if_any
from charcot.core.identifiers import close_to
from charcot.core.program import Program
from charcot.core.schedule import Event, EventKind, Schedule
from charcot.engine.campaign import Folder, run
from charcot.interfaces.exchange.sbml import Imported, read_sbml
from charcot.interfaces.own_model.job import ModelJob
from charcot.interfaces.own_model.results import ModelRun, open_model_run
from charcot.interfaces.own_model.tables import Table, read_table

if TYPE_CHECKING:
    from charcot.interfaces.own_model.tables import Given

Progress = Callable[[int], None]
SET = "set"  # the column that names a parameter set
DOSE = ("time", "target", "amount")
RESERVED = (SET, "time", "status")  # columns of the result
MOST_LISTED = 20


def simulate_model(
    model: str | Path | Program | Imported,
    parameters: Given,
    out: str | Path,
    *,
    until: float,
    doses: Given | None = None,
    readouts: Sequence[str] | None = None,
    points: int = 101,
    tolerance: float = 1e-6,
    seed: int = 1,
    workers: int = 1,
    scheduler: str | None = None,
    chunk: int | None = None,
    progress: Progress | None = None,
) -> ModelRun:
    """Simulate every parameter set of a table, into the folder ``out``. Called again, it goes on where it stood.

    Args:
        model: an SBML file (also packed, or a COMBINE archive), or a program.
        parameters: one row per set (CSV, Parquet, data frame). A column is called like a parameter, or like a state
            whose initial value it gives; a column ``set`` names the rows (by default 1, 2, ...).
        doses: rows ``time``, ``target`` (a state), ``amount`` (added to it, in its unit), ``set`` (blank: all).
        until: the end, in the model's unit of time; ``points`` outputs are evenly spaced from 0 to it.
        readouts: by default the concentration of every species; all read-outs of a program.
        tolerance, seed: see :class:`~charcot.interfaces.own_model.job.ModelJob`.
        workers, scheduler, chunk, progress: see :func:`charcot.engine.campaign.run`.

    Raises:
        Problems: everything that is wrong with what was given, with file and line.
        Refusal: the model needs features that are not supported.
        CampaignError: what ended the campaign; finished chunks are kept.
    """
    job = prepare(
        model, parameters, until=until, doses=doses, readouts=readouts, points=points, tolerance=tolerance, seed=seed
    )
    if scheduler is not None and job.source is None:
        hint = "Leave the scheduler out (threads), or give the model as an SBML file."
        raise Problems([Problem("not-a-file", "a program made in Python cannot be sent to a cluster", None, hint)])
    run(job, Folder.begin(Path(out), job, chunk), workers=workers, scheduler=scheduler, progress=progress)
    return open_model_run(out)


def prepare(
    model: str | Path | Program | Imported,
    parameters: Given,
    *,
    until: float,
    doses: Given | None = None,
    readouts: Sequence[str] | None = None,
    points: int = 101,
    tolerance: float = 1e-6,
    seed: int = 1,
) -> ModelJob:
    """The checked job of :func:`simulate_model`, with the same arguments."""
    imported = read_sbml(model) if isinstance(model, str | Path) else model
    source = Path(model).absolute() if isinstance(model, str | Path) else None
    program = imported if isinstance(imported, Program) else imported.program
    problems: list[Problem] = []
    chosen = _readouts(imported, readouts, problems)
    problems += _number_problems(until, points, tolerance)
    sets = _read(parameters, "the parameter sets", problems)
    given = _read(doses, "the doses", problems) if doses is not None else None
    raise_if_any([] if sets is not None else problems, "This cannot be simulated")
    assert sets is not None
    names = set_names(sets, problems)
    values, initial = _columns(sets, program, problems)
    schedule = _schedule(given, program, names, until, problems)
    raise_if_any(problems, "This cannot be simulated")
    times = np.linspace(0.0, until, points)
    unit = "day" if isinstance(imported, Program) else imported.time_unit
    return ModelJob(program, source, names, values, initial, schedule, times, chosen, tolerance, seed, unit)


def _read(given: Given, name: str, problems: list[Problem]) -> Table | None:
    try:
        return read_table(given, name)
    except Problems as error:
        problems += error.problems
        return None


def _number_problems(until: float, points: int, tolerance: float) -> list[Problem]:
    found = []
    if not (math.isfinite(until) and until > 0):
        found.append(Problem("bad-end", f"the end (until) is {until:g}", None, "Give a time above 0."))
    if points < 2:
        found.append(Problem("bad-points", f"{points} points are too few", None, "Give at least 2: begin and end."))
    return found + tolerance_problems(tolerance)


def tolerance_problems(tolerance: float) -> list[Problem]:
    """What is wrong with a relative tolerance."""
    if 1e-12 <= tolerance <= 0.1:
        return []
    return [Problem("bad-tolerance", f"the tolerance is {tolerance:g}", None, "Give a number from 1e-12 to 0.1.")]


def _readouts(imported: Program | Imported, asked: Sequence[str] | None, problems: list[Problem]) -> tuple[str, ...]:
    program = imported if isinstance(imported, Program) else imported.program
    if asked is None:
        shown = () if isinstance(imported, Program) else tuple(imported.concentrations.values())
        chosen = shown or program.readout_names
    else:
        chosen = tuple(dict.fromkeys(asked))
    for name in chosen:
        if name not in program.readout_names:
            text = f"the model has no read-out called {name!r}"
            problems.append(Problem("unknown-readout", text, None, _hint(name, program.readout_names)))
        elif name in RESERVED:
            text = f"the read-out {name!r} has the name of a column of the result"
            problems.append(Problem("reserved-readout", text, None, "Name the wanted read-outs without it."))
    return chosen


def set_names(sets: Table, problems: list[Problem]) -> np.ndarray:
    """The name of each row, (sets,): the column ``set``, else 1, 2, ..."""
    if not sets.rows:
        problems.append(Problem("no-set", "there is no parameter set", sets.where(), "Write a row for each set."))
    if SET not in sets.columns:
        return np.arange(1, sets.rows + 1)
    words = np.array([_word(one) for one in sets.columns[SET]], dtype=object)
    seen: set[str] = set()
    for row, word in enumerate(words):
        if word in seen or not word:
            text = f"the set {word!r} is there twice" if word else "the set has no name"
            problems.append(Problem("bad-set", text, sets.where(row), "Give each row its own name."))
        seen.add(word)
    return words


def _columns(
    sets: Table, program: Program, problems: list[Problem]
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    # a state that nothing reports, such as the clock, is the translation's own and not the user's to set
    states = set(program.state_names) & {r.name for r in program.readouts} - {program.clock}
    values: dict[str, np.ndarray] = {}
    initial: dict[str, np.ndarray] = {}
    for name in sets.columns:
        if name == SET:
            continue
        if name in program.parameter_names:
            values[name] = sets.numbers(name, problems)
        elif name in states:
            initial[name] = sets.numbers(name, problems)
        else:
            text = f"the model has no parameter and no state called {name!r}"
            known = [*program.parameter_names, *sorted(states)]
            problems.append(Problem("unknown-parameter", text, sets.where(), _hint(name, known)))
    return values, initial


def _schedule(
    doses: Table | None, program: Program, names: np.ndarray, until: float, problems: list[Problem]
) -> Schedule:
    if doses is None:
        return Schedule.empty(len(names))
    missing = [name for name in DOSE if name not in doses.columns]
    foreign = [name for name in doses.columns if name not in (*DOSE, SET)]
    for word, listed in (("missing", missing), ("not known", foreign)):
        for name in listed:
            hint = f"The columns are {', '.join(DOSE)} and, for single sets, {SET}."
            problems.append(Problem("bad-column", f"the column {name!r} is {word}", doses.where(), hint))
    if missing:
        return Schedule.empty(len(names))
    times, amounts = doses.numbers("time", problems), doses.numbers("amount", problems)
    known = [name for name in program.state_names if name != program.clock]
    place = {str(name): k for k, name in enumerate(names)}
    owners = doses.columns.get(SET, np.full(doses.rows, "", dtype=object))
    events: list[list[Event]] = [[] for _ in names]
    for row in range(doses.rows):
        target, owner = str(doses.columns["target"][row]), _word(owners[row])
        if target not in known:
            text = f"the model has no state called {target!r} that a dose could go to"
            problems.append(Problem("unknown-target", text, doses.where(row), _hint(target, known)))
        if times[row] < 0 or times[row] > until:
            text = f"the dose at time {times[row]:g} lies outside 0 to {until:g}"
            problems.append(Problem("bad-time", text, doses.where(row), "Move it, or simulate for longer."))
        if owner and owner not in place:
            text = f"no parameter set is called {owner!r}"
            problems.append(Problem("unknown-set", text, doses.where(row), "Leave it blank for a dose in all sets."))
        dose = Event(float(times[row]), target, EventKind.ADD, float(amounts[row]))
        for k in [place[owner]] if owner in place else range(len(names)) if not owner else ():
            events[k].append(dose)
    return Schedule.empty(len(names)) if problems else Schedule.pack(program, events)


def _word(cell: object) -> str:
    """The name of a set in a cell; blank for the missing values of a data frame, ``1`` for its 1.0."""
    if cell is None or cell != cell:
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _hint(name: str, known: Sequence[str]) -> str:
    listed = ", ".join(known[:MOST_LISTED]) + (f" and {len(known) - MOST_LISTED} more" * (len(known) > MOST_LISTED))
    return f"{close_to(name, known)} The model has: {listed}."
