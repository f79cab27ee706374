"""A product, and what it adds to the model: ports, numbers, mechanisms and its hands on the disease."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from charcot.core.errors import Where
from charcot.core.units import parse_quantity
from charcot.model.algebra import Indexed
from charcot.model.definition import Modifier
from charcot.model.mechanism import RATE, Mechanism
from charcot.model.ports import FREE, Number, Port
from charcot.treatments.effects import DIRECTIONS, EFFECT_FORMS, Effect
from charcot.treatments.pharmacokinetics import FORMS, Form
from charcot.treatments.safeguards import HUMAN_SHARE
from charcot.treatments.schedules import Dosing, every, general
from charcot.treatments.vector import Vector

ROW = "treatment"
DISTRIBUTION = "biodistribution"  # the local name of a vector's shares by region
DOSE_SLACK = 1e-9  # of a dose: rounding of units is no excess


@dataclass(frozen=True)
class Content:
    """What :meth:`charcot.model.definition.Definition.extended` takes."""

    ports: tuple[Port, ...]
    numbers: tuple[Number, ...]
    mechanisms: tuple[Mechanism, ...]
    modifiers: tuple[Modifier, ...]


@dataclass(frozen=True)
class People:
    """What people with the disease were given of a product: doses are texts with a unit, empty where none was read."""

    given: bool
    lowest: str
    highest: str
    sources: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class LargestDose:
    """The dose above which a regimen is refused."""

    text: str
    sources: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class Product:
    """A treatment as its file describes it. ``default_dose`` is text with a unit, one dose of the label schedule;
    ``most_doses`` is how many doses one person can be given, infinite where nothing speaks against another one."""

    name: str
    title: str
    kind: str
    route: str
    dose_unit: str
    default_dose: str
    dosing: str  # "bolus" or "continuous"
    dosing_reason: str
    own_schedules: Mapping[str, Dosing]
    form: str
    kinetics: Mapping[str, Number]  # by local name: half_life, volume, ...
    exposure_title: str
    exposure_unit: str
    effects: tuple[Effect, ...]
    human_share: Number | None  # of the effects that rest on rodents; none where no effect does
    people: People
    largest_dose: LargestDose
    most_doses: float
    notes: str
    file: str
    vector: Vector | None = None

    @cached_property
    def schedules(self) -> dict[str, Dosing]:
        """Every named schedule that gives no more than ``most_doses``; ``every 28 days`` and the like are understood
        beside these."""
        named = {**self.own_schedules, **general(self.dosing)}
        return {key: dosing for key, dosing in named.items() if dosing.doses <= self.most_doses}

    def schedule(self, text: str) -> Dosing | None:
        """The schedule that ``text`` names or describes, also one that gives too many doses."""
        return self.own_schedules.get(text) or general(self.dosing).get(text) or every(text)

    @cached_property
    def dose_port(self) -> str:
        """Where doses go: the state that a bolus raises, or the input that holds the rate."""
        local = "rate" if self.dosing == "continuous" else next(iter(FORMS[self.form].states))
        return self.port_name(local)

    def port_name(self, local: str) -> str:
        return f"drug.{self.name}.{local}"

    def where(self, line: int = 0) -> Where:
        return Where.of(self.file, line)

    def content(self) -> Content:
        """Ports, numbers, mechanisms and modifiers named ``drug.<product>.<quantity>``, one per person; what a
        vector brings to each region, one per region."""
        numbers = [*self.kinetics.values(), *(n for effect in self.effects for n in effect.numbers.values())]
        numbers += [self.human_share] if self.human_share else []
        if self.vector is not None and any(effect.by_region for effect in self.effects):
            numbers += self.vector.biodistribution.values()
        mechanisms = [_kinetics(self), *(_effect(self, i, e) for i, e in enumerate(self.effects, start=1))]
        modifiers = [
            Modifier(e.target, self.port_name(f"effect_{i}"), DIRECTIONS[e.direction][0], self.where(e.line))
            for i, e in enumerate(self.effects, start=1)
        ]
        return Content(tuple(_ports(self)), tuple(numbers), tuple(mechanisms), tuple(modifiers))


def _ports(product: Product) -> Iterable[Port]:
    form, where = FORMS[product.form], product.where()
    size = parse_quantity(product.default_dose, product.dose_unit)

    def port(local: str, kind: str, unit: str, healthy: float, scale: float, title: str, scope: str = "person") -> Port:
        return Port(product.port_name(local), kind, scope, unit, healthy, scale, title, False, where)

    if product.dosing == "continuous":
        yield port("rate", "input", f"({product.dose_unit})/day", 0.0, size, f"{product.title}: dose per day")
    for local, text in form.states.items():
        unit = text.format(dose=product.dose_unit)
        scale = size if "{dose}" in text else 1.0
        yield port(local, "state", unit, 0.0, scale, f"{product.title}: {local}")
    for local, text in form.variables.items():
        yield port(local, "variable", text.format(dose=product.dose_unit), 0.0, 1.0, f"{product.title}: {local}")
    yield port("exposure", "variable", product.exposure_unit, 0.0, 1.0, product.exposure_title)
    for i, effect in enumerate(product.effects, start=1):
        how, neutral, _ = DIRECTIONS[effect.direction]
        unit = effect.unit if how == "add" else "1"
        title = f"{product.title}: {'added to' if how == 'add' else 'factor on'} {effect.target}"
        yield port(f"effect_{i}", "variable", unit, neutral, 1.0, title, "region" if effect.by_region else "person")


def _kinetics(product: Product) -> Mechanism:
    """The mechanism that carries a dose to the exposure."""
    form: Form = FORMS[product.form]
    locals_ = [name for name in form.arguments if name != "rate" or product.dosing == "continuous"]

    def run(values: Mapping[str, Any]) -> dict[str, Any]:
        given = {local: values[local] for local in locals_}
        if "rate" in form.arguments and product.dosing != "continuous":
            given["rate"] = 0
        out = form.equations(**given)
        return {_renamed(product, key): value for key, value in out.items()}

    cited = [key for number in product.kinetics.values() for key in number.sources]
    claim, _, equation = form.text.partition("\n\n")
    text = _docstring(f"{product.title}: {claim}", " ".join(equation.split()), cited, ())
    return _mechanism(product, "kinetics", locals_, run, text, 0)


def _effect(product: Product, index: int, effect: Effect) -> Mechanism:
    """The mechanism that computes what meets one target."""
    numbers = {local: f"effect_{index}_{local}" for local in effect.numbers}
    shared = [HUMAN_SHARE] if effect.rests_on_rodents else []

    reads = [effect.reads, *numbers.values(), *([DISTRIBUTION] if effect.by_region else [])]

    def run(values: Mapping[str, Any]) -> dict[str, Any]:
        used = {local: values[name] for local, name in numbers.items()}
        kept = values.get(HUMAN_SHARE, 1)
        size: Any
        if effect.by_region:
            shares = values[DISTRIBUTION].entries
            size = Indexed({r: effect.value(part * values[effect.reads], used, kept) for r, part in shares.items()})
        else:
            size = effect.value(values[effect.reads], used, kept)
        return {product.port_name(f"effect_{index}"): size}

    shape = EFFECT_FORMS[effect.form].function.__doc__ or ""
    if shared:
        shape = f"{shape}, of which people keep the human share"
    if effect.by_region:
        shape = f"{shape}, C in a region = biodistribution times {effect.reads}"
    elif effect.reads != "exposure":
        shape = f"{shape}, C = {effect.reads}"
    equation = f"Equation: {shape}; {DIRECTIONS[effect.direction][2].replace('target', effect.target)}"
    cited = [*effect.sources, *(key for number in effect.numbers.values() for key in number.sources)]
    text = _docstring(effect.claim, equation, cited, effect.against)
    return _mechanism(product, f"effect_{index}", [*reads, *shared], run, text, effect.line)


def _mechanism(
    product: Product,
    local: str,
    reads: Iterable[str],
    run: Callable[[Mapping[str, Any]], dict[str, Any]],
    text: str,
    line: int,
) -> Mechanism:
    """A mechanism from a function of local names: composition finds what it reads in its signature."""
    names = {product.port_name(name).replace(".", "_"): name for name in reads}

    def function(**values: Any) -> dict[str, Any]:
        return run({names[argument]: value for argument, value in values.items()})

    parameters = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in names]
    function.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    function.__doc__ = text
    return Mechanism(f"{product.name}.{local}", "person", function, ROW, product.where(line))


def _renamed(product: Product, key: str) -> str:
    is_rate = key.startswith(RATE)
    return f"{RATE if is_rate else ''}{product.port_name(key.removeprefix(RATE))}"


def _docstring(claim: str, equation: str, sources: Iterable[str], against: Sequence[str]) -> str:
    lines = [claim, "", equation, ""]
    cited = [key for key in dict.fromkeys(sources) if key != FREE]
    lines.append(f"Sources: {', '.join(cited or [FREE])}")
    if against:
        lines.append(f"Against: {', '.join(against)}")
    return "\n".join(lines).strip()
