"""What a model is made of, and what each of its mechanisms writes when it is called with symbols.

Every mechanism is called once per region (or once for the person) with symbols for all that it reads; nothing is put
together here, and no problem is raised.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from charcot.core.errors import Problem, Where
from charcot.core.expression import Expression, as_expression, constant, symbol
from charcot.core.identifiers import did_you_mean
from charcot.model.algebra import Indexed
from charcot.model.limits import Sum
from charcot.model.mechanism import RATE, Mechanism
from charcot.model.ports import Number, Port

STRUCTURE = ("class_quantile",)


@dataclass(frozen=True)
class Modifier:
    """A product's hand on the model: ``target`` (a variable, or a number) times or plus the variable ``effect``."""

    target: str
    effect: str
    combine: str  # "multiply" or "add"
    where: Where | None = None


@dataclass(frozen=True)
class Definition:
    """All that a program is composed from. ``off`` names mechanisms that are switched off: their variables take the
    healthy value, their rates are zero, and they contribute nothing to a sum or product. ``switches`` names mechanisms
    that have a parameter of their own, one when they are on and zero when they are off: one program then serves with
    and without them. ``sums``: numbers that must not exceed something together."""

    ports: tuple[Port, ...]
    numbers: tuple[Number, ...]
    mechanisms: tuple[Mechanism, ...]
    regions: tuple[str, ...]
    classes: int
    modifiers: tuple[Modifier, ...] = ()
    off: frozenset[str] = frozenset()
    switches: frozenset[str] = frozenset()
    title: str = ""
    sums: tuple[Sum, ...] = ()

    def extended(
        self,
        ports: Iterable[Port],
        numbers: Iterable[Number],
        mechanisms: Iterable[Mechanism],
        modifiers: Iterable[Modifier],
    ) -> Definition:
        """This definition with more content: a treatment, a clinic, a variant."""
        return replace(
            self,
            ports=(*self.ports, *ports),
            numbers=(*self.numbers, *numbers),
            mechanisms=(*self.mechanisms, *mechanisms),
            modifiers=(*self.modifiers, *modifiers),
        )

    @cached_property
    def port(self) -> dict[str, Port]:
        return {p.name: p for p in self.ports}

    @cached_property
    def number_rows(self) -> dict[str, list[Number]]:
        rows: dict[str, list[Number]] = {}
        for number in self.numbers:
            rows.setdefault(number.name, []).append(number)
        return rows

    @cached_property
    def identifiers(self) -> dict[str, str]:
        """Argument name -> port or number name."""
        return {name.replace(".", "_"): name for name in (*self.port, *self.number_rows)}


@dataclass(frozen=True)
class Written:
    """What one mechanism wrote for one port: local name, kind of write and expressions by full name."""

    mechanism: Mechanism
    port: Port
    is_rate: bool
    values: dict[str, Expression]


def number_scope(rows: Sequence[Number]) -> str:
    """``person``, ``region`` or ``pair``, from the index column of a number's rows."""
    if any("<-" in row.index for row in rows):
        return "pair"
    return "region" if any(row.index for row in rows) else "person"


def number_symbols(definition: Definition) -> dict[str, Number]:
    """Every parameter of the program by full name: shared numbers once, regional ones once per region."""
    out: dict[str, Number] = {}
    for number in definition.numbers:
        if "<-" in number.index:
            receiver, donor = number.index.split("<-")
            out[f"{receiver}.{number.name}.{donor}"] = number
        elif number.index == "each":
            out.update({f"{region}.{number.name}": number for region in definition.regions})
        elif number.index:
            out[f"{number.index}.{number.name}"] = number
        else:
            out[number.name] = number
    return out


class _Reader:
    """Hands a mechanism its arguments as symbols, for one region or for the whole person."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.numbers = number_symbols(definition)
        self.modified = {m.target for m in definition.modifiers}

    def read(self, name: str, region: str | None) -> Any:
        d = self.definition
        if name in d.port:
            scope = d.port[name].scope
        else:
            scope = number_scope(d.number_rows[name])
        if scope == "pair":
            return Indexed({(a, b): self._value(f"{a}.{name}.{b}") for a in d.regions for b in d.regions if a != b})
        if scope == "person":
            return self._value(name)
        if region is None:
            return Indexed({r: self._in_region(name, r, scope) for r in d.regions})
        return self._in_region(name, region, scope)

    def _in_region(self, name: str, region: str, scope: str) -> Any:
        if scope == "class":
            labels = range(1, self.definition.classes + 1)
            return Indexed({s: self._value(f"{region}.{name}.{s}") for s in labels})
        return self._value(f"{region}.{name}")

    def _value(self, full: str) -> Expression:
        number = self.numbers.get(full)
        if number is not None and number.role == "constant" and number.name not in self.modified:
            return constant(number.value)
        return symbol(full)

    def quantiles(self) -> Indexed:
        """The middle of each class's share of the neurons, the most vulnerable ones first."""
        n = self.definition.classes
        return Indexed({k: constant((k - 1 / 2) / n) for k in range(1, n + 1)})


def _arguments(reader: _Reader, mechanism: Mechanism, region: str | None, problems: list[Problem]) -> dict[str, Any]:
    known = reader.definition.identifiers
    out: dict[str, Any] = {}
    for argument in mechanism.arguments:
        if argument in STRUCTURE:
            out[argument] = reader.quantiles()
        elif argument in known:
            out[argument] = reader.read(known[argument], region)
        else:
            message = f"{mechanism.name} reads {argument!r}, which is no port and no number"
            problems.append(Problem("unknown-port", message, mechanism.where, did_you_mean(argument, known)))
    return out


def _written(
    definition: Definition,
    mechanism: Mechanism,
    region: str | None,
    results: Mapping[str, Any],
    problems: list[Problem],
) -> list[Written]:
    out: list[Written] = []
    for key, value in results.items():
        is_rate = key.startswith(RATE)
        name = key.removeprefix(RATE)
        port = definition.port.get(name)
        if port is None:
            message = f"{mechanism.name} writes {name!r}, which is no port"
            problems.append(Problem("unknown-port", message, mechanism.where, did_you_mean(name, definition.port)))
            continue
        wanted = "state" if is_rate else "variable"
        if port.kind != wanted:
            message = f"{mechanism.name} writes {key!r}, but {name} is a {port.kind}, not a {wanted}"
            problems.append(Problem("wrong-kind", message, mechanism.where))
            continue
        if region is not None and port.scope == "person":
            message = f"{mechanism.name} is computed once per region, but writes {name}, of which a person has one"
            hint = 'Declare it @mechanism(scope="person"): it then sees all regions at once.'
            problems.append(Problem("wrong-scope", message, mechanism.where, hint))
            continue
        out.append(Written(mechanism, port, is_rate, full_names(definition, port, region, value)))
    return out


def full_names(definition: Definition, port: Port, region: str | None, value: Any) -> dict[str, Expression]:
    if port.scope == "person":
        return {port.name: as_expression(value)}
    if region is None:
        families = _by_label(port, value, definition.regions).items()
        return {name: v for r, own in families for name, v in full_names(definition, port, r, own).items()}
    if port.scope == "class":
        values = _by_label(port, value, range(1, definition.classes + 1))
        return {f"{region}.{port.name}.{s}": as_expression(v) for s, v in values.items()}
    return {f"{region}.{port.name}": as_expression(value)}


def _by_label(port: Port, value: Any, labels: Sequence[Any]) -> dict[Any, Any]:
    """A value for each label: those of a family, or one for all. A contribution may leave labels out."""
    if not isinstance(value, Indexed):
        return dict.fromkeys(labels, value)
    wrong = {*value.labels} - {*labels} if port.combine else {*value.labels} ^ {*labels}
    if wrong:
        given, known = (", ".join(map(str, names)) for names in (value.labels, labels))
        raise ValueError(f"{port.name} is given for {given}, but there are {known}")
    return value.entries


def trace(definition: Definition, problems: list[Problem]) -> list[Written]:
    """Call every mechanism with symbols and collect what it writes; problems are appended, not raised."""
    reader = _Reader(definition)
    written: list[Written] = []
    for mechanism in definition.mechanisms:
        places: tuple[str | None, ...] = definition.regions if mechanism.scope == "region" else (None,)
        for place in places:
            found: list[Problem] = []
            arguments = _arguments(reader, mechanism, place, found)
            if not found:
                try:
                    results = mechanism.function(**arguments)
                    written += _written(definition, mechanism, place, results, found)
                except Exception as error:
                    message = f"{mechanism.name} failed when it was composed: {type(error).__name__}: {error}"
                    found.append(Problem("broken-mechanism", message, mechanism.where))
            if place == places[0]:
                problems += found
            if found:
                break
    return written
