"""Products and regimens: what they give, when, to what, and what they say when a file or a person is wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from charcot import clinic, disease, evidence, patients
from charcot.core.expression import symbols_of, to_python
from charcot.core.program import Program
from charcot.core.schedule import Event, EventKind, Schedule
from charcot.core.units import UnitError, parse_quantity
from charcot.model.compose import check, compose
from charcot.model.definition import Definition
from charcot.model.ports import FREE
from charcot.treatments import (
    Product,
    Regimen,
    is_beyond,
    library,
    never_given,
    product_problems,
    products,
    standing,
)
from charcot.treatments.effects import Effect
from charcot.treatments.library import read_products
from charcot.treatments.schedules import parse_days

NAMES = sorted(products())
EFFECTS = [(name, i) for name in NAMES for i in range(len(products()[name].effects))]
EXPECTED = {
    "riluzole", "edaravone_iv", "edaravone_oral", "tofersen", "phenylbutyrate_taurursodiol", "aav_mir126",
    "translation_restorer", "transport_restorer", "condensate_dissolver", "low_dose_il2", "treg_infusion",
    "anti_interleukin1", "triple_cytokine_blockade", "microglia_reprogramming", "minocycline", "niv", "fus_aso",
    "c9orf72_aso", "anti_cd40l", "aav_mir126_intrathecal", "gastrostomy", "high_calorie_nutrition", "physiotherapy",
    "communication_aid",
}  # fmt: skip


# --- the whole model -------------------------------------------------------------------------------------------------


def whole_model(*names: str) -> Definition:
    part = clinic.content()
    model = disease.definition().extended(part.ports, part.numbers, part.mechanisms, ())
    for name in names:
        content = products()[name].content()
        model = model.extended(content.ports, content.numbers, content.mechanisms, content.modifiers)
    return model


def test_every_product_file_is_sound_and_found() -> None:
    assert product_problems() == []
    assert set(NAMES) == EXPECTED


@pytest.mark.parametrize("name", NAMES)
def test_a_product_composes_with_the_disease(name: str) -> None:
    assert check(whole_model(name)) == []


def test_all_products_compose_together() -> None:
    assert check(whole_model(*NAMES)) == []


def test_without_doses_the_model_is_what_it_was() -> None:
    plain, treated = (compose(whole_model(*names)) for names in ((), NAMES))
    at_rest = _rates_at_start(treated)
    for name, rate in _rates_at_start(plain).items():
        assert at_rest[name] == pytest.approx(rate, rel=1e-12, abs=1e-15), name


def _rates_at_start(program: Program) -> dict[str, float]:
    return dict(zip(program.state_names, Simulation(program).rates(), strict=True))


@pytest.mark.parametrize(("name", "index"), EFFECTS)
def test_an_effect_reaches_the_course_of_the_disease(name: str, index: int) -> None:
    """A target that no mechanism reads would make a product without an effect."""
    content = products()[name].content()
    base = whole_model()
    model = base.extended(content.ports, content.numbers, content.mechanisms, content.modifiers[index : index + 1])
    program = compose(model, readouts=[])
    own = {state.name for state in program.states if state.name.startswith("drug.")} | set(program.input_names[1:])
    disease_rates = [s.rate for s in program.states if not s.name.startswith("drug.")]
    assert symbols_of(disease_rates) & own


@pytest.mark.parametrize(("name", "index"), EFFECTS)
def test_the_direction_of_an_effect_is_the_declared_one(name: str, index: int) -> None:
    product = products()[name]
    effect = product.effects[index]
    value = effect_at(effect, largest(product, effect.reads))
    if effect.direction == "decrease":
        assert 0 < value < 1
    else:
        assert value > (1 if effect.direction == "increase" else 0)
    assert effect_at(effect, 0.0) == (0 if effect.direction == "add" else 1)


@pytest.mark.parametrize("name", NAMES)
def test_every_number_has_unit_spread_source_and_grade(name: str) -> None:
    for number in products()[name].content().numbers:
        assert number.name.startswith(f"drug.{name}.")
        assert number.unit
        assert number.title
        assert number.index == "" or number.name.endswith(".biodistribution")
        assert math.isfinite(number.spread)
        assert number.spread >= 0
        assert number.grade in evidence.grades()
        assert (number.sources == (FREE,)) == (number.grade == "F")
        assert set(number.sources) <= {*evidence.sources(), FREE}
        assert number.where is not None
        assert number.where.line > 0


@pytest.mark.parametrize("name", NAMES)
def test_it_is_said_of_every_product_whether_people_were_given_it(name: str) -> None:
    product = products()[name]
    (sentence,) = standing([name])
    assert sentence.startswith(product.title)
    assert ("NEVER GIVEN TO PEOPLE" in sentence) is (not product.people.given) is (name in never_given(NAMES))
    assert bool(product.people.sources) is product.people.given
    assert ("set by hand" in sentence) == any(n.grade == "F" for e in product.effects for n in e.numbers.values())
    assert product.people.note
    assert product.largest_dose.note
    if name != "fus_aso":  # its dose is tofersen's, by assumption; people were given another
        assert is_beyond(product, product.default_dose) is not (product.people.given and bool(product.people.highest))


def test_what_was_never_given_to_people() -> None:
    assert never_given(NAMES) == [
        "aav_mir126", "aav_mir126_intrathecal", "condensate_dissolver", "translation_restorer",
        "transport_restorer", "triple_cytokine_blockade",
    ]  # fmt: skip
    (vector,) = standing(["aav_mir126"])
    assert vector.startswith(
        "Gene therapy with miR-126 (AAV): NEVER GIVEN TO PEOPLE; its dose is hypothetical, and how large its effect is "
        "was set by hand, not measured (grade F). With a chance of 0.5 it has no effect at all."
    )
    assert "20 mg to 100 mg" in standing(["tofersen"])[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_dose_above_the_largest_is_refused(name: str) -> None:
    product = products()[name]
    assert Regimen.parse(product=name, dose=product.largest_dose.text).dose > 0
    amount = 1.01 * parse_quantity(product.largest_dose.text, product.dose_unit)
    with pytest.raises(ValueError, match="above the largest that is taken"):
        Regimen.parse(product=name, dose=f"{amount!r} {product.dose_unit}")


def test_a_vector_is_given_once() -> None:
    assert list(products()["aav_mir126"].schedules) == ["label", "once"]
    for schedule in ("daily", "every 28 days"):
        with pytest.raises(ValueError, match="given at most one dose in a life"):
            Regimen.parse(product="aav_mir126", schedule=schedule)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("  given: patients\n", "  given: perhaps\n", "unknown-choice"),
        ("  given: patients\n", "  given: never\n", "never-given"),
        ("  sources: [miller2020_tofersen]\n", "  sources: []\n", "no-source"),
        ("  sources: [miller2020_tofersen]\n", "  sources: [nobody1900]\n", "unknown-source"),
        ("  lowest: 20 mg\n", "  lowest: 200 mg\n", "bad-dose"),
        ("  highest: 100 mg\n", "  highest: 100 m\n", "bad-dose"),
        ("  highest: 100 mg\n", "", "half-range"),
        ("  value: 1 g\n", "  value: 50 mg\n", "bad-dose"),
        ("largest_dose:\n", "most_doses: 0.5\nlargest_dose:\n", "bad-count"),
    ],
)
def test_wrong_words_about_people_are_named(tmp_path: Path, old: str, new: str, code: str) -> None:
    text = (Path(library.HERE) / "tofersen.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "tofersen.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    found, problems = read_products(tmp_path)
    assert ([p.code for p in problems], found) == ([code], {})


@pytest.mark.parametrize("name", NAMES)
def test_every_mechanism_states_claim_equation_and_sources(name: str) -> None:
    for mechanism in products()[name].content().mechanisms:
        assert mechanism.claim
        assert "Equation:" in mechanism.text
        assert mechanism.sources
        assert set(mechanism.sources + mechanism.against) <= {*evidence.sources(), FREE}


def test_a_decrease_never_takes_more_than_everything() -> None:
    effect = products()["riluzole"].effects[0]
    huge = replace(effect.numbers["maximum"], value=5.0)
    greedy = replace(effect, numbers={**effect.numbers, "maximum": huge})
    assert effect_at(greedy, 1e9) == pytest.approx(0.0, abs=1e-9)


# --- pharmacokinetics ------------------------------------------------------------------------------------------------


class Simulation:
    """A small reference run: NumPy functions of the program's expressions and SciPy's BDF between events."""

    def __init__(self, program: Program) -> None:
        self.program = program
        names = {"x": program.state_names, "p": program.parameter_names, "u": program.input_names}
        self.parameters = program.parameter_table(1).T
        self.start = np.array([state.initial.value for state in program.states])
        self.inputs = np.array([[entry.value] for entry in program.inputs]).reshape(-1, 1)
        self._rates = to_python([s.rate for s in program.states], names)
        self._readouts = to_python([r.expression for r in program.readouts], names)

    def _values(self, function: object, state: np.ndarray) -> np.ndarray:
        values = function(state[:, None], self.parameters, self.inputs)  # type: ignore[operator]
        return np.array([float(np.squeeze(value)) for value in values])

    def rates(self, state: np.ndarray | None = None) -> np.ndarray:
        return self._values(self._rates, self.start if state is None else state)

    def run(self, events: Sequence[Event], times: Sequence[float]) -> dict[str, np.ndarray]:
        """Read-outs at ``times``, just before events at these times."""
        state, now, rows = self.start.copy(), 0.0, []
        marks = sorted({*times, *(event.time for event in events)})
        for mark in marks:
            if mark > now and len(state):
                solution = solve_ivp(
                    lambda _, y: self.rates(y), (now, mark), state, method="BDF", rtol=1e-8, atol=1e-10 * self._size()
                )
                state, now = solution.y[:, -1], mark
            if mark in times:
                rows.append(self._values(self._readouts, state))
            for event in (event for event in events if event.time == mark):
                self._apply(event, state)
        return dict(zip(self.program.readout_names, np.array(rows).T, strict=True))

    def _size(self) -> float:
        return max((state.scale for state in self.program.states), default=1.0)

    def _apply(self, event: Event, state: np.ndarray) -> None:
        if event.kind is EventKind.ADD:
            state[self.program.state_names.index(event.target)] += event.value
        else:
            self.inputs[self.program.input_names.index(event.target), 0] = event.value


def kinetics(name: str) -> Simulation:
    """A product without the disease."""
    content = products()[name].content()
    model = Definition(content.ports, content.numbers, content.mechanisms, disease.REGIONS, 1)
    wanted = [p for p in content.ports if p.kind != "input"]
    return Simulation(compose(model, [f"lumbar.{p.name}" if p.scope == "region" else p.name for p in wanted]))


def course(name: str, times: Sequence[float], **regimen: str) -> dict[str, np.ndarray]:
    events = Regimen.parse(product=name, **regimen).events(0.0, max(times) + 1)
    return {
        key.removeprefix("lumbar.").removeprefix(f"drug.{name}."): values
        for key, values in kinetics(name).run(events, times).items()
    }


def largest(product: Product, quantity: str) -> float:
    """The highest value in the first weeks of treatment, and in four weeks a year into it."""
    return float(max(course(product.name, [1, *range(7, 40, 7), *range(364, 392, 3)], schedule="label")[quantity]))


def effect_at(effect: Effect, exposure: float) -> float:
    """The value of an effect as composed, computed through the graph of constants."""
    value = effect.value(exposure, {local: number.value for local, number in effect.numbers.items()})
    return float(getattr(value, "value", value))


def test_riluzole_comes_to_the_mean_concentration_of_its_label() -> None:
    # F dose / CL with CL = ln 2 * 245 L / 0.5 day; the label's peak after 50 mg is 173 ng/mL, the mean must be near.
    by_hand = 0.6 * 100 / (math.log(2) * 245 / 0.5)
    reached = course("riluzole", [10.0], schedule="label")
    assert reached["exposure"][0] == pytest.approx(by_hand, rel=1e-4)
    assert 0.12 < by_hand < 0.25  # mg/L
    assert reached["effect_1"][0] == pytest.approx(0.30, abs=0.005)  # the calibrated block of 70 %


def test_tofersen_leaves_the_tissue_with_a_half_life_of_four_weeks() -> None:
    site = course("tofersen", [60.0, 88.0, 116.0], schedule="once")["site"]
    assert site[1] / site[0] == pytest.approx(0.5, rel=1e-3)
    assert site[2] / site[1] == pytest.approx(0.5, rel=1e-3)


def test_tofersen_lowers_sod1_as_in_its_pharmacodynamic_studies() -> None:
    days = [float(day) for day in range(364, 392)]
    factor = course("tofersen", days, schedule="label")["effect_1"]
    assert 1 - factor.mean() == pytest.approx(0.35, abs=0.01)
    early = course("tofersen", [56.0, 196.0], schedule="label")["effect_1"]
    assert early[0] == pytest.approx(early[1], abs=0.03)  # flat from about day 56 on


def test_aav_rises_over_a_month_and_lasts_for_years() -> None:
    supply = course("aav_mir126", [0.0, 30.0, 90.0, 180.0, 2900.0], schedule="label")["exposure"] * 2
    assert supply[0] == 0
    assert 0.5 < supply[1] < 0.75
    assert supply[3] == pytest.approx(1.0, abs=0.03)
    assert supply[2] < supply[3]
    assert supply[4] == pytest.approx(2 / 3, abs=0.01)  # half of the vector is left: 2 * 0.5 / 1.5


def test_interleukin2_expands_regulatory_cells_as_set_on_its_source() -> None:
    daily = course("low_dose_il2", [28.0], dose="1.8 MIU", schedule="daily")["effect_1"][0]
    after_28_days = 1 + (daily - 1) * (1 - 2 ** (-28 / 8))
    assert after_28_days == pytest.approx(5.0, abs=0.1)


def test_oral_and_intravenous_edaravone_give_the_same_exposure() -> None:
    intravenous, oral = (course(name, [10.0])["exposure"][0] for name in ("edaravone_iv", "edaravone_oral"))
    assert oral == pytest.approx(intravenous, rel=0.01)


@pytest.mark.parametrize("name", [n for n in NAMES if products()[n].dosing == "bolus"])
def test_a_bolus_is_conserved(name: str) -> None:
    """What was given is what is there plus what was eliminated: the compartments only pass the dose on."""
    product, simulation = products()[name], kinetics(name)
    given = Regimen.parse(product=name, schedule="once").events(0.0, 10.0)
    assert [event.target for event in given] == [product.dose_port]
    state = simulation.start.copy()
    simulation._apply(given[0], state)
    assert state.sum() == given[0].value
    half_life = product.kinetics["half_life"].value
    last = {"effect_site": "site", "expression": "vector"}.get(product.form, "amount")
    amounts = [i for i, s in enumerate(simulation.program.states) if not s.name.endswith(".expression")]
    for level in (state, state / 2 + state.sum()):
        lost = math.log(2) / half_life * level[simulation.program.state_names.index(product.port_name(last))]
        assert simulation.rates(level)[amounts].sum() == pytest.approx(-lost, rel=1e-9)


def test_a_continuous_dose_is_conserved_over_a_cycle() -> None:
    """Area under the amount times the elimination rate is the dose."""
    events = Regimen.parse(product="edaravone_iv", stop="28 days").events(0.0, 40.0)
    given = sum(e.value * (after.time - e.time) for e, after in pairwise(events))
    assert given == pytest.approx(14 * 60)
    times = np.linspace(0, 20, 2001)
    amount = course("edaravone_iv", list(times), stop="28 days")["amount"]
    eliminated = np.trapezoid(amount, times) * math.log(2) / (5.25 / 24)
    assert eliminated == pytest.approx(given, rel=1e-3)


# --- regimens --------------------------------------------------------------------------------------------------------


def on_days(events: Sequence[Event], until: float) -> list[int]:
    """The days on which a rate is above zero."""
    days, rate, changes = [], 0.0, {event.time: event.value for event in events}
    for day in range(int(until)):
        rate = changes.get(float(day), rate)
        if rate > 0:
            days.append(day)
    return days


def test_edaravone_days_of_two_label_cycles_and_a_half() -> None:
    events = Regimen.parse(product="edaravone_iv", dose="60 mg", schedule="label").events(0.0, 70.0)
    first, second, third = range(14), [*range(28, 33), *range(35, 40)], [*range(56, 61), *range(63, 68)]
    assert on_days(events, 70) == [*first, *second, *third]
    assert {event.value for event in events} == {0.0, 60.0}
    assert all(event.target == "drug.edaravone_iv.rate" and event.kind is EventKind.SET for event in events)
    assert [event.time for event in events] == [0, 14, 28, 33, 35, 40, 56, 61, 63, 68]


def test_tofersen_doses_of_the_label() -> None:
    events = Regimen.parse(product="tofersen", dose="100 mg", stop="28 weeks").events(100.0, 1e4)
    assert [event.time - 100 for event in events] == [0, 14, 28, 56, 84, 112, 140, 168]
    assert {(e.value, e.kind, e.target) for e in events} == {(100.0, EventKind.ADD, "drug.tofersen.amount")}


def test_interleukin2_is_given_on_five_days_of_28() -> None:
    events = Regimen.parse(product="low_dose_il2").events(0.0, 56.0)
    assert on_days(events, 56) == [0, 1, 2, 3, 4, 28, 29, 30, 31, 32]


def test_a_titrated_dose_rises_after_three_weeks() -> None:
    events = Regimen.parse(product="phenylbutyrate_taurursodiol", stop="24 weeks").events(0.0, 1000.0)
    assert [(e.time, e.value) for e in events] == [(0, 3), (21, 6), (168, 0)]


def test_background_therapy_may_start_before_the_origin() -> None:
    events = Regimen.parse(product="riluzole", dose="50 mg", start="-10 days").events(500.0, 2000.0)
    assert [(e.time, e.value) for e in events] == [(490, 100)]


@pytest.mark.parametrize(
    ("schedule", "times"),
    [("once", [0]), ("every 12 weeks", [0, 84]), ("every 28 days", [0, 28, 56, 84]), ("daily", list(range(100)))],
)
def test_general_schedules_of_a_bolus(schedule: str, times: list[int]) -> None:
    events = Regimen.parse(product="tofersen", schedule=schedule).events(0.0, 100.0)
    assert [event.time for event in events] == times


@pytest.mark.parametrize(("schedule", "per_day"), [("continuous", 50), ("daily", 50), ("every 12 hours", 100)])
def test_general_schedules_of_a_rate(schedule: str, per_day: float) -> None:
    events = Regimen.parse(product="riluzole", schedule=schedule, stop="30 days").events(0.0, 100.0)
    assert [(e.time, e.value) for e in events] == [(0, per_day), (30, 0)]


def test_treatment_ends_with_its_stop_in_the_middle_of_a_period() -> None:
    events = Regimen.parse(product="edaravone_iv", stop="30.5 days").events(0.0, 1000.0)
    assert [(e.time, e.value) for e in events] == [(0, 60), (14, 0), (28, 60), (30.5, 0)]


def test_a_dose_may_be_written_in_another_unit_or_left_out() -> None:
    assert Regimen.parse(product="riluzole", dose="0.05 g").dose == pytest.approx(50)
    assert Regimen.parse(product="aav_mir126", dose="6e13 vg/kg").dose == 6e13
    assert Regimen.parse(product="low_dose_il2", dose="1000000 IU").dose == pytest.approx(1)
    assert Regimen.parse(product="tofersen").dose == 100
    assert Regimen.parse(product="tofersen") == Regimen.parse(product="tofersen", dose="100 mg", schedule="label")


def test_an_origin_that_never_comes_means_no_events() -> None:
    assert Regimen.parse(product="riluzole").events(math.inf, 1e4) == []
    assert Regimen.parse(product="riluzole").events(math.nan, 1e4) == []
    assert Regimen.parse(product="riluzole").events(100.0, 50.0) == []


def test_endless_doses_need_a_day_until_which_to_list_them() -> None:
    assert len(Regimen.parse(product="riluzole").events(0.0)) == 1
    assert len(Regimen.parse(product="aav_mir126").events(0.0)) == 1
    with pytest.raises(ValueError) as error:
        Regimen.parse(product="tofersen").events(0.0)
    assert str(error.value) == "the doses of tofersen never end: give a stop, or the day until which to list them"


@pytest.mark.parametrize("name", NAMES)
def test_the_events_of_every_schedule_fit_the_program(name: str) -> None:
    program = kinetics(name).program
    for schedule in products()[name].schedules:
        events = Regimen.parse(product=name, schedule=schedule).events(0.0, 60.0)
        assert events
        assert [e.time for e in events] == sorted(e.time for e in events)
        Schedule.pack(program, [events])


MESSAGES = [
    (
        {"product": "riluzol"},
        KeyError,
        "no product is called 'riluzol'. Did you mean riluzole? Known are: " + ", ".join(NAMES) + ".",
    ),
    (
        {"product": "riluzole", "dose": "50"},
        UnitError,
        "the dose of riluzole: '50' has no unit: write for example '50 mg' (one dose of it is 50 mg)",
    ),
    (
        {"product": "riluzole", "dose": "50 mL"},
        UnitError,
        "the dose of riluzole: 'mL' measures [length]^3, but 'mg' measures [mass] (one dose of it is 50 mg)",
    ),
    (
        {"product": "riluzole", "dose": "fifty mg"},
        UnitError,
        "the dose of riluzole: 'fifty mg' is not a number with a unit, such as '3 mg' (one dose of it is 50 mg)",
    ),
    (
        {"product": "tofersen", "dose": "-100 mg"},
        ValueError,
        "the dose of tofersen is -100 mg, but a dose must be above zero: leave the treatment out to give none",
    ),
    (
        {"product": "tofersen", "dose": "0 mg"},
        ValueError,
        "the dose of tofersen is 0 mg, but a dose must be above zero: leave the treatment out to give none",
    ),
    (
        {"product": "riluzole", "start": "4 weeks", "stop": "2 weeks"},
        ValueError,
        "the treatment with riluzole stops on day 14, but it starts on day 28: let it stop later, "
        "or leave the stop out",
    ),
    (
        {"product": "riluzole", "schedule": "labell"},
        KeyError,
        "riluzole has no schedule called 'labell'. Did you mean label? It has: label, once, daily, continuous, "
        "or for example 'every 28 days'.",
    ),
    (
        {"product": "tofersen", "schedule": "continuous"},
        KeyError,
        "tofersen has no schedule called 'continuous'. No known name is close to it. It has: label, once, daily, "
        "or for example 'every 28 days'.",
    ),
    (
        {"product": "tofersen", "schedule": "every 0 days"},
        UnitError,
        "'every 0 days' is not a schedule: the interval must be above zero, such as 'every 28 days'",
    ),
    ({"product": "riluzole", "start": "4"}, UnitError, "'4' has no unit: write for example '4 day'"),
]


@pytest.mark.parametrize(("regimen", "kind", "message"), MESSAGES)
def test_a_bad_regimen_is_answered_with_a_sentence(regimen: dict[str, str], kind: type, message: str) -> None:
    with pytest.raises(kind) as error:
        Regimen.parse(**regimen)  # type: ignore[arg-type]
    assert error.value.args[0] == message


def test_lists_of_days() -> None:
    assert parse_days("0-2, 7") == (0, 1, 2, 7)
    for text in ("", "3-1", "1, 1", "a", "-1"):
        with pytest.raises(ValueError):
            parse_days(text)


# --- product files ---------------------------------------------------------------------------------------------------

SOUND = (Path(disease.__file__).parent.parent / "treatments" / "products" / "riluzole.yaml").read_text(encoding="utf-8")

PK = "pharmacokinetics.numbers"
MISTAKES = [
    ("dose_unit: mg", "dose_unit: mgg", "unknown-unit", "dose_unit: unknown unit 'mgg'"),
    (
        "default_dose: 50 mg",
        "default_dose: 50",
        "bad-dose",
        "default_dose: '50' has no unit: write for example '50 mg'",
    ),
    ("kind: small molecule", "kind: small", "unknown-choice", "kind is 'small'"),
    ("route: oral", "rout: oral", "unknown-key", "rout is not a known key"),
    ("form: one_compartment", "form: device2", "unknown-choice", "pharmacokinetics.form is 'device2'"),
    ("dosing: continuous", "dosing: continous", "unknown-choice", "dosing is 'continous'"),
    ("form: one_compartment", "form: expression", "wrong-dosing", "expression does not go with continuous dosing"),
    ("value: 245", "value: many", "not-a-number", f"{PK}.volume.value is 'many', not a finite number"),
    ("value: 245", "value: -245", "out-of-range", f"{PK}.volume is -245, but must be above 0"),
    ("unit: hour", "unit: mg", "wrong-unit", f"{PK}.half_life: 'mg' measures [mass], but 'day' measures [time]"),
    (
        "      source: riluzole_label",
        "      source: riluzole_lable",
        "unknown-source",
        f"{PK}.half_life: there is no source 'riluzole_lable'",
    ),
    (
        "      grade: A",
        "      grade: F",
        "free-grade",
        f"{PK}.half_life: source 'riluzole_label' and grade 'F' do not go together",
    ),
    ("      spread: 0.1\n", "", "missing-key", f"{PK}.half_life.spread is missing"),
    ("value: 0.9", "value: 1.2", "bad-maximum", "effects[0]: a decrease of 1.2 would take more than everything"),
    ("form: emax", "form: linear", "bad-decrease", "effects[0]: a decrease needs the form emax"),
    ("direction: decrease", "direction: lower", "unknown-choice", "effects[0].direction is 'lower'"),
    (
        '"on": 0,',
        '"on": 1,',
        "bad-cycle",
        "schedules.label.cycles[0]: a dose falls after the end of the cycle, or nothing is given",
    ),
    ("  label:", "  usual:", "no-label", "riluzole has no schedule called 'label'"),
]


@pytest.mark.parametrize(("right", "wrong", "code", "message"), MISTAKES)
def test_a_mistake_in_a_product_file_is_found_with_its_line(
    tmp_path: Path, right: str, wrong: str, code: str, message: str
) -> None:
    assert right in SOUND
    (tmp_path / "riluzole.yaml").write_text(SOUND.replace(right, wrong, 1), encoding="utf-8")
    found, problems = read_products(tmp_path)
    assert found == {}
    match = next((p for p in problems if p.code == code), None)
    assert match is not None, problems
    assert match.message == message
    assert match.where is not None
    assert match.where.file == "riluzole.yaml"
    assert match.where.line > 0
    line = SOUND[: SOUND.index(right)].count("\n") + 1
    assert abs(match.where.line - line) <= 8  # at the value itself, or at the head of what it belongs to


def test_the_line_of_a_mistake_is_exact_and_the_hint_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "riluzole.yaml").write_text(SOUND.replace("route: oral", "rout: oral"), encoding="utf-8")
    texts = [str(problem) for problem in read_products(tmp_path)[1]]
    assert any(
        text.startswith("riluzole.yaml:3: rout is not a known key [unknown-key]\n    Did you mean route?")
        for text in texts
    )


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    text = SOUND.replace("value: 245", "value: many").replace("kind: small molecule", "kind: small")
    (tmp_path / "riluzole.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "broken.yaml").write_text("title: [\n", encoding="utf-8")
    (tmp_path / "list.yaml").write_text("- 1\n", encoding="utf-8")
    codes = sorted(problem.code for problem in read_products(tmp_path)[1])
    assert codes == ["not-a-mapping", "not-a-number", "not-yaml", "unknown-choice"]


def test_an_addition_in_the_wrong_unit_is_found_when_the_model_is_composed(tmp_path: Path) -> None:
    path = Path(disease.__file__).parent.parent / "treatments" / "products" / "triple_cytokine_blockade.yaml"
    text = path.read_text(encoding="utf-8").replace("unit: 1/day", "unit: 1/week")
    (tmp_path / path.name).write_text(text, encoding="utf-8")
    found, problems = read_products(tmp_path)
    assert problems == []
    content = found["triple_cytokine_blockade"].content()
    model = whole_model().extended(content.ports, content.numbers, content.mechanisms, content.modifiers)
    problem = next(p for p in check(model) if p.code == "unit-mismatch")
    assert problem.message == "a product adds '1/week' to survival.infection_hazard, which is in '1/day'"
    assert str(problem.where).startswith("triple_cytokine_blockade.yaml:")


@pytest.mark.parametrize("until", [40.0, 999.5, 1000.0, 1000.25, 2500.0])
def test_a_schedule_cut_anywhere_is_the_beginning_of_a_longer_one(until):
    """Doses are laid out far ahead, for all who follow a schedule, and cut where each patient's end."""
    for name, dosing in products()["edaravone_iv"].schedules.items():
        given = Regimen.parse(product="edaravone_iv", schedule=name).events(3.5, until)
        changes = [(on, off) for on, off, _ in dosing.intervals(until - 3.5)]
        on = [event.time for event in given if event.value > 0]
        off = [event.time for event in given if event.value == 0]
        assert on == [3.5 + start for start, _ in changes]
        assert off == [3.5 + end for _, end in changes if 3.5 + end < until]


def test_series_are_packed_as_their_events_are():
    program = patients.program(("edaravone_iv", "tofersen"))
    given = [
        [Regimen.parse(product="edaravone_iv"), Regimen.parse(product="tofersen", start="10 days")],
        [],
        [Regimen.parse(product="tofersen")],
    ]
    packed = Schedule.pack_series(program, [[r.series(5.0, 200.0) for r in mine] for mine in given])
    single = Schedule.pack(program, [[e for r in mine for e in r.events(5.0, 200.0)] for mine in given])
    assert len(packed.times) > 40
    for name in ("offsets", "times", "targets", "kinds", "values"):
        np.testing.assert_array_equal(getattr(packed, name), getattr(single, name))
