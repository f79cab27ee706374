"""What stands behind a name that is no port: a mechanism, product, genotype, exposure, system, hypothesis, experiment,
claim or source. The keys of ``facts`` are the same for every name of a kind (``docs/explain.md``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

Facts = dict[str, str | float | bool | tuple[str, ...]]


@dataclass(frozen=True)
class Entry:
    """A name with what is known of it. ``what``: the kind in one word."""

    what: str
    name: str
    title: str
    facts: Facts


def find(name: str) -> Entry | None:
    """The entry of a name, or None where no kind knows it."""
    return next((look(name) for names, look in KINDS.values() if name in set(names())), None)


def every_name() -> list[str]:
    """The names of all kinds."""
    return [name for names, _ in KINDS.values() for name in names()]


def cited(keys: Iterable[str]) -> tuple[str, ...]:
    """Keys of sources, each with its citation."""
    from charcot.evidence import sources

    known = sources()
    return tuple(f"{key}: {known[key].citation}" if key in known else key for key in keys)


def mechanism_names() -> tuple[str, ...]:
    from charcot.patients import definition

    return tuple(sorted(mechanism.name for mechanism in definition().mechanisms))


def _mechanism(name: str) -> Entry:
    from charcot.model.definition import trace
    from charcot.patients import definition

    whole = definition()
    one = next(mechanism for mechanism in whole.mechanisms if mechanism.name == name)
    reads = [a for a in one.arguments if a not in {n.replace(".", "_") for n in whole.number_rows}]
    dotted = {port.name.replace(".", "_"): port.name for port in whole.ports}
    numbers = [n for n in whole.number_rows if n.replace(".", "_") in one.arguments]
    facts: Facts = {
        "claim": one.claim,
        "scope": one.scope,
        "text": one.text,
        "reads": tuple(dotted.get(argument, argument) for argument in reads),
        "numbers": tuple(numbers),
        "writes": tuple(sorted({w.port.name for w in trace(whole, []) if w.mechanism.name == name})),
        "sources_for": cited(one.sources),
        "sources_against": cited(one.against),
        "code": str(one.where),
    }
    return Entry("mechanism", name, one.claim, facts)


def product_names() -> tuple[str, ...]:
    from charcot.treatments import products

    return tuple(sorted(products()))


def _product(name: str) -> Entry:
    from charcot.treatments import products, standing

    one = products()[name]
    facts: Facts = {
        "kind": one.kind,
        "route": one.route,
        "default_dose": one.default_dose,
        "largest_dose": one.largest_dose.text,
        "schedules": tuple(one.schedules),
        "acts_on": tuple(f"{effect.target} ({effect.direction}): {effect.claim}" for effect in one.effects),
        "standing": tuple(standing([name])),
        "given_to_people": one.people.given,
        "sources_for": cited(key for effect in one.effects for key in effect.sources),
        "sources_against": cited(key for effect in one.effects for key in effect.against),
    }
    return Entry("product", name, one.title, facts)


def genotype_names() -> tuple[str, ...]:
    from charcot.disease import genotypes

    return tuple(genotypes())


def _genotype(name: str) -> Entry:
    from charcot.disease import genotypes

    one = genotypes()[name]
    facts: Facts = {
        "seed": one.seed,
        "steps": one.steps,
        "first_step_open": one.first_step,
        "seed_age_scale_years": one.seed_age_scale,
        "share_of_cases": one.share_of_cases,
        "effects": tuple(f"{e.parameter}: {e.operation} {e.value:g}" for e in one.effects),
        "sites": tuple(f"{region}: {share:g}" for region, share in one.sites),
        "grade": one.grade,
        "sources_for": cited(key.strip() for key in one.source.split(";")),
    }
    return Entry("genotype", name, one.title, facts)


def exposure_names() -> tuple[str, ...]:
    from charcot.disease import exposures

    return tuple(exposures())


def _exposure(name: str) -> Entry:
    from charcot.disease import exposures

    one = exposures()[name]
    facts: Facts = {
        "odds_ratio": one.odds_ratio,
        "prevalence": one.prevalence,
        "grade": one.grade,
        "sources_for": cited([one.source]),
    }
    return Entry("exposure", name, one.title, facts)


def system_names() -> tuple[str, ...]:
    from charcot.disease import systems

    return tuple(systems.system_names())


def _system(name: str) -> Entry:
    from charcot.disease.systems import system

    one = system(name)
    facts: Facts = {
        "species": one.species,
        "base": one.base or "",
        "note": one.note,
        "numbers": tuple(f"{n.name} = {n.value:g} {n.unit} ({n.source}, {n.grade})" for n in one.numbers),
        "landmarks": tuple(one.landmarks),
        "clocks": tuple(f"{process}: {clock.value:g} times as fast" for process, clock in one.clocks.items()),
    }
    return Entry("system", name, one.title, facts)


def hypothesis_names() -> tuple[str, ...]:
    from charcot.disease.hypotheses import hypotheses

    return tuple(hypotheses())


def _hypothesis(name: str) -> Entry:
    from charcot.disease.hypotheses import hypothesis, stored

    one = hypothesis(name)
    facts: Facts = {
        "claim": one.claim,
        "seed": one.seed,
        "numbers": tuple(f"{n.name} = {n.value:g} {n.unit}" for n in one.numbers),
        "free": one.free,
        "fitted": stored(name) is not None,
        "note": one.note,
        "sources_for": cited(one.sources),
        "sources_against": cited(one.against),
    }
    return Entry("hypothesis", name, one.title, facts)


def experiment_names() -> tuple[str, ...]:
    """Experiments and claims of the board."""
    from charcot.experiments.reading import entries

    return tuple(entries())


def _experiment(name: str) -> Entry:
    from charcot.experiments.board import baseline
    from charcot.experiments.reading import entries

    entry = entries()[name]
    one, stored = entry.content, baseline()
    facts: Facts = {
        "use": one.use,
        "negative_control": one.negative_control,
        "system": one.system,
        "arms": tuple(one.arms),
        "outcomes": tuple(f"{outcome.what}; published: {outcome.published}" for outcome in one.outcomes),
        "tolerance": one.tolerance,
        "stored_verdict": ("hit" if stored[name] else "miss") if name in stored else "none",
        "why_missed": one.miss,
        "sources_for": cited(one.sources),
        "run_it": f"charcot reproduce {name}",
    }
    return Entry("claim" if entry.is_claim else "experiment", name, one.title, facts)


def source_names() -> tuple[str, ...]:
    from charcot.evidence import sources

    return tuple(sources())


def _source(name: str) -> Entry:
    from charcot.evidence import grades, sources
    from charcot.patients import definition

    one, whole = sources()[name], definition(product_names())
    facts: Facts = {
        "citation": one.citation,
        "identifier": one.identifier,
        "system": one.system,
        "grade": f"{one.grade}: {grades()[one.grade].meaning}" if one.grade in grades() else one.grade,
        "read": one.read,
        "note": one.note,
        "numbers": tuple(sorted({n.name for n in whole.numbers if name in n.sources})),
        "speaks_for": tuple(sorted(m.name for m in whole.mechanisms if name in m.sources)),
        "speaks_against": tuple(sorted(m.name for m in whole.mechanisms if name in m.against)),
    }
    return Entry("source", name, one.citation, facts)


KINDS: Mapping[str, tuple[Callable[[], Iterable[str]], Callable[[str], Entry]]] = {
    "mechanisms": (mechanism_names, _mechanism),
    "products": (product_names, _product),
    "genotypes": (genotype_names, _genotype),
    "exposures": (exposure_names, _exposure),
    "systems": (system_names, _system),
    "hypotheses": (hypothesis_names, _hypothesis),
    "experiments": (experiment_names, _experiment),
    "sources": (source_names, _source),
}
