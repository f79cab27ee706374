"""What PEtab's tables may hold, and what of it is supported; every finding with its file and line."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from charcot.core.errors import Problem
from charcot.core.identifiers import did_you_mean
from charcot.interfaces.own_model.petab import formulas
from charcot.interfaces.own_model.petab.configuration import Configuration
from charcot.interfaces.own_model.petab.entities import Entities
from charcot.interfaces.own_model.petab.problem import Cell, Observable
from charcot.interfaces.own_model.petab.scoring import DISTRIBUTIONS, TRANSFORMATIONS
from charcot.interfaces.own_model.petab.sheets import Sheet, as_number

Found = list[Problem]
NOT_SETTINGS = ("conditionId", "conditionName")  # columns of a condition table that set nothing
SCALES = ("lin", "log", "log10")


def as_cell(text: str) -> Cell | None:
    """A number, the name of a parameter, or None where nothing is given."""
    if not text:
        return None
    number = as_number(text)
    return text if number is None else number


def override_cells(sheet: Sheet, kind: str, row: int) -> tuple[Cell, ...]:
    """What a measurement puts in place of the placeholders of its observable or noise formula."""
    parts = [part.strip() for part in sheet.cell(f"{kind}Parameters", row).split(";")]
    return tuple(cell for part in parts if (cell := as_cell(part)) is not None)


def condition_columns(sheet: Sheet | None) -> list[str]:
    """The identifiers that conditions set."""
    return [] if sheet is None else [name for name in sheet.columns if name not in NOT_SETTINGS]


def parameters(sheet: Sheet | None, problems: Found) -> dict[str, float]:
    """Parameter -> nominal value on the linear scale, NaN where an estimated one has none."""
    if sheet is None or not sheet.require(("parameterId", "parameterScale", "estimate"), problems):
        return {}
    rows = sheet.identifiers("parameterId", problems)
    values = {}
    for name, row in rows.items():
        scale, estimate = sheet.cell("parameterScale", row), sheet.cell("estimate", row)
        if scale not in SCALES:
            text, hint = f"parameterScale of {name} is {scale!r}", f"Write one of {', '.join(SCALES)}."
            problems.append(Problem("petab-scale", text, sheet.places[row], hint))
        if as_number(estimate) not in (0.0, 1.0):
            problems.append(
                Problem("petab-estimate", f"estimate of {name} is {estimate!r}", sheet.places[row], "Write 0 or 1.")
            )
        empty = not sheet.cell("nominalValue", row)
        if empty and estimate == "1":
            values[name] = math.nan  # to be given by a table of parameter sets
        else:
            values[name] = sheet.number("nominalValue", row, problems)
        if prior := sheet.cell("objectivePriorType", row):
            text = f"the prior of {name} ({prior}) is not supported: the score is the likelihood of the data alone"
            hint = (
                "Leave objectivePriorType and objectivePriorParameters empty, and add the prior to the score yourself."
            )
            problems.append(Problem("petab-prior", text, sheet.places[row], hint))
    return values


def observables(sheet: Sheet | None, problems: Found) -> dict[str, Observable]:
    """Name -> observable, of those that are sound."""
    if sheet is None or not sheet.require(("observableId", "observableFormula", "noiseFormula"), problems):
        return {}
    made = {}
    for name, row in sheet.identifiers("observableId", problems).items():
        parsed = {}
        for column in ("observableFormula", "noiseFormula"):
            text = sheet.cell(column, row)
            try:
                if not text:
                    raise ValueError("it is empty")
                parsed[column] = formulas.parse(text)
            except ValueError as error:
                message = f"{column} of {name} cannot be read: {error}"
                hint = "Write a formula in PEtab's grammar, such as scaling * S + offset."
                problems.append(Problem("petab-formula", message, sheet.places[row], hint))
        words = {}
        for column, known in (
            ("observableTransformation", tuple(TRANSFORMATIONS)),
            ("noiseDistribution", DISTRIBUTIONS),
        ):
            words[column] = sheet.cell(column, row, known[0])
            if words[column] not in known:
                message, hint = f"{column} of {name} is {words[column]!r}", f"Write one of {', '.join(known)}."
                problems.append(Problem("petab-noise-model", message, sheet.places[row], hint))
        if len(parsed) == 2:
            formula, noise = parsed["observableFormula"], parsed["noiseFormula"]
            made[name] = Observable(name, formula, noise, words["observableTransformation"], words["noiseDistribution"])
    return made


def conditions(sheet: Sheet | None, problems: Found) -> set[str]:
    """The names of the conditions."""
    if sheet is None or not sheet.require(("conditionId",), problems):
        return set()
    return set(sheet.identifiers("conditionId", problems))


def names(
    sheet: Sheet | None,
    found: Mapping[str, Observable],
    nominal: Mapping[str, float],
    entities: Entities,
    problems: Found,
) -> None:
    """Whether every name in a formula is one of the model, of a parameter, a placeholder, or the time."""
    if sheet is None:
        return
    for row, name in enumerate(sheet.columns.get("observableId", [])):
        if name not in found:
            continue
        one = found[name]
        known = {*entities.readouts, *nominal, "time"}
        for column, formula in (("observableFormula", one.formula), ("noiseFormula", one.noise)):
            for symbol in formula.names:
                match = formulas.PLACEHOLDER.fullmatch(symbol)
                if symbol in known or (match and match[3] == name):
                    continue
                text = f"{column} of {name} reads {symbol!r}, which neither the model nor the parameter table has"
                problems.append(Problem("unknown-name", text, sheet.places[row], did_you_mean(symbol, known)))


def columns(sheet: Sheet | None, entities: Entities, problems: Found) -> None:
    """Whether conditions set what the model has and no rule gives."""
    for name in condition_columns(sheet):
        assert sheet is not None
        if name in entities.assigned:
            text, hint = f"conditions cannot set {name!r}: a rule of the model gives it", "Set what the rule reads."
            problems.append(Problem("petab-assigned", text, sheet.header, hint))
        elif name not in entities.settable:
            text = f"the model has no parameter, compartment or species called {name!r}"
            problems.append(Problem("unknown-name", text, sheet.header, did_you_mean(name, entities.readouts)))


def parameter_targets(sheet: Sheet | None, entities: Entities, problems: Found) -> None:
    """Whether no parameter of the problem is called like something that a rule of the model gives."""
    for row, name in enumerate(sheet.columns.get("parameterId", []) if sheet else []):
        assert sheet is not None
        if name in entities.assigned:
            text, hint = f"{name!r} is given by a rule of the model", "Call the parameter otherwise."
            problems.append(Problem("petab-assigned", text, sheet.places[row], hint))


def measurements(
    sheet: Sheet | None, found: Mapping[str, Observable], known: set[str], nominal: Mapping[str, float], problems: Found
) -> None:
    """Whether each measurement is of a known observable and condition, at a time, with what its formulas need."""
    needed = ("observableId", "simulationConditionId", "measurement", "time")
    if sheet is None or not sheet.require(needed, problems):
        return
    if not sheet.rows:
        text, hint = "there is no measurement", "Write a row for each measurement."
        problems.append(Problem("petab-no-measurement", text, sheet.header, hint))
    for row, where in enumerate(sheet.places):
        for column, choices, kind in (
            ("observableId", set(found), "observable"),
            ("simulationConditionId", known, "condition"),
        ):
            name = sheet.cell(column, row)
            if name not in choices and choices:
                text = f"{column} is {name!r}, and no {kind} is called so" if name else f"{column} is empty"
                problems.append(Problem(f"unknown-{kind}", text, where, did_you_mean(name, choices)))
        if before := sheet.cell("preequilibrationConditionId", row):
            text = f"pre-equilibration (condition {before}) is not supported"
            hint = "Empty the cell, and write the steady state into the model's initial values or the condition."
            problems.append(Problem("petab-preequilibration", text, where, hint))
        _time(sheet, row, problems)
        value = sheet.number("measurement", row, problems)
        one = found.get(sheet.cell("observableId", row))
        if one is None:
            continue
        if one.transformation != "lin" and value <= 0:
            text = f"the measurement is {value:g}, and {one.name} is compared on the scale {one.transformation}"
            problems.append(Problem("petab-not-positive", text, where, "Give a number above 0, or the scale lin."))
        for kind, formula in (("observable", one.formula), ("noise", one.noise)):
            _overrides(sheet, row, kind, formula.placeholders(kind, one.name), nominal, problems)


def _time(sheet: Sheet, row: int, problems: Found) -> None:
    time, where = as_number(sheet.cell("time", row)), sheet.places[row]
    if time is not None and math.isinf(time) and time > 0:
        text, hint = "a measurement at steady state (time inf) is not supported", "Give a time that is late enough."
        problems.append(Problem("petab-steady-state", text, where, hint))
    elif time is not None and time < 0:
        text, hint = f"time is {time:g}: a run begins at 0", "Give a time from 0 on."
        problems.append(Problem("bad-time", text, where, hint))
    else:
        sheet.number("time", row, problems)


def _overrides(sheet: Sheet, row: int, kind: str, count: int, nominal: Mapping[str, float], problems: Found) -> None:
    cells, column, where = override_cells(sheet, kind, row), f"{kind}Parameters", sheet.places[row]
    if len(cells) != count:
        text = f"{column} holds {len(cells)} values, and the formula has {count} placeholders"
        hint = f"Write as many as the formula has, with ; between them ({kind}Parameter1_..., {kind}Parameter2_...)."
        problems.append(Problem("petab-placeholders", text, where, hint))
    for cell in cells:
        if isinstance(cell, str) and cell not in nominal and nominal:
            text = f"{column} names {cell!r}, which the parameter table does not have"
            problems.append(Problem("unknown-parameter", text, where, did_you_mean(cell, nominal)))
        elif isinstance(cell, float) and not math.isfinite(cell):
            text = f"{column} holds {cell}, which is not a finite number"
            problems.append(Problem("bad-number", text, where, "Write a number such as 0.25."))


def cells(
    sheet: Sheet | None,
    nominal: Mapping[str, float],
    entities: Entities,
    measured: Sheet | None,
    problems: Found,
) -> None:
    """Whether the cells of conditions that are simulated hold numbers or parameters of the problem."""
    if sheet is None or "conditionId" not in sheet.columns:
        return
    simulated = set(measured.columns.get("simulationConditionId", [])) if measured else set()
    for row, name in enumerate(sheet.columns["conditionId"]):
        for column in condition_columns(sheet):
            cell, where = as_cell(sheet.cell(column, row)), sheet.places[row]
            if isinstance(cell, str) and cell not in nominal and nominal:
                text = f"{column} is {cell!r}, which is no number and no parameter of the parameter table"
                problems.append(Problem("unknown-parameter", text, where, did_you_mean(cell, nominal)))
            elif isinstance(cell, float) and not math.isfinite(cell):
                text, hint = f"{column} is {cell}, which is not a finite number", "Write a number such as 0.25."
                problems.append(Problem("bad-number", text, where, hint))
            elif cell is None and name in simulated and entities.defaults.get(column, 0.0) is None:
                text = f"{column} is empty, and the model computes its initial value by a formula"
                hint = "Write the number or the parameter that it begins with, in every condition."
                problems.append(Problem("petab-empty-setting", text, where, hint))


def library_findings(configuration: Configuration) -> list[Problem]:
    """What the library ``petab`` finds wrong with the problem beyond the above, without a line."""
    from petab import v1
    from petab.v1.lint import lint_problem
    from petab.v1.models.sbml_model import SbmlModel

    files = {key: [str(file) for file in listed] for key, listed in configuration.files.items()}
    with _recorded("petab") as records:
        try:
            whole = v1.Problem(
                model=SbmlModel.from_file(files["sbml_files"][0]),
                condition_df=v1.concat_tables(files["condition_files"], v1.get_condition_df),
                measurement_df=v1.concat_tables(files["measurement_files"], v1.get_measurement_df),
                observable_df=v1.concat_tables(files["observable_files"], v1.get_observable_df),
                parameter_df=v1.get_parameter_df(files["parameter_file"]),
            )
            wrong = lint_problem(whole)
        except Exception as error:  # a check of the library that stumbles has found something too
            wrong = True
            records.append(f"{type(error).__name__}: {error}")
    if not wrong:
        return []
    found = [text for text in records if text != "Not OK"] or ["it says no more than that"]
    where = configuration.document.where(["problems"])
    return [Problem("petab-lint", f"the library petab finds: {text}", where, "Mend what it names.") for text in found]


@contextmanager
def _recorded(name: str) -> Iterator[list[str]]:
    """The errors that a library logs, which are then not printed."""
    texts: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            texts.append(record.getMessage())

    logger, handler = logging.getLogger(name), Keep(logging.ERROR)
    before = logger.propagate
    logger.propagate = False
    logger.addHandler(handler)
    try:
        yield texts
    finally:
        logger.removeHandler(handler)
        logger.propagate = before
