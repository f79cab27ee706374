"""``explain``: one port, its equation, what it reads, the numbers behind it and who reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from charcot import evidence, treatments
from charcot.core.expression import Expression, symbols_of, to_text
from charcot.core.identifiers import did_you_mean
from charcot.model.compose import contributions, put_together
from charcot.model.definition import Definition, Written, number_symbols, trace
from charcot.model.ports import FREE, Number, Port
from charcot.patients.assemble import definition
from charcot.patients.assumptions import Assumed


@dataclass(frozen=True)
class NumberRow:
    """A number of the equation with its evidence."""

    name: str
    title: str
    value: float
    unit: str
    spread: float
    between_patients: float
    source: str
    grade: str
    citation: str
    note: str
    prior_spread: float = 0.0
    prior_low: float = 0.0
    prior_high: float = 0.0
    prior_reason: str = ""
    assumed: float | None = None


@dataclass(frozen=True)
class Contribution:
    """What one mechanism gives to a sum or product; ``switched_off``: nothing, under the assumptions."""

    mechanism: str
    claim: str
    equation_text: str
    sources: tuple[str, ...]
    switched_off: bool = False


@dataclass(frozen=True)
class Dispute:
    """A contradiction that touches a port: both statements, and which sides can be assumed."""

    key: str
    claim: str
    counter_claim: str
    sources_for: tuple[str, ...]
    sources_against: tuple[str, ...]
    selectable: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class Explanation:
    """All that is known of one port.

    ``contributions``: who gives what to a port that is a ``sum`` or ``product``; it has no ``mechanism`` of its own.
    ``numbers`` stand in its own equation; ``numbers_behind`` are (port, number) of the equations of what it reads;
    ``disputes`` are the contradictions that touch it; ``assumptions`` say what was assumed, and
    ``switched_off`` whether that switches its mechanism off.
    """

    name: str
    unit: str
    kind: str
    title: str
    healthy: float
    mechanism: str
    row: str
    claim: str
    published_equation: str
    equation_text: str
    reads: tuple[tuple[str, str, str], ...]
    numbers: tuple[NumberRow, ...]
    numbers_behind: tuple[tuple[str, NumberRow], ...]
    readers: tuple[str, ...]
    sources_for: tuple[str, ...]
    sources_against: tuple[str, ...]
    acted_on_by: tuple[str, ...]
    disputes: tuple[Dispute, ...] = ()
    assumptions: tuple[str, ...] = ()
    switched_off: bool = False
    combine: str = ""
    contributions: tuple[Contribution, ...] = ()


def explain(port: str, assumed: Assumed | None = None) -> Explanation:
    """Explain a port by its full name (``lumbar.nmj.innervation``) or local name (``nmj.innervation``).

    ``assumed``: sides of contradictions, whose changes are shown beside the shipped values.

    Raises :class:`KeyError` with the nearest names when there is no such port or number.
    """
    whole = definition(tuple(sorted(treatments.products())))
    full = _full_name(whole, port)
    local = _local_of(whole, full)
    if local in whole.number_rows:
        return _with_assumptions(_explain_number(whole, local), assumed)
    written = trace(whole, [])
    return _with_assumptions(_explain_port(whole, whole.port[local], full, written), assumed)


def _with_assumptions(found: Explanation, assumed: Assumed | None) -> Explanation:
    """Add the contradictions that touch a port, and what the assumptions change."""
    names = [_bare(row.name) for row in found.numbers]
    writers = (found.mechanism, *(one.mechanism for one in found.contributions))
    found = replace(found, disputes=disputes(writers, names))
    if assumed is None:
        return found

    def under(row: NumberRow) -> NumberRow:
        return replace(row, assumed=next((v for full, v in assumed.overrides.items() if _is(full, row.name)), None))

    return replace(
        found,
        numbers=tuple(under(row) for row in found.numbers),
        numbers_behind=tuple((port, under(row)) for port, row in found.numbers_behind),
        assumptions=assumed.lines,
        switched_off=found.mechanism in assumed.off,
        contributions=tuple(replace(c, switched_off=c.mechanism in assumed.off) for c in found.contributions),
    )


def _bare(name: str) -> str:
    """``pool.regional_susceptibility [each]`` and ``lumbar.pool.regional_susceptibility`` without their place."""
    return name.split(" [")[0]


def _is(full: str, name: str) -> bool:
    return full == name or _bare(name) == full or full.endswith(f".{_bare(name)}")


def disputes(mechanisms: Iterable[str], numbers: Iterable[str]) -> tuple[Dispute, ...]:
    """The contradictions of which a side changes a mechanism or one of the numbers (names with or without region)."""
    targets = {*mechanisms, *numbers, *(name.partition(".")[2] for name in numbers)}
    given = evidence.alternatives()
    found = []
    for key, one in evidence.contradictions().items():
        rows = [row for side in evidence.SIDES for row in given.get((key, side), ()) if row.target in targets - {""}]
        if rows:
            selectable = tuple(
                f"{key}={side}"
                for side in evidence.SIDES
                if any(row.action not in ("absent", "emerges") for row in given.get((key, side), ()))
            )
            found.append(
                Dispute(key, one.claim, one.counter_claim, one.sources_for, one.sources_against, selectable, one.note)
            )
    return tuple(found)


def _full_name(whole: Definition, name: str) -> str:
    for candidate in (name, f"{whole.regions[-1]}.{name}", f"{name}.{whole.classes}"):
        if _local_of(whole, candidate) in {**whole.port, **whole.number_rows} and _exists(whole, candidate):
            return candidate
    terminal = f"{whole.regions[-1]}.{name}.{whole.classes}"
    if _exists(whole, terminal):
        return terminal
    if name in whole.number_rows:
        return name
    raise KeyError(f"no port and no number is called {name!r}. {did_you_mean(name, _all_names(whole))}")


def _all_names(whole: Definition) -> list[str]:
    names: list[str] = []
    for port in whole.ports:
        names += [port.name] if port.scope == "person" else [f"{region}.{port.name}" for region in whole.regions]
    return [*names, *whole.port, *whole.number_rows]


def _exists(whole: Definition, full: str) -> bool:
    local = _local_of(whole, full)
    port = whole.port.get(local)
    if port is None:
        return full in number_symbols(whole)
    if port.scope == "person":
        return full == local
    region, _, rest = full.partition(".")
    if region not in whole.regions:
        return False
    return rest == local if port.scope == "region" else rest.rpartition(".")[2].isdigit()


def _local_of(whole: Definition, full: str) -> str:
    if full in whole.port or full in whole.number_rows:
        return full
    region, _, rest = full.partition(".")
    name = rest if region in whole.regions else full
    if name in whole.port or name in whole.number_rows:
        return name
    return name.rpartition(".")[0]


def _title(whole: Definition, full: str) -> tuple[str, str, str]:
    port = whole.port[_local_of(whole, full)]
    return full, port.unit, port.title


def _explain_port(whole: Definition, port: Port, full: str, written: list[Written]) -> Explanation:
    numbers = number_symbols(whole)
    equations = {name: value for w in written for name, value in w.values.items()} | put_together(whole, written)
    expression = equations.get(full)
    writers = contributions(written, full) if port.combine else [w for w in written if full in w.values]
    symbols = sorted(symbols_of([expression])) if expression is not None else []
    readers = sorted(
        {
            target
            for w in written
            for target, value in w.values.items()
            if full in symbols_of([value]) and target != full
        }
    )
    mechanism = writers[0].mechanism if writers and not port.combine else None
    given = tuple(_contribution(item, full) for item in writers) if port.combine else ()
    left = f"d/dt {full}" if port.kind == "state" else full
    return Explanation(
        name=full,
        unit=port.unit,
        kind=port.kind,
        title=port.title,
        healthy=port.healthy,
        mechanism=mechanism.name if mechanism else f"a {port.combine} of contributions" if given else "set by events",
        row=mechanism.row if mechanism else "",
        claim=mechanism.claim if mechanism else f"{len(given)} mechanisms contribute." if given else "",
        published_equation=_paragraph(mechanism.text, "Equation:") if mechanism else "",
        equation_text=f"{left} = {to_text(expression)}" if expression is not None else "",
        reads=tuple(_title(whole, s) for s in symbols if s not in numbers),
        numbers=tuple(_number_row(s, numbers[s]) for s in symbols if s in numbers),
        numbers_behind=_behind([s for s in symbols if s not in numbers and s != full], equations, numbers),
        readers=tuple(readers),
        sources_for=_cited(key for w in writers for key in w.mechanism.sources),
        sources_against=_cited(key for w in writers for key in w.mechanism.against),
        acted_on_by=_acting(whole, port.name),
        combine=port.combine,
        contributions=given,
    )


def _contribution(item: Written, full: str) -> Contribution:
    mechanism = item.mechanism
    return Contribution(mechanism.name, mechanism.claim, to_text(item.values[full]), mechanism.sources)


def _cited(keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(cite(key) for key in dict.fromkeys(keys))


def _behind(
    read: list[str], equations: Mapping[str, Expression], numbers: dict[str, Number]
) -> tuple[tuple[str, NumberRow], ...]:
    return tuple(
        (port, _number_row(s, numbers[s]))
        for port in read
        if port in equations
        for s in sorted(symbols_of([equations[port]]))
        if s in numbers
    )


def _explain_number(whole: Definition, local: str) -> Explanation:
    rows = whole.number_rows[local]
    identifier = local.replace(".", "_")
    readers = sorted(m.name for m in whole.mechanisms if identifier in m.arguments)
    return Explanation(
        name=local,
        unit=rows[0].unit,
        kind="number",
        title=rows[0].title,
        healthy=rows[0].value,
        mechanism="",
        row="",
        claim="",
        published_equation="",
        equation_text="",
        reads=(),
        numbers=tuple(_number_row(f"{row.name} [{row.index}]" if row.index else row.name, row) for row in rows),
        numbers_behind=(),
        readers=tuple(readers),
        sources_for=tuple(cite(key) for key in rows[0].sources if key != FREE),
        sources_against=(),
        acted_on_by=_acting(whole, local),
    )


def _acting(whole: Definition, local: str) -> tuple[str, ...]:
    return tuple(sorted({m.effect.split(".")[1] for m in whole.modifiers if m.target == local}))


def _number_row(full: str, number: Number) -> NumberRow:
    belief = evidence.prior(number)
    return NumberRow(
        full,
        number.title,
        number.value,
        number.unit,
        number.spread,
        number.between_patients,
        "; ".join(number.sources),
        number.grade,
        "; ".join(cite(key) for key in number.sources if key != FREE),
        number.note,
        belief.log_spread,
        *belief.interval(),
        belief.reason,
    )


def cite(key: str) -> str:
    """A source as a line: key, citation, identifier."""
    source = evidence.sources().get(key)
    if source is None:
        return key
    return f"{key}: {source.citation}" + (f", {source.identifier}" if source.identifier else "")


def _paragraph(text: str, label: str) -> str:
    at = text.find(label)
    if at < 0:
        return ""
    return " ".join(text[at + len(label) :].split("\n\n")[0].split())
