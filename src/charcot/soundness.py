"""The whole model's own check: composition, evidence, numbers; everything that is wrong at once."""

from __future__ import annotations

import ast
import csv
import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import charcot
from charcot import clinic, disease, evidence, patients, treatments
from charcot.clinic.measurements import measurements
from charcot.core.bounds import read_bounds
from charcot.core.errors import Problem, Problems, Severity, Where
from charcot.core.identifiers import did_you_mean
from charcot.disease.genotypes import genotype_table_problems
from charcot.experiments import reading
from charcot.model.definition import Definition
from charcot.model.limits import value_problems
from charcot.model.ports import FREE
from charcot.model.units_check import Unit
from charcot.patients import targets
from charcot.patients.assemble import all_products, numbers
from charcot.studies.natural_history import PUBLISHED, published_problems
from charcot.trials import entry_rules, load_protocol, published_protocols, templates
from charcot.trials.estimands import endpoint_problems
from charcot.trials.record import files as record_files

DEFINITION = "definition"  # a number that is true by definition needs no paper
STRUCTURAL = {-1, 0, 1, 2}  # algebra, squares and halves; every other literal belongs in a table


def check_all(fresh: bool = False) -> list[Problem]:
    """Everything that is wrong with the shipped model and its evidence; warnings included.

    ``fresh``: with the fresh set of experiments, which may name what the model does not have yet.
    """
    problems = [*treatments.product_problems(), *genotype_table_problems(), *clinic.problems()]
    if errors(problems):
        return problems  # what cannot be read cannot be composed; mend it first
    problems += patients.model_problems()
    composed = not errors(problems)
    whole = patients.definition(tuple(sorted(treatments.products())))
    cited = dict(_cited(whole))
    problems += evidence.check_citations(cited)
    problems += evidence.unused(cited)
    problems += _grades(whole)
    problems += _unread_numbers(whole)
    problems += _unread_variables(whole)
    problems += _units_of_regions(whole)
    problems += published_problems()
    problems += record_files.problems()
    problems += endpoint_problems()
    problems += _variability_for_uncertainty(whole)
    problems += evidence.check_narrow(whole.numbers)
    problems += evidence.check_alternatives(
        {number.name: number.unit for number in whole.numbers}, [mechanism.name for mechanism in whole.mechanisms]
    )
    disease_folder, clinic_folder = Path(disease.__file__).parent, Path(clinic.__file__).parent
    problems += table_problems(disease_folder)
    problems += unheld_identifiers(Path(charcot.__file__).parent, (source.identifier for source in _library()))
    problems += literals([disease_folder / "mechanisms", disease_folder / "genotypes.py", clinic_folder / "mechanisms"])
    if composed:  # what follows asks the composed model
        problems += _impossible_alternatives()
        problems += genotype_problems(disease_folder)
        problems += _measurement_problems(whole)
        problems += reading.check_board()
        problems += reading.check_fresh() if fresh else []
        problems += _protocol_problems()
    return list(dict.fromkeys(problems))


def _library() -> list[evidence.Source]:
    return list(evidence.sources().values())


def errors(problems: list[Problem]) -> list[Problem]:
    """Only the problems that keep the model from being clean."""
    return [problem for problem in problems if problem.severity is Severity.ERROR]


def _cited(whole: Definition) -> Iterator[tuple[str, Where]]:
    nowhere = Where.of("?")
    for number in whole.numbers:
        for key in number.sources:
            if key not in (FREE, DEFINITION):
                yield key, number.where or nowhere
    for mechanism in whole.mechanisms:
        for key in (*mechanism.sources, *mechanism.against):
            if key not in (FREE, DEFINITION):
                yield key, mechanism.where
    cited_by_tables = [g.source for g in disease.genotypes().values()]
    cited_by_tables += [e.source for e in disease.exposures().values()]
    with (Path(disease.__file__).parent / "genotype_sites.csv").open(newline="", encoding="utf-8") as handle:
        cited_by_tables += [row["source"] for row in csv.DictReader(handle) if row["source"] != FREE]
    for sources in cited_by_tables:
        for key in sources.split(";"):
            yield key.strip(), Where.of("genotypes.csv")
    for table in (PUBLISHED, entry_rules.FILE):
        with table.open(newline="", encoding="utf-8") as handle:
            for line, row in enumerate(csv.DictReader(handle), start=2):
                for key in row["source"].split(";"):
                    yield key.strip(), Where.of(table.name, line)
    for one in measurements().values():
        yield from ((key.strip(), one.where) for key in one.source.split(";") if key.strip() != FREE)
    yield from reading.cited()
    for target in targets.load():
        for key in target.sources:
            yield key, target.where
    for sides in evidence.alternatives().values():
        for side in sides:
            yield side.source, side.where
    for product in treatments.products().values():
        for key in (*product.people.sources, *product.largest_dose.sources):
            if key != treatments.DECLARED:
                yield key, product.where()
    for genotype in disease.genotypes().values():
        for effect in genotype.effects:
            if effect.source not in (FREE, DEFINITION):
                yield effect.source, Where.of("genotype_effects.csv")


def _grades(whole: Definition) -> list[Problem]:
    known = evidence.grades()
    found = [
        Problem("unknown-grade", f"{n.name} has grade {n.grade!r}, not one of {', '.join(known)}", n.where)
        for n in whole.numbers
        if n.grade not in known
    ]
    for mechanism in whole.mechanisms:
        if not mechanism.claim:
            found.append(Problem("no-claim", f"{mechanism.name} states no claim", mechanism.where))
        if not mechanism.sources:
            hint = "Add a line 'Sources: key, key' to its docstring, or 'Sources: free'."
            found.append(Problem("no-source", f"{mechanism.name} cites no source", mechanism.where, hint))
    return found


def _variability_for_uncertainty(whole: Definition) -> list[Problem]:
    """How much patients differ does not say how well their mean is known."""
    hint = "Write in the column 'spread' what the evidence leaves open about the mean; it sets the prior."
    return [
        Problem("no-uncertainty", f"{n.name} differs between patients, but has no spread of its own", n.where, hint)
        for n in whole.numbers
        if n.between_patients > 0 and n.spread == 0
    ]


def table_problems(folder: Path) -> list[Problem]:
    """Rows of the disease's other tables (genotypes, effects, exposures) without unit, spread, source or grade."""
    wanted = {
        "genotype_effects.csv": ("unit", "spread", "source", "grade"),
        "exposures.csv": ("spread", "source", "grade"),
        "genotypes.csv": ("source", "grade"),
        "genotype_sites.csv": ("spread", "source", "grade"),
    }
    found: list[Problem] = []
    for name, columns in wanted.items():
        with (folder / name).open(newline="", encoding="utf-8") as handle:
            reader = csv.DictReader(handle)
            for row in reader:
                where, what = Where.of(name, reader.line_num), next(iter(row.values()))
                for column in columns:
                    if not (row.get(column) or "").strip():
                        hint = "Give it, or write 'free' as the source and F as the grade."
                        found.append(Problem(f"no-{column}", f"{what} has no {column}", where, hint))
                if (row["source"].strip() == FREE) != (row["grade"].strip() == "F"):
                    message = f"{what}: source {row['source']!r} and grade {row['grade']!r} do not go together"
                    found.append(Problem("free-grade", message, where, "A free number has source 'free' and grade F."))
    return found


def _protocol_problems() -> list[Problem]:
    """What is wrong with the shipped protocols: past trials, and what ``charcot init`` starts from."""
    found: list[Problem] = []
    for path in (*published_protocols().values(), *templates().values()):
        try:
            load_protocol(path)
        except Problems as error:
            found += error.problems
    return found


def _measurement_problems(whole: Definition) -> list[Problem]:
    """Measurements of the clinic whose read-out the model does not have, or has in another unit."""
    known, units = patients.program().readout_names, {port.name: port.unit for port in whole.ports}
    found = []
    for name, one in measurements().items():
        if one.readout not in known:
            message = f"{name} reads {one.readout!r}, which is no read-out of the model"
            found.append(Problem("unknown-read-out", message, one.where, did_you_mean(one.readout, known)))
        elif units.get(one.readout, one.unit) != one.unit:
            message = f"{name} is in {one.unit}, but {one.readout} in {units[one.readout]}"
            found.append(Problem("other-unit", message, one.where, f"Write {units[one.readout]}."))
    return found


def _impossible_alternatives() -> list[Problem]:
    """Sides of contradictions that set a number to what it cannot be."""
    known = numbers(all_products())
    return [
        problem
        for side in (side for sides in evidence.alternatives().values() for side in sides)
        if side.action == "set"
        for problem in value_problems(
            known,
            (),
            {full: side.value for full, number in known.items() if number.name == side.target},
            lambda _name, where=side.where: where,  # type: ignore[misc]
        )
    ]


SUM_TOLERANCE = 1e-6
_SHARE, _POSITIVE, _ANY = read_bounds("share"), read_bounds("above 0"), read_bounds("")
_RANGES = {
    "genotypes.csv": {
        "steps": read_bounds("1 or more"),
        "seed_age_scale": _POSITIVE,
        "share_of_cases": _SHARE,
    },
    "exposures.csv": {"odds_ratio": _POSITIVE, "prevalence": _SHARE, "spread": _ANY},
    "genotype_effects.csv": {"value": _ANY, "spread": _ANY},
    "genotype_sites.csv": {"share": _SHARE, "spread": _ANY},
}


def genotype_problems(folder: Path) -> list[Problem]:
    """What is impossible in the tables of genotypes, their effects and exposures: names, operations, numbers."""
    found: list[Problem] = []
    known = numbers()
    named = {number.name: number for number in known.values()}
    seeds = {state.partition(".")[2] for state in patients.program().state_names}
    rows: dict[str, list[tuple[dict[str, str], Where]]] = {}
    for name, ranges in _RANGES.items():
        with (folder / name).open(newline="", encoding="utf-8") as handle:
            reader = csv.DictReader(handle)
            rows[name] = [(row, Where.of(name, reader.line_num)) for row in reader]
        for row, where in rows[name]:
            for column, bounds in ranges.items():
                if not bounds.hold(_float(row[column])):
                    message = f"{next(iter(row.values()))}: {column} is {row[column]!r}, but must be {bounds}"
                    found.append(Problem("out-of-range", message, where))
    for row, where in rows["genotypes.csv"]:
        if row["seed"] not in seeds:
            found.append(Problem("unknown-state", f"{row['genotype']}: no state is called {row['seed']!r}", where,
                                 did_you_mean(row["seed"], sorted(seeds))))  # fmt: skip
        steps, first = _float(row["steps"]), row["first_step"]
        if first not in ("open", "taken"):
            message = f"{row['genotype']}: first_step is {first!r}"
            found.append(Problem("unknown-step", message, where, "Write open, or taken where the mutation took it."))
        elif steps >= 1 and steps <= (first == "open"):
            message = f"{row['genotype']}: {steps:g} steps leave none for neurons beside the first one"
            found.append(Problem("out-of-range", message, where))
    genotypes = [row["genotype"] for row, _ in rows["genotypes.csv"]]
    found += _site_problems(rows["genotype_sites.csv"], genotypes)
    for row, where in rows["genotype_effects.csv"]:
        if row["genotype"] not in genotypes:
            found.append(Problem("unknown-genotype", f"no genotype is called {row['genotype']!r}", where,
                                 did_you_mean(row["genotype"], genotypes)))  # fmt: skip
        if row["operation"] not in ("set", "multiply"):
            message = f"{row['genotype']}: the operation is {row['operation']!r}"
            found.append(Problem("unknown-operation", message, where, "Write set or multiply."))
        target = row["parameter"]
        if target not in named or named[target].role == "constant":
            message = f"{row['genotype']}: no number that can be changed is called {target!r}"
            found.append(Problem("unknown-number", message, where, did_you_mean(target, named)))
        elif row["operation"] == "set" and not named[target].bounds.hold(_float(row["value"])):
            message = f"{row['genotype']}: {target} is {row['value']}, but must be {named[target].bounds}"
            found.append(Problem("out-of-range", message, where))
    return found


def _site_problems(rows: list[tuple[dict[str, str], Where]], genotypes: list[str]) -> list[Problem]:
    """Sites of genotypes or regions that do not exist, and shares of one genotype that do not sum to one."""
    found: list[Problem] = []
    sums: dict[str, tuple[float, Where]] = {}
    for row, where in rows:
        for column, known in (("genotype", genotypes), ("region", list(disease.REGIONS))):
            if row[column] not in known:
                message = f"no {column} is called {row[column]!r}"
                found.append(Problem(f"unknown-{column}", message, where, did_you_mean(row[column], known)))
        sums[row["genotype"]] = (sums.get(row["genotype"], (0.0, where))[0] + _float(row["share"]), where)
    for genotype, (total, where) in sums.items():
        if abs(total - 1) > SUM_TOLERANCE:
            found.append(Problem("bad-shares", f"the sites of {genotype} sum to {total:g}, not to 1", where))
    return found


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


_DOI = re.compile(r"\b10\.\d{4,9}/[^\s;,|`\"'<>]+")
_TEXTS = {".py", ".csv", ".yaml", ".yml", ".md", ".j2"}


def unheld_identifiers(folder: Path, identifiers: Iterable[str]) -> list[Problem]:
    """An error for each DOI in the files of ``folder`` that no record of the source library holds."""
    held = {doi.rstrip(".").lower() for text in identifiers for doi in _DOI.findall(text)}
    found: list[Problem] = []
    for path in sorted(p for p in folder.rglob("*") if p.suffix in _TEXTS):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            for doi in _DOI.findall(line):
                bare = doi.rstrip(".)")
                if bare.lower() not in held and doi.rstrip(".").lower() not in held:
                    hint = "Add it to the sources with what was read there, or take it out: no DOI from memory."
                    message = f"the DOI {bare} is held by no source"
                    found.append(Problem("unheld-doi", message, Where.of(path.name, number), hint))
    return found


# Numbers that the patients' room reads, not a mechanism.
_READ_BY_PATIENTS = ("onset.", "tempo.", "diagnosis.")


def _unread_numbers(whole: Definition) -> list[Problem]:
    read = {argument for mechanism in whole.mechanisms for argument in mechanism.arguments}
    return [
        Problem("unread-number", f"{name} is read by no mechanism", rows[0].where, "Remove the row, or read it.")
        for name, rows in whole.number_rows.items()
        if name.replace(".", "_") not in read and not name.startswith(_READ_BY_PATIENTS)
    ]


def _unread_variables(whole: Definition) -> list[Problem]:
    read = {argument for mechanism in whole.mechanisms for argument in mechanism.arguments}
    read |= {modifier.effect.replace(".", "_") for modifier in whole.modifiers}
    return [
        Problem("unread-port", f"{port.name} is read by nothing and reported by nothing", port.where, "Remove it.")
        for port in whole.ports
        if port.kind == "variable" and not port.readout and port.name.replace(".", "_") not in read
    ]


def _units_of_regions(whole: Definition) -> list[Problem]:
    found = []
    for name, rows in whole.number_rows.items():
        if any(not Unit.of(row.unit).same(Unit.of(rows[0].unit)) for row in rows):
            found.append(Problem("unit-mismatch", f"the rows of {name} are in different units", rows[0].where))
    return found


def literals(places: list[Path]) -> list[Problem]:
    """Numbers in code that should hold none, in files or all files of folders.

    Every number but -1, 0, 1 and 2 belongs in a table with its evidence.
    """
    found: list[Problem] = []
    for place in places:
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                bare = isinstance(node, ast.Constant) and type(node.value) in (int, float)
                if bare and node.value not in STRUCTURAL:  # type: ignore[attr-defined]
                    message = f"the number {node.value!r} stands in the code"  # type: ignore[attr-defined]
                    hint = "Put it in a table with unit, spread, source and grade."
                    where = Where.of(path.name, node.lineno)  # type: ignore[attr-defined]
                    found.append(Problem("literal", message, where, hint))
    return found
