"""SBML in: what a file becomes, what is refused by name, and what is said of a broken file."""

import math

import numpy as np
import pytest
from sbml_text import (
    DELAY,
    TIME,
    apply,
    course,
    document,
    event,
    formula,
    math_of,
    name,
    number,
    parameters,
    read_text,
    rules,
)

from charcot.core.errors import Problems, Severity
from charcot.core.expression import symbol, to_python
from charcot.engine import simulate
from charcot.interfaces.exchange.sbml import Refusal, read_sbml


@pytest.fixture
def read(tmp_path):
    return lambda body, **options: read_text(tmp_path / "model.xml", body, **options)


CELL = """
<listOfCompartments><compartment id="c" size="{size}" spatialDimensions="3" constant="{constant}"/></listOfCompartments>
<listOfSpecies>
<species id="A" compartment="c" initialConcentration="3" hasOnlySubstanceUnits="false" boundaryCondition="false"
 constant="false"/>
<species id="B" compartment="c" initialAmount="0" hasOnlySubstanceUnits="true" boundaryCondition="false"
 constant="false"/>
</listOfSpecies>
"""
REACTION = """
<listOfReactions><reaction id="r" reversible="false">
<listOfReactants><speciesReference species="A" stoichiometry="1" constant="true"/></listOfReactants>
<listOfProducts><speciesReference species="B" stoichiometry="2" constant="true"/></listOfProducts>
<kineticLaw>{math}<listOfLocalParameters><localParameter id="k" value="0.5"/></listOfLocalParameters></kineticLaw>
</reaction></listOfReactions>
"""


def cell(size="4", constant="true", law=None):
    law = law or apply("times", name("k"), name("A"), name("c"))
    return CELL.format(size=size, constant=constant) + "{rules}" + REACTION.format(math=math_of(law))


def test_a_reaction_moves_amounts_and_reports_both_amount_and_concentration(read):
    imported = read(cell().format(rules=""))
    t = np.array([0.0, 1.0, 3.0])
    found = course(imported, t)
    left = 3.0 * np.exp(-0.5 * t)  # dA/dt = -k [A] c, so d[A]/dt = -k [A]
    np.testing.assert_allclose(found[imported.concentrations["A"]][0], left, rtol=1e-7)
    np.testing.assert_allclose(found[imported.amounts["A"]][0], 4 * left, rtol=1e-7)
    np.testing.assert_allclose(found[imported.amounts["B"]][0], 2 * 4 * (3.0 - left), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(found[imported.concentrations["B"]][0], 2 * (3.0 - left), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(found["r"][0], 0.5 * 4 * left, rtol=1e-7)


def test_constants_of_the_file_and_of_its_kinetic_laws_vary_by_patient(read):
    imported = read(cell().format(rules=""))
    assert {p.name: p.value for p in imported.program.parameters} == {"c": 4.0, "r.k": 0.5}
    found = course(imported, [0.0, 2.0], **{"r.k": 1.5, "c": 2.0})
    np.testing.assert_allclose(found["A"][0], 3 * 2 * np.exp([0.0, -3.0]), rtol=1e-7)


def test_an_amount_outlives_a_growing_compartment_and_its_concentration_does_not(read):
    text = cell(constant="false", law=number(0)).format(rules=rules(rate_c=name("c")))
    found = course(read(text), [0.0, 1.0])
    np.testing.assert_allclose(found["A"][0], [12.0, 12.0], rtol=1e-8)
    np.testing.assert_allclose(found["[A]"][0], [3.0, 3.0 / math.e], rtol=1e-7)


def test_initial_assignments_hold_in_any_order_and_rules_at_the_start(read):
    start = "".join(
        f'<initialAssignment symbol="{symbol_}">{math_of(formula)}</initialAssignment>'
        for symbol_, formula in (
            ("x", apply("plus", name("y"), name("z"))),
            ("y", apply("times", number(3), name("p"))),
        )
    )
    body = parameters(p=2, x=0, y=0, z=0) + f"<listOfInitialAssignments>{start}</listOfInitialAssignments>"
    body += rules(z=apply("plus", TIME, apply("times", number(10), name("y"))), rate_x=number(1))
    found = course(read(body), [0.0, 2.0])
    np.testing.assert_allclose(found["y"][0], [6.0, 6.0])
    np.testing.assert_allclose(found["z"][0], [60.0, 62.0])
    np.testing.assert_allclose(found["x"][0], [66.0, 68.0])


def test_a_function_hides_the_names_of_the_model(read):
    function = (
        '<listOfFunctionDefinitions><functionDefinition id="f">{}</functionDefinition></listOfFunctionDefinitions>'
    )
    body = f"<lambda><bvar>{name('x')}</bvar>{apply('times', name('x'), name('x'))}</lambda>"
    text = function.format(math_of(body)) + parameters(x=100, y=0)
    found = course(read(text + rules(y=apply(name("f"), apply("plus", TIME, number(1))))), [0.0, 2.0])
    np.testing.assert_allclose(found["y"][0], [1.0, 9.0])


def test_the_rate_of_a_concentration_counts_its_compartment(read):
    """[A] = n / c with n' = -1 and c' = c: the rate of [A] is -1 / c - [A]; that of B, an amount, is 2."""
    rate = '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/rateOf"> rateOf </csymbol>'
    formulas = {key: apply(rate, name(of)) for key, of in (("x", "A"), ("y", "c"), ("z", "B"))}
    declared = parameters(x=0, y=0, z=0) + rules(rate_c=name("c"), **formulas)
    text = cell(constant="false", law=number(1)).format(rules=declared)
    found = course(read(text), [0.0, 1.0])
    np.testing.assert_allclose(found["x"][0], [-1 / 4 - 3.0, (-1 - 11.0) / (4 * math.e)], rtol=1e-7)
    np.testing.assert_allclose(found["y"][0], [4.0, 4.0 * math.e], rtol=1e-7)
    np.testing.assert_allclose(found["z"][0], [2.0, 2.0], rtol=1e-12)


def evaluate(expression, **values):
    with np.errstate(all="ignore"):
        return float(to_python([expression], {"v": tuple(values)})(tuple(values.values()))[0])


def test_an_event_becomes_a_trigger_with_all_its_attributes(read):
    body = parameters(x=1, y=2) + event(
        apply("gt", TIME, number(3)), delay=name("y"), initially="false", persistent="false", early="false"
    )
    (trigger,) = read(body).program.triggers
    assert (trigger.name, trigger.initially, trigger.persistent, trigger.early_values) == ("e", False, False, False)
    assert trigger.delay is symbol("y")
    assert trigger.priority is None
    assert [(a.target, evaluate(a.value)) for a in trigger.assignments] == [("x", 5.0)]
    assert [evaluate(trigger.condition, time=t) > 0 for t in (2.9, 3.0, 3.1)] == [False, False, True]


def test_an_event_of_level_2_has_the_defaults_of_level_2(read):
    text = document(
        '<listOfParameters><parameter id="x" value="1" constant="false"/></listOfParameters>'
        f"<listOfEvents><event><trigger>{math_of(apply('geq', TIME, number(3)))}</trigger><listOfEventAssignments>"
        f'<eventAssignment variable="x">{math_of(number(5))}</eventAssignment></listOfEventAssignments>'
        "</event></listOfEvents>",
        level=2,
        version=4,
    )
    (trigger,) = read(text).program.triggers
    assert (trigger.initially, trigger.persistent, trigger.early_values, trigger.delay) == (True, True, True, None)
    assert [evaluate(trigger.condition, time=t) > 0 for t in (2.9, 3.0, 3.1)] == [False, True, True]


@pytest.mark.parametrize(
    ("condition", "expected"),  # for (x, y) = (1, 1), (1, 2), (2, 1)
    [
        (apply("lt", name("x"), name("y")), [0, 1, 0]),
        (apply("leq", name("x"), name("y")), [1, 1, 0]),
        (apply("gt", name("x"), name("y")), [0, 0, 1]),
        (apply("geq", name("x"), name("y")), [1, 0, 1]),
        (apply("eq", name("x"), name("y")), [1, 0, 0]),
        (apply("neq", name("x"), name("y")), [0, 1, 1]),
        (apply("not", apply("lt", name("x"), name("y"))), [1, 0, 1]),
        (apply("and", apply("leq", name("x"), name("y")), apply("geq", name("x"), name("y"))), [1, 0, 0]),
        (apply("or", apply("lt", name("x"), name("y")), apply("gt", name("x"), name("y"))), [0, 1, 1]),
        (apply("not", apply("or", apply("lt", name("x"), name("y")), apply("gt", name("x"), name("y")))), [1, 0, 0]),
        (apply("xor", apply("leq", name("x"), name("y")), "<true/>"), [0, 0, 1]),
        (apply("implies", apply("leq", name("x"), name("y")), apply("eq", name("x"), name("y"))), [1, 0, 1]),
    ],
)
def test_a_condition_is_above_zero_exactly_where_it_is_true(read, condition, expected):
    body = parameters(x=0, y=0, u=0) + rules(rate_x=number(1), rate_y=number(1)) + event(condition, variable="u")
    trigger, *watchers = read(body).program.triggers
    found = [evaluate(trigger.condition, x=x, y=y) > 0 for x, y in ((1, 1), (1, 2), (2, 1))]
    assert found == [bool(value) for value in expected]
    assert not any(watcher.assignments for watcher in watchers)


def test_a_concentration_set_together_with_its_compartment_is_one_in_the_old_volume(read):
    text = CELL.format(size="4", constant="false") + (
        '<listOfEvents><event useValuesFromTriggerTime="true"><trigger initialValue="true" persistent="true">'
        + math_of(apply("gt", TIME, number(3)))
        + "</trigger><listOfEventAssignments>"
        + f'<eventAssignment variable="A">{math_of(number(7))}</eventAssignment>'
        + f'<eventAssignment variable="c">{math_of(apply("times", number(2), name("c")))}</eventAssignment>'
        + "</listOfEventAssignments></event></listOfEvents>"
    )
    (trigger,) = read(text).program.triggers
    made = {a.target: evaluate(a.value, c=4.0, A=12.0) for a in trigger.assignments}
    assert made == {"A": 7.0 * 4.0, "c": 8.0}


def test_a_condition_that_holds_for_a_moment_only_is_seen(read):
    """x = t is between 0.4801 and 0.4802 for a ten-thousandth; steps are as long as the whole run."""
    moment = apply("and", apply("gt", name("x"), number(0.4801)), apply("lt", name("x"), number(0.4802)))
    found = course(read(parameters(x=0, u=1) + rules(rate_x=number(1)) + event(moment, variable="u")), [0.0, 0.48, 1.0])
    np.testing.assert_array_equal(found["u"][0], [1.0, 1.0, 5.0])


def test_amounts_in_moles_are_followed_as_well_as_amounts_in_units(read):
    """A -> 2 B at 0.5 per unit of time; with 1e-20 of A, an absolute tolerance made for 1 would accept anything."""
    text = cell().format(rules="").replace('initialConcentration="3"', 'initialAmount="1e-20"')
    imported = read(text)
    result = simulate(imported.program, imported.program.parameter_table(1), np.array([0.0, 4.0]), tolerance=1e-6)
    np.testing.assert_allclose(result["A"][0], 1e-20 * np.exp([0.0, -2.0]), rtol=1e-5, atol=0)
    np.testing.assert_allclose(result["B"][0, 1], 2e-20 * (1 - np.exp(-2.0)), rtol=1e-5, atol=0)


def test_a_short_pulse_in_a_rate_at_rest_is_seen(read):
    """x' = 1000 for a thousandth of the run, else 0."""
    during = apply("and", apply("geq", TIME, number(0.48)), apply("lt", TIME, number(0.481)))
    pulse = f"<piecewise><piece>{number(1000)}{during}</piece><otherwise>{number(0)}</otherwise></piecewise>"
    found = course(read(parameters(x=0) + rules(rate_x=pulse)), [0.0, 0.48, 1.0])
    np.testing.assert_allclose(found["x"][0], [0.0, 0.0, 1.0], atol=1e-8)


PAIR = """
<listOfEvents><event id="one" useValuesFromTriggerTime="true"><trigger initialValue="true" persistent="false">{gt}
</trigger><priority>{same}</priority><listOfEventAssignments><eventAssignment variable="x">{zero}</eventAssignment>
</listOfEventAssignments></event><event id="two" useValuesFromTriggerTime="true"><trigger initialValue="true"
 persistent="false">{gt}</trigger><priority>{priority}</priority><listOfEventAssignments>
<eventAssignment variable="{target}">{zero}</eventAssignment></listOfEventAssignments></event></listOfEvents>
"""


def winners(imported, table):
    """Who sets u last at time 3, event one (1) or event two (2)."""
    result = simulate(imported.program, table, np.array([0.0, 4.0]), tolerance=1e-4)
    return result["u"][:, -1]


@pytest.mark.parametrize("other", ["x >= 3", "time >= 3", "2 * x >= 6"])
def test_events_of_one_time_and_priority_come_in_an_order_drawn_for_each_patient(read, other):
    """x is the time, so that conditions that are written differently come true together."""
    conditions = {"one": "x >= 3", "two": other}
    events = [
        event(formula(condition), variable="u", value=number(i))
        .replace("<listOfEvents>", "")
        .replace("</listOfEvents>", "")
        .replace("<listOfEventAssignments>", f"<priority>{math_of(number(7))}</priority><listOfEventAssignments>")
        for i, condition in enumerate(conditions.values(), start=1)
    ]
    events = [text.replace('id="e"', f'id="{key}"') for text, key in zip(events, conditions, strict=True)]
    body = parameters(x=0, u=0) + rules(rate_x=number(1)) + f"<listOfEvents>{''.join(events)}</listOfEvents>"
    imported = read(body)
    table = imported.parameter_table(200, seed=1)
    found = winners(imported, table)
    assert 70 <= np.count_nonzero(found == 1) <= 130  # of 200, within four standard deviations
    assert set(found) == {1.0, 2.0}
    np.testing.assert_array_equal(winners(imported, table[::-1]), found[::-1])
    assert np.any(winners(imported, imported.parameter_table(200, seed=2)) != found)


@pytest.mark.parametrize(("priority", "condition", "first"), [(2, "x", "two"), (0, "x", "one")])
def test_events_of_different_priorities_have_no_draw(read, priority, condition, first):
    text = PAIR.format(
        gt=math_of(apply("gt", name(condition), number(3))),
        same=math_of(number(1)),
        priority=math_of(number(priority)),
        zero=math_of(number(0)),
        target="u",
    )
    imported = read(parameters(x=0, y=0, u=1) + rules(rate_x=number(1), rate_y=number(1)) + text)
    assert imported.program.parameter_names == ()
    greatest = max(imported.program.triggers, key=lambda trigger: trigger.priority.value)
    assert greatest.name == first


def test_conditions_in_values_are_exact_and_lazy(read):
    pieces = f"<piecewise><piece>{number(1)}{apply('lt', TIME, number(2))}</piece>"
    pieces += f"<otherwise>{apply('root', apply('minus', TIME, number(2)))}</otherwise></piecewise>"
    found = course(read(parameters(x=0) + rules(x=pieces)), [0.0, 1.0, 2.5, 6.0])
    np.testing.assert_allclose(found["x"][0], [1.0, 1.0, math.sqrt(0.5), 2.0], rtol=1e-12)


FORMULAS = {
    "tan": (0.7, math.tan(0.7)),
    "sec": (0.7, 1 / math.cos(0.7)),
    "csc": (0.7, 1 / math.sin(0.7)),
    "cot": (0.7, 1 / math.tan(0.7)),
    "arcsin": (0.7, math.asin(0.7)),
    "arccos": (-0.7, math.acos(-0.7)),
    "arctan": (3.0, math.atan(3.0)),
    "arcsec": (3.0, math.acos(1 / 3.0)),
    "arccsc": (3.0, math.asin(1 / 3.0)),
    "arccot": (3.0, math.atan(1 / 3.0)),
    "sinh": (1.3, math.sinh(1.3)),
    "cosh": (1.3, math.cosh(1.3)),
    "tanh": (1.3, math.tanh(1.3)),
    "sech": (1.3, 1 / math.cosh(1.3)),
    "csch": (1.3, 1 / math.sinh(1.3)),
    "coth": (1.3, 1 / math.tanh(1.3)),
    "arcsinh": (-1.3, math.asinh(-1.3)),
    "arccosh": (1.3, math.acosh(1.3)),
    "arctanh": (0.3, math.atanh(0.3)),
    "arcsech": (0.3, math.acosh(1 / 0.3)),
    "arccsch": (0.3, math.asinh(1 / 0.3)),
    "arccoth": (3.0, math.atanh(1 / 3.0)),
    "ceiling": (-1.3, -1.0),
    "abs": (-1.3, 1.3),
    "factorial": (6, 720.0),
}


@pytest.mark.parametrize("varying", [False, True])
def test_every_function_of_one_argument(read, varying):
    """Of a number it folds while the file is read; of a quantity it is code of the kernel."""
    values = {f"x{i}": value for i, (value, _) in enumerate(FORMULAS.values())}
    formulas = {
        f"y_{operator}": apply(operator, name(f"x{i}") if varying else number(value))
        for i, (operator, (value, _)) in enumerate(FORMULAS.items())
    }
    body = parameters(**values, **dict.fromkeys(formulas, 0)) + rules(**formulas)
    found = course(read(body), [0.0, 1.0])
    for operator, (_, expected) in FORMULAS.items():
        np.testing.assert_allclose(found[f"y_{operator}"][0], expected, rtol=3e-15, err_msg=operator)


def test_whole_quotients_are_exact_although_the_kernel_divides_by_reciprocals(read):
    pairs = [(49, 49), (7, 2), (-7, 2), (7, -2), (-7, -2), (6, 3), (93, 93), (1, 3)]
    values = {f"a{i}": a for i, (a, _) in enumerate(pairs)} | {f"b{i}": b for i, (_, b) in enumerate(pairs)}
    formulas = {f"q{i}": apply("quotient", name(f"a{i}"), name(f"b{i}")) for i in range(len(pairs))}
    formulas |= {f"r{i}": apply("rem", name(f"a{i}"), name(f"b{i}")) for i in range(len(pairs))}
    found = course(read(parameters(**values, **dict.fromkeys(formulas, 0)) + rules(**formulas)), [0.0])
    for i, (a, b) in enumerate(pairs):
        assert found[f"q{i}"][0, 0] == math.trunc(a / b), (a, b)
        assert found[f"r{i}"][0, 0] == math.fmod(a, b), (a, b)


def test_division_by_zero_is_infinite_and_zero_by_zero_is_not_a_number(read):
    body = parameters(x=0, y=0, z=0) + rules(
        x=apply("divide", number(1), number(0)), y=apply("divide", number(0), number(0)), z=apply("ln", number(0))
    )
    found = course(read(body), [0.0])
    np.testing.assert_array_equal(found.values[0, 0], [np.inf, np.nan, -np.inf])


def test_the_clock_keeps_out_of_the_way_of_an_element_called_time(read):
    found = course(read(parameters(time=5, x=0) + rules(x=apply("plus", TIME, name("time")))), [0.0, 2.0])
    np.testing.assert_allclose(found["x"][0], [5.0, 7.0])


# refusals ------------------------------------------------------------------------------------------------------------


def test_everything_unsupported_is_named_at_once_with_its_element_and_line(read):
    rule = f"<algebraicRule>{math_of(apply('minus', apply('times', name('z'), name('z')), number(1)))}</algebraicRule>"
    late = apply(DELAY, name("x"), number(1))
    text = cell().format(rules=rules(y=late).replace("</listOfRules>", f"\n{rule}\n</listOfRules>"))
    text = text.replace("<listOfRules>", parameters(x=0, y=0, z=1) + "\n<listOfRules>")
    text = text.replace('<reaction id="r"', '\n<reaction id="r" fast="true"')
    with pytest.raises(Refusal) as caught:
        read(text, version=1)
    assert caught.value.features == ("fast-reaction", "delay")
    places = {problem.code: problem for problem in caught.value.problems}
    delay, fast = places["sbml-refused-delay"], places["sbml-refused-fast-reaction"]
    assert "'y'" in delay.message
    assert "'r'" in fast.message
    assert "intermediate states" in delay.hint
    assert fast.where.line > delay.where.line > 0
    assert f"model.xml:{delay.where.line}" in str(caught.value)


def algebraic(*formulas):
    written = "".join(f"<algebraicRule>{math_of(formula(text))}</algebraicRule>" for text in formulas)
    return f"<listOfRules>{written}</listOfRules>"


def test_an_algebraic_rule_that_is_linear_in_what_nothing_else_gives_is_solved(read):
    """B takes what A has lost (conservation), p follows from B, and q from p through an assignment."""
    rows = algebraic("2 * B + A - 6", "piecewise(p, time < 1, 2 * p) - B", "q * (1 + A) - p")
    found = course(read(parameters(A=4, B=0, p=0, q=0) + rows.replace("</list", rate_of_a() + "</list")), [0.0, 2.0])
    a = 4 * np.exp([0.0, -2.0])
    b = (6 - a) / 2
    np.testing.assert_allclose(found["B"][0], b, rtol=1e-8)
    np.testing.assert_allclose(found["p"][0], b / [1, 2], rtol=1e-8)
    np.testing.assert_allclose(found["q"][0], b / [1, 2] / (1 + a), rtol=1e-8)


def rate_of_a():
    return f'<rateRule variable="A">{math_of(formula("-A"))}</rateRule>'


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("x * x - 4", "not linear in 'x'"),
        ("piecewise(x - 1, x > 0, x - 2)", "not linear in 'x'"),
        ("abs(x) - 1", "not linear in 'x'"),
        ("x - x + 1", "not linear in 'x'"),
        ("x + y - 3", "not clear"),
    ],
)
def test_an_algebraic_rule_without_one_explicit_answer_is_refused(read, rule, why):
    with pytest.raises(Refusal, match=why) as caught:
        read(parameters(x=1, y=2) + algebraic(rule))
    assert set(caught.value.features) == {"algebraic-rule"}


def test_a_fast_reaction_is_refused_where_the_level_has_them(read):
    text = cell().format(rules="").replace('<reaction id="r"', '<reaction id="r" fast="true"')
    with pytest.raises(Refusal) as caught:
        read(text, version=1)
    assert caught.value.features == ("fast-reaction",)
    assert "'r'" in str(caught.value)


def test_a_required_package_is_refused_and_one_for_drawing_is_not(read):
    needed = 'xmlns:multi="http://www.sbml.org/sbml/level3/version1/multi/version1" multi:required="true"'
    with pytest.raises(Refusal) as caught:
        read(parameters(x=1), attributes=needed)
    assert caught.value.features == ("package",)
    assert "multi" in str(caught.value)
    drawn = 'xmlns:layout="http://www.sbml.org/sbml/level3/version1/layout/version1" layout:required="false"'
    assert read(parameters(x=1), attributes=drawn).program.readout_names == ("x",)


def test_level_1_is_refused_by_name(read):
    text = document('<listOfCompartments><compartment name="c"/></listOfCompartments>', level=1, version=2)
    with pytest.raises(Refusal) as caught:
        read(text.replace("level1/version2", "level1").replace('<model id="m">', '<model name="m">'))
    assert caught.value.features == ("level",)


def test_a_circle_of_initial_assignments_is_refused_with_its_path(read):
    start = "".join(
        f'<initialAssignment symbol="{a}">{math_of(name(b))}</initialAssignment>' for a, b in (("x", "y"), ("y", "x"))
    )
    body = parameters(x=0, y=0, u=0) + f"<listOfInitialAssignments>{start}</listOfInitialAssignments>"
    with pytest.raises(Problems) as caught:
        read(body + rules(rate_u=name("x")))
    assert "x" in str(caught.value)
    assert "y" in str(caught.value)


def test_a_value_that_a_rate_needs_and_nobody_gives_is_refused_and_an_idle_one_is_noted(read):
    open_value = '<listOfParameters><parameter id="p" constant="true"/><parameter id="x" value="1" constant="false"/>'
    body = open_value + "</listOfParameters>"
    with pytest.raises(Refusal) as caught:
        read(body + rules(rate_x=name("p")))
    assert caught.value.features == ("missing-value",)
    assert "'p' has no value" in str(caught.value)
    imported = read(body + rules(rate_x=number(1)))
    assert [note.code for note in imported.notes if note.code == "sbml-no-value"] == ["sbml-no-value"]
    assert np.isnan(course(imported, [0.0])["p"]).all()


# faults --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.97])
def test_truncated_xml_is_named_so_with_file_and_line(tmp_path, kept):
    text = document(cell().format(rules=""))
    path = tmp_path / "cut.xml"
    path.write_text(text[: int(kept * len(text))])
    with pytest.raises(Problems) as caught:
        read_sbml(path)
    assert {problem.code for problem in caught.value.problems} == {"sbml-broken-xml"}
    assert "cut off" in str(caught.value)
    assert f"{path}:" in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(Problems) as caught:
        read_sbml(tmp_path / "nowhere.xml")
    assert [problem.code for problem in caught.value.problems] == ["sbml-no-file"]


UNITS = """
<listOfUnitDefinitions><unitDefinition id="per_second"><listOfUnits>
<unit kind="second" exponent="-1" scale="0" multiplier="1"/></listOfUnits></unitDefinition></listOfUnitDefinitions>
<listOfParameters>
<parameter id="length" value="1" units="metre" constant="false"/>
<parameter id="speed" value="1" units="per_second" constant="true"/>
</listOfParameters>
"""


def test_mismatched_units_are_noted_and_are_errors_when_that_is_asked_for(read):
    text = UNITS + rules(length=name("speed"))
    notes = [note for note in read(text).notes if note.code == "sbml-unit-mismatch"]
    assert notes
    assert all(note.severity is Severity.WARNING and note.where.line for note in notes)
    with pytest.raises(Problems) as caught:
        read(text, strict_units=True)
    assert {problem.code for problem in caught.value.problems} == {"sbml-unit-mismatch"}
    assert "length" in str(caught.value) or "units" in str(caught.value)


def test_a_rule_for_something_that_does_not_exist_is_invalid(read):
    with pytest.raises(Problems) as caught:
        read(parameters(x=0) + rules(x=name("nobody")))
    assert any(problem.code == "sbml-invalid" and "nobody" in problem.message for problem in caught.value.problems)


def test_slips_of_the_schema_run_with_a_warning_when_that_is_asked_for(read):
    """An unknown attribute in Level 2 is an error of the file; a name that does not exist stays one."""
    text = document(
        '<listOfParameters><parameter id="x" value="1" constant="false" colour="red"/></listOfParameters>'
        + rules(rate_x=name("x")),
        level=2,
        version=4,
    )
    with pytest.raises(Problems, match="sbml-invalid"):
        read(text)
    imported = read(text, lenient=True)
    assert any(note.code == "sbml-invalid" and "passed over" in note.hint for note in imported.notes)
    np.testing.assert_allclose(course(imported, [0.0, 1.0])["x"][0], [1.0, math.e], rtol=1e-7)
    with pytest.raises(Problems, match="nobody"):
        read(text.replace(name("x"), name("nobody")), lenient=True)
