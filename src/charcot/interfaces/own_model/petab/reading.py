"""``read_problem``: all files of a PEtab problem in, a sound problem or everything that is wrong with it out."""

from __future__ import annotations

import copyreg
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from charcot.core.errors import Problem, Problems, Where, raise_if_any
from charcot.interfaces.exchange.sbml import Imported, read_sbml
from charcot.interfaces.exchange.sbml.importing import with_readouts
from charcot.interfaces.own_model.petab import checks, library
from charcot.interfaces.own_model.petab.configuration import KINDS, Configuration, read_configuration
from charcot.interfaces.own_model.petab.entities import Entities, finder
from charcot.interfaces.own_model.petab.problem import Cell, Observable, PetabProblem
from charcot.interfaces.own_model.petab.sheets import Sheet, read_sheet

if TYPE_CHECKING:
    from collections.abc import Mapping

TITLE = "The PEtab problem cannot be simulated"


def read_problem(path: str | Path) -> PetabProblem:
    """Read a PEtab 1 problem.

    Args:
        path: its YAML file; the files that it names lie where it says, from its own folder on.

    Raises:
        Problems: everything that is wrong or not supported, with file and line, or that ``petab`` is not installed.
    """
    library.require()
    problems: list[Problem] = []
    configuration = read_configuration(Path(path), problems)
    sheets = {
        key: read_sheet(kind, configuration.files[key], problems)
        for key, kind in {**KINDS, "parameter_file": "parameter table"}.items()
        if key != "sbml_files" and configuration.files.get(key)
    }
    conditions, measurements = sheets.get("condition_files"), sheets.get("measurement_files")
    nominal = checks.parameters(sheets.get("parameter_file"), problems)
    observables = checks.observables(sheets.get("observable_files"), problems)
    known = checks.conditions(conditions, problems)
    entities = Entities()
    wanted = [*checks.condition_columns(conditions), *nominal]
    imported = _model(configuration, wanted, entities, problems)
    if imported is not None:
        checks.names(sheets.get("observable_files"), observables, nominal, entities, problems)
        checks.columns(conditions, entities, problems)
        checks.parameter_targets(sheets.get("parameter_file"), entities, problems)
    checks.measurements(measurements, observables, known, nominal, problems)
    checks.cells(conditions, nominal, entities, measurements, problems)
    raise_if_any(problems, TITLE)
    assert imported is not None
    assert conditions is not None
    assert measurements is not None
    raise_if_any(checks.library_findings(configuration), TITLE)
    return _problem(configuration, imported, entities, nominal, observables, conditions, measurements)


def _model(
    configuration: Configuration, wanted: list[str], entities: Entities, problems: list[Problem]
) -> Imported | None:
    files = configuration.files.get("sbml_files", ())
    if not files:
        return None
    try:
        return read_sbml(files[0], amend=finder(wanted, entities))
    except Problems as error:
        problems += error.problems
    except ValueError as error:
        hint = "Save the model as SBML Level 3."
        problems.append(Problem("petab-initial-value", str(error), Where.of(files[0]), hint))
    return None


def _problem(
    configuration: Configuration,
    imported: Imported,
    entities: Entities,
    nominal: dict[str, float],
    observables: dict[str, Observable],
    conditions: Sheet,
    measurements: Sheet,
) -> PetabProblem:
    read = {name for one in observables.values() for f in (one.formula, one.noise) for name in f.names}
    reported = {name: entities.readouts[name] for name in sorted(read) if name in entities.readouts}
    ids = conditions.columns["conditionId"]
    used = [row for row, name in enumerate(ids) if name in set(measurements.columns["simulationConditionId"])]
    chosen = tuple(ids[row] for row in used)
    shared: dict[str, Cell] = {entities.settable[name]: name for name in nominal if name in entities.settable}
    settings = tuple({**shared, **_settings(conditions, row, entities, nominal)} for row in used)
    program = with_readouts(imported.program, dict.fromkeys(reported.values()))
    place = {name: k for k, name in enumerate(observables)}
    row_of = {name: k for k, name in enumerate(chosen)}
    rows = range(measurements.rows)
    return PetabProblem(
        path=Path(configuration.document.file).absolute(),
        digest=_digest(configuration),
        program=program,
        entities={name: program.index("readout", readout) for name, readout in reported.items()},
        nominal=nominal,
        conditions=chosen,
        settings=settings,
        observables=observables,
        observable=np.array([place[measurements.cell("observableId", row)] for row in rows]),
        condition=np.array([row_of[measurements.cell("simulationConditionId", row)] for row in rows]),
        times=np.array([float(measurements.cell("time", row)) for row in rows]),
        measured=np.array([float(measurements.cell("measurement", row)) for row in rows]),
        overrides={
            kind: [checks.override_cells(measurements, kind, row) for row in rows] for kind in ("observable", "noise")
        },
        time_unit=imported.time_unit,
    )


def _settings(sheet: Sheet, row: int, entities: Entities, nominal: Mapping[str, float]) -> dict[str, Cell]:
    """What one condition sets; what it leaves empty keeps the model's own value."""
    found: dict[str, Cell] = {}
    for name in checks.condition_columns(sheet):
        given = checks.as_cell(sheet.cell(name, row))
        if name not in entities.settable:
            continue
        if given is not None:
            found[entities.settable[name]] = given
        elif (own := entities.defaults.get(name)) is not None:
            found[entities.settable[name]] = own
    return found


def _digest(configuration: Configuration) -> str:
    digest = hashlib.sha256()
    for file in configuration.all_files():
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


# Expressions and functions belong to one process, so that a worker reads the files itself.
copyreg.pickle(PetabProblem, lambda problem: (read_problem, (problem.path,)))
