"""Which experiments and claims bear on which mechanism, found from what the files do, cite and read.

An experiment bears on a mechanism in one of four ways, the strongest first:

* it **acts** on it: an arm switches the mechanism off, changes a number that it reads or a state that it writes, or
  gives a product that aims at one of these; or a claim names it;
* it **shares** a source with the mechanism's docstring, for or against; the dossiers' own arithmetic does not count;
* its **line** meets it: the animal line, culture or genotype of an arm changes what an arm of the first kind would;
* it **reads** a port that the mechanism writes, and no more.

What counts is what differs between the arms: what all of them share (the transgene of both groups) is the setting.
With one arm it is what that arm and its system change against the system's base. A species, its clock and the seed of
a patient's disease are always the setting.

The verdicts are those of the stored board (``published/baseline.csv``); nothing is simulated here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from charcot import disease, patients, treatments
from charcot.disease.systems import Happening, documents, system
from charcot.experiments.arms import reads_of
from charcot.experiments.board import Bench, baseline, group_of, verdict_of
from charcot.experiments.definition import Arm, Claim, Cohort, Experiment, Given
from charcot.experiments.forms import reads_of_statistic
from charcot.experiments.reading import DEFINITION, entries
from charcot.model.definition import Definition, Written
from charcot.model.mechanism import Mechanism
from charcot.model.ports import FREE

ACTS, SHARES, LINE, READS = "acts", "shares", "line", "reads"
WAYS = (ACTS, SHARES, LINE, READS)  # the strongest first
HEALTHY_GENES = "sporadic"
OWN_ARITHMETIC = "dossier_"  # how the keys of the dossiers' derived values begin

Change = tuple[str, str, str]  # "number", "port" or "mechanism"; its name; to what


@dataclass(frozen=True)
class Bearing:
    """One experiment as it bears on one mechanism; ``through``: the numbers, ports or sources that tie them."""

    name: str
    content: Experiment
    how: str
    through: tuple[str, ...]
    passed: bool

    @property
    def verdict(self) -> str:
        return verdict_of(self.content, self.passed)

    @property
    def use(self) -> str:
        """What the experiment is for, in words: calibration, validation, negative control, claim."""
        return {"negative_controls": "negative control", "claims": "claim"}.get(
            group_of(self.content), group_of(self.content)
        )


def bearings(whole: Definition, written: Sequence[Written]) -> dict[str, tuple[Bearing, ...]]:
    """For every mechanism of ``whole`` what bears on it, the strongest tie of each experiment, strongest first.

    ``written``: what the mechanisms write (:func:`charcot.model.definition.trace`).
    """
    passed = baseline()
    writes: dict[str, set[str]] = {}
    for item in written:
        writes.setdefault(item.mechanism.name, set()).add(item.port.name)
    out: dict[str, list[Bearing]] = {mechanism.name: [] for mechanism in whole.mechanisms}
    for name, entry in entries().items():
        content = entry.content
        changed, read = _changed(whole, content), _read(whole, content)
        for mechanism in whole.mechanisms:
            tie = _tie(mechanism, writes.get(mechanism.name, set()), content, changed, read)
            if tie is not None:
                out[mechanism.name].append(Bearing(name, content, *tie, passed.get(name, False)))
    return {name: tuple(sorted(found, key=lambda b: (WAYS.index(b.how), b.name))) for name, found in out.items()}


def _tie(
    mechanism: Mechanism, writes: set[str], content: Experiment, changed: Mapping[str, set[Change]], read: set[str]
) -> tuple[str, tuple[str, ...]] | None:
    """The strongest tie between an experiment and a mechanism, with what makes it."""
    acted = {how: _acted(mechanism, writes, changes) for how, changes in changed.items()}
    if isinstance(content, Claim) and content.mechanism == mechanism.name:
        acted[ACTS].add("named by the claim")
    cited = {*mechanism.sources, *mechanism.against} & set(content.sources) - {FREE, DEFINITION}
    shared = {key for key in cited if not key.startswith(OWN_ARITHMETIC)}
    ties = {ACTS: acted[ACTS], SHARES: shared and shared | acted[LINE], LINE: acted[LINE], READS: writes & read}
    return next(((how, tuple(sorted(ties[how]))) for how in WAYS if ties[how]), None)


def _acted(mechanism: Mechanism, writes: set[str], changes: set[Change]) -> set[str]:
    """Which of these changes meet the mechanism."""
    reads = set(mechanism.arguments)
    return {
        "switched off" if kind == "mechanism" else name
        for kind, name, _ in changes
        if (kind == "number" and name.replace(".", "_") in reads)
        or (kind == "port" and name in writes)
        or (kind == "mechanism" and name == mechanism.name)
    }


# what an experiment changes


def _changed(whole: Definition, content: Experiment) -> dict[str, set[Change]]:
    """All that differs between the arms: by the arms themselves (ACTS), and by what they live in (LINE)."""
    arms = list(Bench(content).arms.values())
    names = [arm.system or content.system for arm in arms]
    if len({system(name).species for name in names}) > 1:
        lines = [set(_genotypes(arm)) for arm in arms]
    elif len(arms) == 1:
        lines = [{*_genotypes(arms[0]), *_own_setting(names[0])}]
    else:
        lines = [{*_genotypes(arm), *_setting(name)} for arm, name in zip(arms, names, strict=True)]
    acted, line = _difference([set(_arm(arm)) for arm in arms]), _difference(lines)
    if content.cohort is not None:
        acted |= set(_cohort(content.cohort))
        line |= set(_mutations(content.cohort))
    return {ACTS: _local(whole, acted), LINE: _local(whole, line)}


def _difference(done: list[set[Change]]) -> set[Change]:
    """What some arms have and others not; of one arm alone, everything."""
    if len(done) < 2:
        return set().union(*done)
    either, both = done[0].union(*done[1:]), done[0].intersection(*done[1:])
    return either - both


def _local(whole: Definition, changes: set[Change]) -> set[Change]:
    """The same with names without region and class."""
    return {(k, name if k == "mechanism" else local_name(whole, name), to) for k, name, to in changes}


def _arm(arm: Arm) -> Iterator[Change]:
    for happening in (arm, *arm.changes):
        yield from _numbers(happening)
        yield from _states(happening)
    for name in arm.off:
        yield "mechanism", name, "off"
    for given in arm.given:
        yield from _product(given)


def _genotypes(arm: Arm) -> Iterator[Change]:
    if arm.genotype:
        yield from _genotype(arm.genotype)


def _numbers(what: Happening) -> Iterator[Change]:
    for kind in ("set", "multiply"):
        for name, value in getattr(what, kind).items():
            yield "number", name, f"{kind} {value} on {what.day}"


def _states(what: Happening) -> Iterator[Change]:
    for kind in ("add", "scale", "input"):
        for name, value in getattr(what, kind).items():
            yield "port", name, f"{kind} {value} on {what.day}"


def _genotype(name: str) -> Iterator[Change]:
    for effect in disease.genotypes()[name].effects:
        yield "number", effect.parameter, f"{effect.operation} {effect.value}"


def _product(given: Given) -> Iterator[Change]:
    """What a product aims at: a number, or a variable and so the mechanism that computes it."""
    ports = patients.definition().port
    for effect in treatments.products()[given.product].effects:
        kind = "port" if effect.target in ports else "number"
        yield kind, effect.target, f"{given.product} {given.dose} {given.schedule} {given.start}"


def _setting(name: str) -> Iterator[Change]:
    """All that a system changes, with what it inherits."""
    own = system(name)
    yield from (("number", s.name, str(s.value)) for s in own.numbers)
    yield from (("port", s.name, str(s.value)) for s in own.initial)
    for happening in own.happenings:
        yield from _numbers(happening)
        yield from _states(happening)


def _own_setting(name: str) -> Iterator[Change]:
    """What a system changes against its base; nothing for one without a base."""
    own = documents()[name][0]
    if own.base is None:
        return
    yield from (("number", s.name, str(s.value)) for s in own.numbers)
    yield from (("port", s.name, str(s.value)) for s in own.initial)
    for happening in own.happenings:
        yield from _numbers(happening)


def _cohort(cohort: Cohort) -> Iterator[Change]:
    """What the arms of a cohort change against the untreated one."""
    for arm in cohort.arms.values():
        for given in arm:
            yield from _product(given)
    for numbers in cohort.set.values():
        yield from (("number", name, str(value)) for name, value in numbers.items())
    for names in cohort.off.values():
        yield from (("mechanism", name, "off") for name in names)


def _mutations(cohort: Cohort) -> Iterator[Change]:
    """What the mutations do of a population in which everybody carries one."""
    genotypes = patients.load_population(cohort.population).genotypes
    if HEALTHY_GENES not in genotypes:
        for name in genotypes:
            yield from _genotype(name)


# what an experiment reads


def _read(whole: Definition, content: Experiment) -> set[str]:
    """The ports that its measures read."""
    found: set[str] = set()
    for measure in content.measures.values():
        found |= set(measure.reads)
        if measure.landmark:
            arm = Bench(content).arms[measure.arm]
            found |= reads_of(system(arm.system or content.system).landmarks[measure.landmark])
        if measure.statistic:
            found |= set(reads_of_statistic(measure.statistic))
    return {local_name(whole, name) for name in found}


def local_name(whole: Definition, full: str) -> str:
    """The port or number that a full name belongs to: without region, and without class or donor region."""
    known: tuple[Mapping[str, object], ...] = (whole.port, whole.number_rows)
    return next((name for name in _shorter(whole, full) if any(name in table for table in known)), full)


def _shorter(whole: Definition, full: str) -> Iterable[str]:
    region, _, rest = full.partition(".")
    inside = rest if region in whole.regions else full
    return full, inside, inside.rpartition(".")[0]
