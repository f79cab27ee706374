"""Composition: mechanisms, ports and numbers become a :class:`Program`, or a list of everything that is wrong.

The order of computation is found, not declared. Variables are sorted by what their expressions read and substituted
into the rates. A variable that is declared a sum or a product is put together from what any number of mechanisms
contribute to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from charcot.core.errors import Problem, Where, raise_if_any
from charcot.core.expression import Expression, constant, substitute, symbol, symbols_of
from charcot.core.identifiers import did_you_mean
from charcot.core.program import Input, Parameter, Program, Readout, State
from charcot.model.definition import Definition, Written, full_names, number_scope, number_symbols, trace
from charcot.model.limits import table_problems
from charcot.model.mechanism import RATE, Mechanism
from charcot.model.units_check import BARE, Unit, UnitMismatch, unit_of


def _check_writers(definition: Definition, written: Sequence[Written], problems: list[Problem]) -> None:
    writers: dict[str, list[Mechanism]] = {}
    for item in written:
        names = writers.setdefault(item.port.name, [])
        if item.mechanism not in names:
            names.append(item.mechanism)
    for name, mechanisms in sorted(writers.items()):
        port = definition.port[name]
        if len(mechanisms) > 1 and not port.combine:
            who = " and ".join(m.name for m in mechanisms)
            hint = "Each port has one writer: move one of them to a port of its own and read both"
            hint += "." if port.kind == "state" else ", or declare it a sum or a product (column combine)."
            problems.append(Problem("double-writer", f"{name} is written by {who}", mechanisms[1].where, hint))
    for port in definition.ports:
        if port.kind != "input" and port.name not in writers:
            what = "no mechanism gives its rate" if port.kind == "state" else "no mechanism computes it"
            what = "no mechanism contributes to it" if port.combine else what
            problems.append(Problem("no-writer", f"{port.name}: {what}", port.where, "Write it, or remove the row."))


def symbol_units(definition: Definition) -> dict[str, Unit]:
    """The unit of every full name that an expression may hold."""
    units: dict[str, Unit] = {}
    for port in definition.ports:
        unit = Unit.of(port.unit)
        names = [port.name] if port.scope == "person" else [f"{r}.{port.name}" for r in definition.regions]
        if port.scope == "class":
            names = [f"{n}.{s}" for n in names for s in range(1, definition.classes + 1)]
        units.update(dict.fromkeys(names, unit))
    units.update({name: Unit.of(number.unit) for name, number in number_symbols(definition).items()})
    return units


def _check_units(definition: Definition, written: Sequence[Written], problems: list[Problem]) -> None:
    units = symbol_units(definition)
    day = Unit.of("day")
    seen: set[tuple[str, str]] = set()
    for item in written:
        if (item.mechanism.name, item.port.name) in seen:
            continue  # the same text in every region
        seen.add((item.mechanism.name, item.port.name))
        wanted = Unit.of(item.port.unit) / day if item.is_rate else Unit.of(item.port.unit)
        label = f"{RATE if item.is_rate else ''}{item.port.name}"
        for value in item.values.values():
            try:
                unit = unit_of(value, units)
            except UnitMismatch as error:
                message = f"{item.mechanism.name}: {label}: {error}"
                problems.append(Problem("unit-mismatch", message, item.mechanism.where))
                break
            if unit is not None and not unit.same(wanted):
                message = f"{item.mechanism.name}: {label} should be in {wanted}, but the equation gives {unit}"
                problems.append(Problem("unit-mismatch", message, item.mechanism.where))
                break


def _check_modifiers(definition: Definition, problems: list[Problem]) -> None:
    for modifier in definition.modifiers:
        known = [p.name for p in definition.ports if p.kind == "variable"] + list(definition.number_rows)
        if modifier.target not in known:
            message = f"a product acts on {modifier.target!r}, which is no variable and no number"
            problems.append(Problem("unknown-port", message, modifier.where, did_you_mean(modifier.target, known)))
            continue
        port = definition.port.get(modifier.target)
        identifier = modifier.target.replace(".", "_")
        if not (port and port.readout) and not any(identifier in m.arguments for m in definition.mechanisms):
            message = f"a product acts on {modifier.target}, which no mechanism reads"
            hint = "Act on a port that is read, or split the mechanism that computes it."
            problems.append(Problem("unread-target", message, modifier.where, hint))
        effect = definition.port.get(modifier.effect)
        scope = port.scope if port else number_scope(definition.number_rows[modifier.target])
        if effect is not None and effect.scope == "region" and scope == "person":
            message = f"a product acts on {modifier.target} region by region, and a person has one of it"
            problems.append(Problem("wrong-scope", message, modifier.where, "Act on a port that each region has."))
        unit = port.unit if port else definition.number_rows[modifier.target][0].unit
        if modifier.combine == "add" and modifier.effect in definition.port:
            own = definition.port[modifier.effect].unit
            if not Unit.of(own).same(Unit.of(unit)):
                message = f"a product adds {own!r} to {modifier.target}, which is in {unit!r}"
                problems.append(Problem("unit-mismatch", message, modifier.where))
        elif modifier.effect in definition.port and not Unit.of(definition.port[modifier.effect].unit).same(BARE):
            message = f"a product multiplies {modifier.target} by {modifier.effect}, which is not a bare number"
            problems.append(Problem("unit-mismatch", message, modifier.where))


def _check_names(definition: Definition, problems: list[Problem]) -> None:
    seen: dict[str, Where | None] = {}
    entries = [(p.name, p.where) for p in definition.ports]
    entries += [(rows[0].name, rows[0].where) for rows in definition.number_rows.values()]
    for name, where in entries:
        identifier = name.replace(".", "_")
        if identifier in seen:
            message = f"{name} has the same identifier as another port or number ({identifier})"
            problems.append(Problem("double-name", message, where, f"The other is at {seen[identifier]}."))
        seen[identifier] = where
    for a, b in pairwise(sorted(definition.mechanisms, key=lambda m: m.name)):
        if a.name == b.name:
            first, second = a.function.__module__, b.function.__module__
            message = f"{first} and {second} both have a mechanism that is called {a.name}"
            problems.append(Problem("double-name", message, b.where, "Rename the file or the function of one of them."))
    full: set[tuple[str, str]] = set()
    for number in definition.numbers:
        if (number.name, number.index) in full:
            problems.append(Problem("double-name", f"{number.name} [{number.index}] is given twice", number.where))
        full.add((number.name, number.index))
        for region in number.index.split("<-") if number.index not in ("", "each") else []:
            if region not in definition.regions:
                hint = did_you_mean(region, definition.regions)
                problems.append(Problem("unknown-region", f"{number.name}: no region {region!r}", number.where, hint))


def _order(variables: Mapping[str, Expression], problems: list[Problem]) -> list[str]:
    """Variables so that each comes after all that it reads; a loop is reported as a path."""
    reads = {name: sorted(symbols_of([value]) & variables.keys()) for name, value in variables.items()}
    order: list[str] = []
    state: dict[str, int] = {}
    looped: set[frozenset[str]] = set()

    def visit(name: str, path: list[str]) -> None:
        if state.get(name) == 2:
            return
        if state.get(name) == 1:
            loop = [*path[path.index(name) :], name]
            if frozenset(loop) not in looped:
                looped.add(frozenset(loop))
                hint = "Make one of these a state with a rate, or read a state instead."
                problems.append(
                    Problem("algebraic-loop", f"variables read each other: {' -> '.join(loop)}", None, hint)
                )
            return
        state[name] = 1
        for other in reads[name]:
            visit(other, [*path, name])
        state[name] = 2
        order.append(name)

    for name in variables:
        visit(name, [])
    return order


def switch_name(mechanism: str) -> str:
    """The parameter that switches a mechanism: one when it is on, zero when it is off."""
    return f"switch.{mechanism}"


def _switched(definition: Definition, written: Sequence[Written]) -> list[Written]:
    """What is written with some mechanisms switched off, and some under a parameter that switches them."""
    known = [m.name for m in definition.mechanisms]
    raise_if_any(
        Problem("unknown-mechanism", f"no mechanism is called {name!r}", None, did_you_mean(name, known))
        for name in sorted((definition.off | definition.switches) - set(known))
    )
    out = []
    for item in written:
        name = item.mechanism.name
        neutral = constant(0 if item.is_rate else item.port.absent)
        if name in definition.off:
            out.append(replace(item, values=dict.fromkeys(item.values, neutral)))
        elif name in definition.switches:
            # Exactly the value at one, exactly the neutral value at zero: of two products one is nothing.
            on = symbol(switch_name(name))
            out.append(replace(item, values={n: on * v + (1 - on) * neutral for n, v in item.values.items()}))
        else:
            out.append(item)
    return out


def put_together(definition: Definition, written: Sequence[Written]) -> dict[str, Expression]:
    """The variables by full name: what one mechanism writes, or the sum or product of what several contribute.

    Contributions stand in the order of their mechanisms' names, so that no result depends on the order of files. A
    region to which nobody contributes has the value of nothing, zero or one.
    """
    variables = {n: v for w in written if not (w.is_rate or w.port.combine) for n, v in w.values.items()}
    for port in definition.ports:
        if port.combine:
            variables |= full_names(definition, port, None, port.absent)
    for item in contributions(written):
        for name, value in item.values.items():
            so_far = variables[name]
            variables[name] = so_far + value if item.port.combine == "sum" else so_far * value
    return variables


def contributions(written: Sequence[Written], full: str = "") -> list[Written]:
    """What is contributed to sums and products, or to one by its full name, in the order of the mechanisms' names."""
    own = [w for w in written if w.port.combine and (not full or full in w.values)]
    return sorted(own, key=lambda w: w.mechanism.name)


def check(definition: Definition) -> list[Problem]:
    """Everything that keeps ``definition`` from being composed, at once."""
    problems: list[Problem] = []
    _check_names(definition, problems)
    written = trace(definition, problems)
    _check_writers(definition, written, problems)
    _check_units(definition, written, problems)
    _check_modifiers(definition, problems)
    problems += table_problems(number_symbols(definition), definition.sums)
    _order(put_together(definition, written), problems)
    return problems


def _modified(
    definition: Definition, variables: dict[str, Expression]
) -> tuple[dict[str, Expression], dict[str, Expression]]:
    """Variables with products acting on them, and replacements for the numbers that products act on."""
    numbers = number_symbols(definition)
    replaced: dict[str, Expression] = {}
    out = dict(variables)
    for modifier in definition.modifiers:
        port = definition.port.get(modifier.effect)
        by_region = port is not None and port.scope == "region"
        for table, names in ((out, list(out)), (replaced, list(numbers))):
            for full in names:
                local = numbers[full].name if table is replaced else _local(definition, full)
                if local == modifier.target:
                    base = table.get(full, symbol(full))
                    effect = symbol(f"{full.split('.', 1)[0]}.{modifier.effect}" if by_region else modifier.effect)
                    table[full] = base * effect if modifier.combine == "multiply" else base + effect
    return out, replaced


def _local(definition: Definition, full: str) -> str:
    if full in definition.port:
        return full
    name = full.split(".", 1)[1] if full.split(".", 1)[0] in definition.regions else full
    return name if name in definition.port else name.rsplit(".", 1)[0]


def compose(definition: Definition, readouts: Iterable[str] | None = None) -> Program:
    """Compose the program; raises :class:`charcot.core.errors.Problems` with everything that is wrong.

    ``readouts``: full names to report; by default every port whose ``readout`` column says yes.
    """
    raise_if_any(check(definition), f"the model {definition.title!r} cannot be composed")
    written = _switched(definition, trace(definition, []))
    variables = put_together(definition, written)
    rates = {n: v for w in written if w.is_rate for n, v in w.values.items()}
    variables, replaced = _modified(definition, variables)
    resolved: dict[str, Expression] = {}
    for name in _order(variables, []):
        resolved[name] = substitute([variables[name]], {**replaced, **resolved})[0]
    # A replaced number reads effects, which are variables: resolve those inside it before it is used.
    replaced = {n: substitute([v], resolved)[0] for n, v in replaced.items()}
    for name in _order(variables, []):
        resolved[name] = substitute([variables[name]], {**replaced, **resolved})[0]
    full = {**replaced, **resolved}
    names = list(rates)
    values = substitute([rates[n] for n in names], full)
    states = tuple(
        State(n, p.unit, constant(p.healthy), v, p.scale, p.bounds.lower)
        for n, v in zip(names, values, strict=True)
        for p in [definition.port[_local(definition, n)]]
    )
    return _program(definition, states, resolved, readouts)


def _program(
    definition: Definition,
    states: tuple[State, ...],
    resolved: Mapping[str, Expression],
    readouts: Iterable[str] | None,
) -> Program:
    wanted = readout_names(definition) if readouts is None else list(readouts)
    state_names = {s.name for s in states} | {p.name for p in definition.ports if p.kind == "input"}
    reported = []
    for name in wanted:
        if name not in resolved and name not in state_names:
            raise KeyError(f"no read-out is called {name!r}. {did_you_mean(name, [*resolved, *state_names])}")
        unit = definition.port[_local(definition, name)].unit
        reported.append(Readout(name, unit, resolved.get(name, symbol(name))))
    inputs = tuple(Input(p.name, p.unit, p.healthy) for p in definition.ports if p.kind == "input")
    used = symbols_of([s.rate for s in states] + [r.expression for r in reported])
    parameters = tuple(
        Parameter(full, n.unit, n.value) for full, n in number_symbols(definition).items() if full in used
    )
    switches = (switch_name(name) for name in sorted(definition.switches))
    parameters += tuple(Parameter(name, "1", 1.0) for name in switches if name in used)
    return Program(states, parameters, inputs, tuple(reported), definition.title)


def readout_names(definition: Definition) -> list[str]:
    """Full names of all ports that are reported by default."""
    names: list[str] = []
    for port in definition.ports:
        if port.readout and port.scope != "class":
            names += [port.name] if port.scope == "person" else [f"{r}.{port.name}" for r in definition.regions]
    return names
