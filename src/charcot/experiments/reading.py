"""Experiment and claim files: read, checked against the model and the evidence, all problems at once."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from charcot import evidence, patients
from charcot.core.errors import Problem, Problems, Where, raise_if_any
from charcot.core.hashing import hash_files
from charcot.core.identifiers import did_you_mean
from charcot.core.yaml_file import Document, Path_, read_document
from charcot.disease import hypotheses, systems
from charcot.disease.systems import Setting, problems_of
from charcot.experiments.arms import full_names
from charcot.experiments.definition import Claim, Conduct, Experiment, Feasible
from charcot.experiments.findings import happening_problems, problems_in, setting_range
from charcot.experiments.strengths import ENDS, resolved
from charcot.model.definition import number_symbols
from charcot.model.limits import value_problems
from charcot.model.ports import FREE, Number
from charcot.model.units_check import Unit
from charcot.patients.assemble import numbers

HERE = Path(__file__).parent
PUBLISHED = HERE / "published"
CLAIMS = HERE / "claims"
FEASIBLE = HERE / "feasible"
FRESH = HERE / "fresh"
# Where the files of each fresh set lie below that, in the order of registration.
FRESH_SETS = (".", "second", "third", "fourth", "fifth", "sixth", "seventh")
DEFINITION = "definition"


Kind = TypeVar("Kind", bound=Conduct, covariant=True)


@dataclass(frozen=True)
class Entry(Generic[Kind]):
    """One file: an experiment or claim of the board, one of the fresh set, one that could be done, or one's own.

    ``fresh``: which fresh set it is of, counted from one; 0 for none. ``outside``: of a file outside of the package the
    hash of its bytes; empty for all others.
    """

    name: str
    content: Kind
    document: Document
    fresh: int = 0
    outside: str = ""

    @property
    def is_claim(self) -> bool:
        return isinstance(self.content, Claim)


@functools.cache
def entries() -> dict[str, Entry[Experiment]]:
    """Every experiment and claim by name, unchecked against the model; raises all problems of form at once."""
    return _all([(PUBLISHED, Experiment), (CLAIMS, Claim)], "the experiment board cannot be read")


@functools.cache
def feasible() -> dict[str, Entry[Feasible]]:
    """The declared list of feasible experiments by name; raises all problems of form at once."""
    return _all([(FEASIBLE, Feasible)], "the feasible experiments cannot be read")


@functools.cache
def fresh() -> dict[str, Entry[Experiment]]:
    """The fresh sets by name: experiments whose rules were fixed before any run. Raises all problems of form."""
    found: dict[str, Entry[Experiment]] = {}
    known, twice = entries(), []
    for number, folder in enumerate(_fresh_folders(), start=1):
        own: dict[str, Entry[Experiment]] = _all([(folder, Experiment)], "the fresh experiments cannot be read")
        for name, entry in own.items():
            if name in known or name in found:
                other = "of the board" if name in known else "of an earlier fresh set"
                message = f"an experiment {other} is called {name!r} too"
                twice.append(Problem("name-twice", message, Where.of(entry.document.file)))
            found[name] = replace(entry, fresh=number)
    raise_if_any(twice)
    return found


def _fresh_folders() -> list[Path]:
    """Where the files of the first fresh set lie, those of the second, and so on."""
    return [FRESH / below for below in FRESH_SETS]


def _fresh_paths() -> list[Path]:
    return [path for folder in _fresh_folders() for path in sorted(folder.glob("*.yaml"))]


def fresh_names() -> tuple[str, ...]:
    """What the fresh sets hold, whether their files can be read or not."""
    return tuple(path.stem for path in _fresh_paths())


def _all(folders: Iterable[tuple[Path, type[Kind]]], trouble: str) -> dict[str, Entry[Kind]]:
    """The files of some folders by name; raises all problems of form at once."""
    out: dict[str, Entry[Kind]] = {}
    problems: list[Problem] = []
    for folder, kind in folders:
        for path in sorted(folder.glob("*.yaml")):
            try:
                out[path.stem] = Entry(path.stem, *_read(path, kind))
            except Problems as error:
                problems += error.problems
    raise_if_any(problems, trouble)
    return out


def _read(path: Path, kind: type[Kind]) -> tuple[Kind, Document]:
    document = read_document(path)
    short = Document(f"{path.parent.name}/{path.name}", document.data)
    try:
        return kind.model_validate(resolved(short)), short
    except ValidationError as error:
        raise Problems(problems_of(error, short)) from None


def at_strength(entry: Entry[Kind], level: str) -> Kind:
    """The content of a file with its strengths at the ``low`` or ``high`` end of their ranges."""
    return type(entry.content).model_validate(resolved(entry.document, level))


def _problems_of(entry: Entry[Any]) -> list[Problem]:
    """What is wrong with one file beyond its form, at every strength."""
    found = problems_in(entry.content, entry.document)
    for level in ENDS if entry.content.strengths else ():
        try:
            of_end = problems_in(at_strength(entry, level), entry.document)
        except Problems as error:  # a formula that is a number in the middle, and none at an end
            of_end = list(error.problems)
        found += [problem for problem in of_end if problem not in found]
    return found


def products_given(which: Iterable[str | Conduct]) -> tuple[str, ...]:
    """The products that some experiments, claims or feasible experiments (or those of such a name) give, each once."""
    known: dict[str, Entry[Any]] = {**entries(), **feasible()}
    contents = [one if isinstance(one, Conduct) else known[one].content for one in which
                if isinstance(one, Conduct) or one in known]  # fmt: skip
    return tuple(dict.fromkeys(product for content in contents for product in content.products))


def _files() -> list[Entry[Conduct]]:
    return [*entries().values(), *feasible().values()]


def is_experiment(path: Path) -> bool:
    """Whether a file is an experiment, a claim or a feasible experiment, by its keys; False if it cannot be read."""
    try:
        return bool({"measures", "outcomes", "readings"} & set(read_document(path).data))
    except Problems:
        return False


def check_file(path: Path) -> tuple[Conduct | None, list[Problem]]:
    """One such file outside of the board, and everything that is wrong with it; None where its form is wrong."""
    entry, found = _outside(path)
    return (entry.content if entry else None), found


def _outside(path: Path) -> tuple[Entry[Any] | None, list[Problem]]:
    try:
        keys = set(read_document(path).data)
        kind: type[Conduct] = Feasible if "readings" in keys else Claim if "claim" in keys else Experiment
        content, document = _read(path, kind)
    except Problems as error:
        return None, list(error.problems)
    folders = [folder.resolve() for folder in _fresh_folders()]
    here = path.resolve().parent
    number = folders.index(here) + 1 if here in folders else 0
    entry = Entry(path.stem, content, document, number, "" if number else hash_files([path]))
    return entry, [*_problems_of(entry), *_source_problems(content, document)]


def read_file(path: Path) -> tuple[Entry[Experiment] | None, list[Problem]]:
    """An experiment or claim in a file, to be run, and everything that is wrong with it; None if it cannot be run."""
    entry, found = _outside(path)
    if entry is not None and isinstance(entry.content, Feasible):
        message = "an experiment that could be done has no published outcome beside which it could be put"
        return None, [Problem("no-outcome", message, entry.document.where(("readings",)), "Give 'outcomes'.")]
    return (None if found else entry), found


def _source_problems(content: Conduct, document: Document) -> Iterator[Problem]:
    library = evidence.sources()
    for i, key in enumerate(content.sources):
        if key not in (FREE, DEFINITION, *library):
            where = document.where(("sources", i))
            yield Problem("unknown-source", f"There is no source {key!r}.", where, did_you_mean(key, library))


def check_fresh() -> list[Problem]:
    """Everything that is wrong with the fresh sets, at once: names and numbers too."""
    try:
        known = fresh().values()
    except Problems as error:
        return list(error.problems)
    return [problem for one in known for problem in [*_problems_of(one), *_source_problems(one.content, one.document)]]


def check_board() -> list[Problem]:
    """Everything that is wrong with systems, experiments and claims, at once."""
    try:
        found = list(_system_problems())
        for entry in _files():
            found += _problems_of(entry)
        found += _hypothesis_problems()
    except Problems as error:
        return list(error.problems)
    return found


def cited() -> Iterator[tuple[str, Where]]:
    """Every source key that systems, experiments and claims cite; of the fresh set those that the library has."""
    yield from _cited_by_fresh()
    for name in systems.system_names():
        own, document = systems.documents()[name]
        for group in ("numbers", "initial"):
            for i, setting in enumerate(getattr(own, group)):
                yield from ((key, document.where((group, i, "source"))) for key in _keys(setting.source))
        for process, clock in own.clocks.items():
            yield from ((key, document.where(("clocks", process, "source"))) for key in _keys(clock.source))
    for entry in _files():
        for i, key in enumerate(entry.content.sources):
            if key not in (FREE, DEFINITION):
                yield key, entry.document.where(("sources", i))
    for one, document in hypotheses.documents().values():
        for group in ("sources", "against"):
            yield from ((key, document.where((group, i))) for i, key in enumerate(getattr(one, group)))
        for i, setting in enumerate(one.numbers):
            yield from ((key, document.where(("numbers", i, "source"))) for key in _keys(setting.source))


def _cited_by_fresh() -> Iterator[tuple[str, Where]]:
    """Sources of the fresh sets are in use; that its files may be unsound still is told by :func:`check_fresh`."""
    known = evidence.sources()
    for path in _fresh_paths():
        try:
            keys = read_document(path).data.get("sources")
        except Problems:
            continue
        if isinstance(keys, list):
            yield from ((key, Where.of(path.name)) for key in map(str, keys) if key in known)


def _hypothesis_problems() -> Iterator[Problem]:
    symbols, states = number_symbols(patients.definition()), patients.program().state_names
    for name, (one, document) in hypotheses.documents().items():
        wanted: list[tuple[str, Iterable[str], Path_]] = [
            (setting.name, symbols, ("numbers", i)) for i, setting in enumerate(one.numbers)
        ]
        wanted += [(number, symbols, ("free", i)) for i, number in enumerate(one.free)]
        for i, setting in enumerate(one.numbers):
            where = document.where(("numbers", i))
            yield from _evidence_problems(name, setting, where, symbols)
            if wrong := setting_range(setting.name, setting.value, states=False):
                yield Problem("out-of-range", f"{name}: {wrong}", where)
        for what, known, place in [*wanted, (one.seed, states, ("seed",))]:
            if not full_names(known, what):
                hint = did_you_mean(what, list(known))
                yield Problem("unknown-number", f"{name}: nothing is called {what!r}", document.where(place), hint)


def _keys(text: str) -> list[str]:
    return [k for key in text.split(";") if (k := key.strip()) not in ("", FREE, DEFINITION)]


def _system_problems() -> Iterator[Problem]:
    for name in systems.system_names():
        yield from _setting_problems(name)
        yield from _happening_problems(name)
        yield from _landmark_problems(name)


def _place(name: str, place: Path_) -> Where:
    document = systems.documents()[name][1]
    return Where(f"systems/{Path(document.file).name}", document.where(place).line)


def _unknown(name: str, what: str, known: Iterable[str], place: Path_) -> Problem:
    hint = did_you_mean(what, list(known))
    return Problem("unknown-number", f"{name}: nothing is called {what!r}", _place(name, place), hint)


def _setting_problems(name: str) -> Iterator[Problem]:
    own = systems.documents()[name][0]
    symbols = number_symbols(patients.definition())
    yield from _clock_problems(name, own, symbols)
    for group, known in (("numbers", tuple(symbols)), ("initial", patients.program().state_names)):
        for i, setting in enumerate(getattr(own, group)):
            place = (group, i)
            full = full_names(known, setting.name)
            if not full:
                yield _unknown(name, setting.name, known, place)
                continue
            where = _place(name, place)
            yield from _evidence_problems(name, setting, where, symbols if group == "numbers" else {})
            if wrong := setting_range(setting.name, setting.value, states=group == "initial"):
                yield Problem("out-of-range", f"{name}: {wrong}", where)
    for problem in value_problems(symbols, patients.definition().sums, _own_values(own)):
        yield Problem(problem.code, f"{name}: {problem.message}", _place(name, ("numbers",)), problem.hint)


def _clock_problems(name: str, own: systems.System, symbols: Mapping[str, Number]) -> Iterator[Problem]:
    """What is wrong with the clocks of a system: no such number, two clocks for one, evidence."""
    process_of: dict[str, str] = {}
    for process, clock in {**systems.system(name).clocks, **own.clocks}.items():
        for i, number in enumerate(clock.numbers):
            place = ("clocks", process, "numbers", i)
            other = process_of.setdefault(number, process)
            if process in own.clocks and not full_names(symbols, number):
                yield _unknown(name, number, symbols, place)
            if process in own.clocks and other != process:
                message = f"{name}: {number} has two clocks, {other} and {process}"
                yield Problem("two-clocks", message, _place(name, place), "Leave it in one of them.")
            if process in own.clocks and any(setting.name == number for setting in own.numbers):
                message = f"{name}: the clock of {process} has {number}, but the system sets that number itself"
                yield Problem("clock-of-none", message, _place(name, ("numbers",)), "Take it out of the clock.")
    factors = {setting.name: setting for setting in own.settings}
    for process in own.clocks:
        factor = factors[f"{systems.CLOCK}{process}"]
        yield from _evidence_problems(name, factor, _place(name, ("clocks", process)), {})


def _own_values(own: systems.System) -> dict[str, float]:
    """The numbers of a system by full name, those within their bounds."""
    symbols = numbers()
    return {
        full: setting.value
        for setting in own.numbers
        if not setting_range(setting.name, setting.value, states=False)
        for full in full_names(symbols, setting.name)
    }


def _evidence_problems(name: str, setting: Setting, where: Where, symbols: Mapping[str, Number]) -> Iterator[Problem]:
    """What is wrong with the evidence of a number of its own, and, where it is a number of the model, with its unit."""
    if (setting.source == FREE) != (setting.grade == "F"):
        yield Problem("free-grade", f"{name}: {setting.name}: a free number has grade F", where)
    full = full_names(symbols, setting.name)
    if not full:
        return
    number = symbols[full[0]]
    if number.role == "constant":
        yield Problem("constant", f"{name}: {setting.name} is compiled in and cannot be set", where)
    if not Unit.of(number.unit).same(Unit.of(setting.unit)):
        message = f"{name}: {setting.name} is in {number.unit}, not in {setting.unit}"
        yield Problem("unit-mismatch", message, where)


def _happening_problems(name: str) -> Iterator[Problem]:
    for i, happening in enumerate(systems.documents()[name][0].happenings):
        for place, code, message, hint in happening_problems(happening, systems.system(name)):
            yield Problem(code, f"{name}: {message}", _place(name, ("happenings", i, *place)), hint)


def _landmark_problems(name: str) -> Iterator[Problem]:
    known = patients.program().readout_names
    for label, mark in systems.documents()[name][0].landmarks.items():
        for read in sorted({read for group in mark.reads for read in group} - set(known)):
            yield _unknown(name, read, known, ("landmarks", label))
