"""Experiment and claim files: read, checked against the model and the evidence, all problems at once."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import ValidationError

from charcot import disease, patients, treatments
from charcot.core.errors import Problem, Problems, Where
from charcot.core.identifiers import did_you_mean
from charcot.core.yaml_file import Document, Path_, read_document
from charcot.disease import hypotheses, systems
from charcot.disease.systems import Happening, Setting, problems_of
from charcot.experiments.arms import full_names
from charcot.experiments.definition import Arm, Claim, Conduct, Experiment, Feasible, Measure
from charcot.experiments.formula import FormulaError, names
from charcot.model.compose import number_symbols
from charcot.model.ports import FREE, Number
from charcot.model.units_check import Unit

HERE = Path(__file__).parent
PUBLISHED = HERE / "published"
CLAIMS = HERE / "claims"
FEASIBLE = HERE / "feasible"
DEFINITION = "definition"


Kind = TypeVar("Kind", bound=Conduct, covariant=True)


@dataclass(frozen=True)
class Entry(Generic[Kind]):
    """One file: an experiment or claim of the board, or an experiment that could be done."""

    name: str
    content: Kind
    document: Document

    @property
    def is_claim(self) -> bool:
        return isinstance(self.content, Claim)


@functools.cache
def entries() -> dict[str, Entry[Experiment]]:
    """Every experiment and claim by name, unchecked against the model; raises all problems of form at once."""
    out: dict[str, Entry[Experiment]] = {}
    problems: list[Problem] = []
    for folder, kind in ((PUBLISHED, Experiment), (CLAIMS, Claim)):
        for path in sorted(folder.glob("*.yaml")):
            try:
                out[path.stem] = Entry(path.stem, *_read(path, kind))
            except Problems as error:
                problems += error.problems
    if problems:
        raise Problems(problems, "the experiment board cannot be read")
    return out


def _read(path: Path, kind: type[Kind]) -> tuple[Kind, Document]:
    document = read_document(path)
    short = Document(f"{path.parent.name}/{path.name}", document.data)
    try:
        return kind.model_validate(document.data), short
    except ValidationError as error:
        raise Problems(problems_of(error, short)) from None


@functools.cache
def feasible() -> dict[str, Entry[Feasible]]:
    """The declared list of feasible experiments by name; raises all problems of form at once."""
    out: dict[str, Entry[Feasible]] = {}
    problems: list[Problem] = []
    for path in sorted(FEASIBLE.glob("*.yaml")):
        try:
            out[path.stem] = Entry(path.stem, *_read(path, Feasible))
        except Problems as error:
            problems += error.problems
    if problems:
        raise Problems(problems, "the feasible experiments cannot be read")
    return out


def _files() -> list[Entry[Conduct]]:
    return [*entries().values(), *feasible().values()]


def check_board() -> list[Problem]:
    """Everything that is wrong with systems, experiments and claims, at once."""
    try:
        found = list(_system_problems())
        for entry in _files():
            found += _Checker(entry.content, entry.document).problems()
        found += _hypothesis_problems()
    except Problems as error:
        return list(error.problems)
    return found


def cited() -> Iterator[tuple[str, Where]]:
    """Every source key that systems, experiments and claims cite."""
    for name in systems.system_names():
        own, document = systems.documents()[name]
        for group in ("numbers", "initial"):
            for i, setting in enumerate(getattr(own, group)):
                yield from ((key, document.where((group, i, "source"))) for key in _keys(setting.source))
        if own.clock:
            yield from ((key, document.where(("clock", "source"))) for key in _keys(own.clock.source))
    for entry in _files():
        for i, key in enumerate(entry.content.sources):
            if key not in (FREE, DEFINITION):
                yield key, entry.document.where(("sources", i))
    for one, document in hypotheses.documents().values():
        for group in ("sources", "against"):
            yield from ((key, document.where((group, i))) for i, key in enumerate(getattr(one, group)))
        for i, setting in enumerate(one.numbers):
            yield from ((key, document.where(("numbers", i, "source"))) for key in _keys(setting.source))


def _hypothesis_problems() -> Iterator[Problem]:
    symbols, states = number_symbols(patients.definition()), patients.program().state_names
    for name, (one, document) in hypotheses.documents().items():
        wanted: list[tuple[str, Iterable[str], Path_]] = [
            (setting.name, symbols, ("numbers", i)) for i, setting in enumerate(one.numbers)
        ]
        wanted += [(number, symbols, ("free", i)) for i, number in enumerate(one.free)]
        for i, setting in enumerate(one.numbers):
            yield from _evidence_problems(name, setting, document.where(("numbers", i)), symbols)
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
    for i, number_name in enumerate(own.clock.numbers if own.clock else ()):
        if not full_names(symbols, number_name):
            yield _unknown(name, number_name, symbols, ("clock", "numbers", i))
    for group, known in (("numbers", tuple(symbols)), ("initial", patients.program().state_names)):
        for i, setting in enumerate(getattr(own, group)):
            place = (group, i)
            full = full_names(known, setting.name)
            if not full:
                yield _unknown(name, setting.name, known, place)
                continue
            yield from _evidence_problems(name, setting, _place(name, place), symbols if group == "numbers" else {})


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
    symbols, model = tuple(number_symbols(patients.definition())), patients.program()
    known = {"set": symbols, "multiply": symbols, "add": model.state_names, "scale": model.state_names}
    known["input"] = model.input_names
    for i, happening in enumerate(systems.documents()[name][0].happenings):
        for kind, names_of_kind in known.items():
            for target in getattr(happening, kind):
                if not full_names(names_of_kind, target):
                    yield _unknown(name, target, names_of_kind, ("happenings", i, kind, target))


def _landmark_problems(name: str) -> Iterator[Problem]:
    known = patients.program().readout_names
    for label, mark in systems.documents()[name][0].landmarks.items():
        for read in sorted({read for group in mark.reads for read in group} - set(known)):
            yield _unknown(name, read, known, ("landmarks", label))


class _Checker:
    """The findings about one file."""

    def __init__(self, content: Conduct, document: Document) -> None:
        self.content, self.document = content, document
        self.found: list[Problem] = []

    def _report(self, code: str, message: str, place: Path_, hint: str = "") -> None:
        self.found.append(Problem(code, message, self.document.where(place), hint))

    def problems(self) -> list[Problem]:
        self._system(self.content.system, ("system",))
        for label, arm in self.content.arms.items():
            self._arm(label, arm)
        for label, measure in self.content.measures.items():
            self._measure(label, measure)
        for formula, place in self.content.formulas():
            self._formula(formula, place)
        if self.content.draw:
            self._read(self.content.draw.read, ("draw", "read"))
            for name in self.content.draw.arms:
                self._known(name, self.content.arms, "arm", ("draw", "arms"))
        return self.found

    def _known(self, name: str, known: Mapping[str, object] | tuple[str, ...], what: str, place: Path_) -> None:
        if name not in known:
            self._report(f"unknown-{what}", f"no {what} is called {name!r}", place, did_you_mean(name, list(known)))

    def _system(self, name: str, place: Path_) -> None:
        self._known(name, systems.system_names(), "system", place)

    def _arm(self, label: str, arm: Arm) -> None:
        place: Path_ = ("arms", label)
        if arm.system:
            self._system(arm.system, (*place, "system"))
        if arm.like:
            self._known(arm.like, self.content.arms, "arm", (*place, "like"))
        if arm.genotype:
            self._known(arm.genotype, disease.genotypes(), "genotype", (*place, "genotype"))
        mechanisms = tuple(m.name for m in patients.definition().mechanisms)
        for name in arm.off:
            self._known(name, mechanisms, "mechanism", (*place, "off"))
        for i, given in enumerate(arm.given):
            self._known(given.product, treatments.products(), "product", (*place, "given", i, "product"))
        self._happening(arm, place)
        for i, change in enumerate(arm.changes):
            self._happening(change, (*place, "changes", i))
            if isinstance(change.day, str):
                self._formula(change.day, (*place, "changes", i, "day"))

    def _happening(self, what: Happening, place: Path_) -> None:
        definition = patients.definition(tuple(sorted(treatments.products())))
        symbols = number_symbols(definition)
        for kind in ("set", "multiply"):
            for name in getattr(what, kind):
                full = full_names(symbols, name)
                if not full:
                    hint = did_you_mean(name, definition.number_rows)
                    self._report("unknown-number", f"no number is called {name!r}", (*place, kind, name), hint)
                elif symbols[full[0]].role == "constant":
                    self._report("constant", f"{name} is compiled in and cannot be set", (*place, kind, name))
        states = patients.program().state_names
        for kind in ("add", "scale"):
            for name in getattr(what, kind):
                if not full_names(states, name):
                    hint = did_you_mean(name, states)
                    self._report("unknown-state", f"no state is called {name!r}", (*place, kind, name), hint)
        for name in what.input:
            self._known(name, patients.program().input_names, "input", (*place, "input", name))

    def _measure(self, label: str, measure: Measure) -> None:
        place: Path_ = ("measures", label)
        if measure.statistic:
            if self.content.cohort is None:
                self._report("no-cohort", f"{label} asks for a statistic, but there is no cohort", place)
            return
        self._known(measure.arm, self.content.arms, "arm", (*place, "arm"))
        if measure.read:
            self._read(measure.read, (*place, "read"))
        if measure.landmark:
            arm = self.content.arms.get(measure.arm)
            name = (arm.system if arm else None) or self.content.system
            if name in systems.system_names():
                self._known(measure.landmark, systems.system(name).landmarks, "landmark", (*place, "landmark"))
        for field in ("day", "since", "until", "below", "above"):
            text = getattr(measure, field)
            if text is not None:
                self._formula(text, (*place, field))

    def _read(self, name: str, place: Path_) -> None:
        self._known(name, patients.program().readout_names, "read-out", place)

    def _formula(self, text: str | float, place: Path_) -> None:
        try:
            for name in names(text):
                self._known(name, self.content.measures, "measure", place)
        except FormulaError as error:
            self._report("bad-formula", str(error), place)
