"""The therapeutic window: what is compared is the same people, and it is too late when nothing is left to save."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from charcot import patients, treatments
from charcot.core.errors import Problems, Severity
from charcot.interfaces.report.sections.window import key_of
from charcot.patients.assemble import numbers
from charcot.studies import rescue, window
from charcot.studies.window import ENDPOINTS, Plan, check_plan, latest, sweep
from charcot.studies.window.bench import gained
from charcot.studies.window.tables import cell_table, no_return
from charcot.treatments import Regimen, doubts

SMALL = Plan(
    products=("aav_mir126", "tofersen", "translation_restorer", "treg_infusion"),
    multiples=(0.5, 1.0), starts=(-1.0, 1.0), n=4, seed=3, follow_up_years=6.0,
)  # fmt: skip


@pytest.fixture(scope="module")
def small():
    return sweep(SMALL, workers=2)


def cell(found, combination, start=-1.0, multiple=1.0, endpoint="alsfrs"):
    rows = found.cells
    keep = (rows["combination"] == combination) & (rows["start_years"] == start) & (rows["endpoint"] == endpoint)
    return rows[keep & (rows["dose_multiple"] == multiple)].iloc[0]


def test_every_product_and_every_pair_is_swept(small):
    assert len(small.cells["combination"].unique()) == 4 + 6
    assert len(small.cells) == 10 * 2 * 2 * len(window.ENDPOINTS)
    assert len(small.interactions) == 6 * 2 * 2 * len(window.ENDPOINTS)
    assert not small.failures


def test_a_drug_without_its_target_changes_nothing_at_all(small):
    """Tofersen in people without a SOD1 mutation is the check that arms share every draw."""
    own = small.cells[small.cells["combination"] == "tofersen"]
    assert np.abs(own["benefit"]).max() < 0.02


def test_what_is_within_the_tolerance_of_the_solver_is_no_gain():
    untreated = np.array([30.0, 30.0, 30.0, 0.0, np.nan])
    treated = np.array([30.0 + 1.3e-5, 30.0 - 1.8e-5, 30.1, 0.0, 30.0])
    np.testing.assert_allclose(gained(treated, untreated), [0, 0, 0.1, 0, np.nan], rtol=1e-9, atol=0)


def test_a_cell_is_what_a_patient_simulated_alone_shows(small):
    """Double programming: one cell, by the plain interface."""
    cohort = patients.draw_cohort(patients.load_population("sporadic"), SMALL.n, SMALL.seed)
    untreated = patients.simulate(cohort)
    regimen = [[Regimen.parse(product="treg_infusion", dose="3.5e7 count", start=f"{-365.25} days")]] * SMALL.n
    treated = patients.simulate(cohort, regimen, untreated.onset, model=patients.laboratory(treated=True))
    limit = 6 * 365.25
    gained = np.clip(treated.death - untreated.onset, 0, limit) - np.clip(untreated.death - untreated.onset, 0, limit)
    own = cell(small, "treg_infusion", multiple=0.5, endpoint="survival")
    assert own["benefit"] == pytest.approx(gained.mean() / 30.4375, abs=0.05)
    assert own["dose"] == "3.5e+07 count"


def test_more_and_earlier_gain_more(small):
    for product in ("aav_mir126", "translation_restorer", "treg_infusion"):
        assert cell(small, product)["benefit"] >= cell(small, product, multiple=0.5)["benefit"]
        assert cell(small, product)["benefit"] > cell(small, product, start=1.0)["benefit"]


ONE = Plan(
    products=("riluzole",), multiples=(1.0, 4.0), starts=(-1.0, 0.5), population="SOD1", patient="lumbar", age=62.0,
    endpoint="alsfrs", at_months=18.0,
)  # fmt: skip


@pytest.fixture(scope="module")
def one():
    return sweep(ONE)


def test_one_person_falls_ill_at_the_age_asked_for(one):
    lives = patients.live(ONE.traits)
    seeded = float(lives.cohort.columns["seed_age_years"][0])
    assert seeded + one.people["onset_years_after_seed"][0] == pytest.approx(62.0, abs=0.15)
    assert seeded * 365.25 + lives.onset[0] == pytest.approx(
        seeded * 365.25 + one.people["onset_years_after_seed"][0] * 365.25, abs=1e-6
    )


def test_while_alive_is_the_same_function_of_whoever_lives(one):
    """Both arms live at 18 months, so that no zero stands for a death; at 72 nobody does, and function goes on."""
    assert one.people["death_months_after_onset"][0] > ONE.at_months
    alive = sweep(replace(ONE, while_alive=True))
    assert set(alive.cells["endpoint"]) == set(alive.rescues["endpoint"]) == {"alsfrs", "innervation"}
    for table in ("cells", "rescues"):
        mortal = getattr(one, table).query("endpoint in ('alsfrs', 'innervation')").reset_index(drop=True)
        pd.testing.assert_frame_equal(getattr(alive, table), mortal, rtol=1e-9)
    late = replace(ONE, at_months=72.0, starts=(0.0,), multiples=(1.0,))
    assert (sweep(late).cells.query("endpoint == 'alsfrs'")["treated"] == 0).all()
    assert (sweep(replace(late, while_alive=True)).cells.query("endpoint == 'alsfrs'")["treated"] > 0).all()


def test_who_one_person_is_must_be_whole():
    def codes(**changes):
        return {p.code for p in check_plan(replace(ONE, **changes)) if p.severity is Severity.ERROR}

    assert codes() == set()
    assert codes(age=300.0) == {"bad-age"}
    assert codes(patient="", population="sporadic") == {"age-of-many"}
    assert codes(age=None, person=3) == {"person-without-age"}
    assert codes(while_alive=True, endpoint="survival") == {"unknown-endpoint"}
    assert "age" not in replace(ONE, age=None).resolved()


def test_a_vector_that_nobody_may_be_given_has_no_gain_to_tell():
    found = []  # of these persons one never falls ill, which is another message
    for person in range(12):
        try:
            sweep(
                replace(ONE, products=("aav_mir126",), multiples=(1.0,), starts=(0.5,), person=person, while_alive=True)
            )
        except Problems as error:
            found += [problem.code for problem in error.problems]
    assert set(found) == {"not-eligible", "nobody-ill"}
    assert 1 < len(found) < 12


def test_no_drug_beats_the_full_rescue_and_the_window_closes(small):
    full = small.rescues[(small.rescues["layer"] == "full") & (small.rescues["endpoint"] == "alsfrs")]
    by_start = dict(zip(full["start_years"], full["benefit"], strict=True))
    drugs = small.cells[small.cells["endpoint"] == "alsfrs"]
    for start in (-1.0, 1.0):
        assert drugs[drugs["start_years"] == start]["benefit"].max() <= by_start[start] + 0.1
    benefits = full.sort_values("start_years")["benefit"].to_numpy()
    assert (np.diff(benefits) <= 0.05).all()
    assert benefits[-1] < benefits[0]


@pytest.fixture(scope="module")
def half_closed():
    """Years after onset at which half of what a rescue could save is lost."""
    found = sweep(
        Plan(products=("treg_infusion",), multiples=(1.0,), starts=(-1.0, 2.0), n=4, seed=3, endpoint="alsfrs"), 2
    )
    return found.no_return[found.no_return["endpoint"] == "alsfrs"].set_index("what")["half_closed_years"]


def test_clearing_protein_comes_too_late_before_a_full_rescue_does(half_closed):
    """Lost supply of a failing axon goes on killing when the protein that caused it is gone."""
    assert half_closed["ideal rescue of misfolded protein"] < half_closed["full rescue"]


def test_clearing_protein_comes_too_late_before_saving_cells_does(half_closed):
    assert half_closed["ideal rescue of misfolded protein"] < half_closed["ideal rescue of neurons and endings"]


def test_a_rescue_that_never_comes_changes_nothing():
    cohort = patients.typical_cohort(["bulbar", "lumbar"], 58.0)
    shipped, switched = patients.simulate(cohort), patients.simulate(cohort, model=rescue.program())
    np.testing.assert_allclose(switched.death, shipped.death, rtol=1e-6)


def test_no_ending_is_detached_and_nobody_killed_after_a_full_rescue():
    cohort = patients.typical_cohort(["lumbar"], 58.0)
    day = float(patients.simulate(cohort).onset[0]) + 365.0
    names = ["lumbar.pool.neurons", "lumbar.soma.aggregate", "lumbar.axon.atp_terminal", "lumbar.upper.neurons",
             "lumbar.microglia.toxic"]  # fmt: skip
    saved = patients.simulate(
        cohort, model=rescue.program(), events=[rescue.events("full", day)], readouts=names, horizon_years=20
    )
    days = np.array([30.0, 400.0, 2000.0])
    alive, aggregate, energy, upper, toxic = (saved.at(name, day + days[None])[0] for name in names)
    known = numbers()
    for left, ageing in ((alive, "pool.ageing_rate"), (upper, "upper.ageing_rate")):
        np.testing.assert_allclose(left / left[0], np.exp(-known[ageing].value * (days - days[0])), rtol=1e-3)
    assert aggregate[1] < 0.01
    # No layer is that of glia: energy is as before the disease once they have calmed, by half in four months.
    before = saved.at(names[2], np.zeros(1))[0]
    assert 0.5 * before < energy[1] < energy[2]
    assert 0.05 < toxic[1] / toxic[0] < 0.2
    assert energy[2] > 0.95 * before


def test_bliss_by_hand():
    base, a, b, both = (np.array([v]) for v in (10.0, 30.0, 20.0, 41.0))
    found = window.tables.bliss(base, a, b, both, 50.0)
    # losses 40, 20, 30: expected loss 20 x 30 / 40 = 15, so a gain of 25; both gain 31
    assert found["bliss"] == pytest.approx(25.0)
    assert found["excess"] == pytest.approx(6.0)


def test_independent_parts_have_no_excess(small):
    """A pair with a drug that does nothing is its other part."""
    own = small.interactions[small.interactions["pair"] == "tofersen + treg_infusion"]
    assert np.abs(own["excess"]).max() < 0.05
    assert np.abs(own["both"] - own["second"]).max() < 0.05


@pytest.mark.parametrize(
    ("benefit", "share", "when"),
    [((10.0, 10.0, 0.0), 0.5, 0.5), ((10.0, 8.0, 4.0), 0.5, 0.75), ((10.0, 9.0, 8.0), 0.5, np.inf)],
)
def test_the_latest_start_that_keeps_a_share(benefit, share, when):
    assert latest(np.array([-1.0, 0.0, 1.0]), np.array(benefit), share) == pytest.approx(when)


def test_nothing_gained_has_no_window():
    assert np.isnan(latest(np.array([0.0, 1.0]), np.array([0.0, -1.0]), 0.5))


def test_everything_wrong_with_a_plan_comes_at_once():
    plan = Plan(
        products=("tofersn", "riluzole", "riluzole"), doses={"riluzole": ("5 litre", "-1 mg")}, multiples=(0.0,),
        starts=(40.0,), population="sporadick", endpoint="surviva", at_months=900.0, n=0,
    )  # fmt: skip
    codes = [p.code for p in check_plan(plan)]
    assert sorted(codes) == sorted(
        ["unknown-product", "double-product", "bad-dose", "bad-dose", "bad-dose", "bad-start", "bad-time", "bad-size",
         "unknown-population", "unknown-endpoint"]
    )  # fmt: skip
    with pytest.raises(Problems, match="this sweep cannot be run"):
        sweep(plan)


def test_absurd_and_unstudied_doses_and_missing_targets_are_said():
    (refused,) = check_plan(Plan(products=("tofersen",), doses={"tofersen": ("100 g", "60 mg")}, population="sod1"))
    assert (refused.code, refused.severity) == ("bad-dose", Severity.ERROR)
    assert "above the largest that is taken, 1 g" in refused.message
    warned = check_plan(Plan(products=("tofersen",), doses={"tofersen": ("500 mg", "60 mg", "1 mg")}))
    assert {p.code for p in warned} == {"unstudied-dose", "far-dose", "inert-product"}
    assert all(p.severity is Severity.WARNING for p in warned)
    assert "20 mg to 100 mg" in next(p.message for p in warned if p.code == "unstudied-dose")
    assert "miller2020_tofersen" in next(p.hint for p in warned if p.code == "unstudied-dose")
    assert check_plan(Plan(products=("tofersen",), doses={"tofersen": ("60 mg",)}, population="sod1")) == []
    assert doubts(treatments.products()["tofersen"], ["20 mg", "100 mg"]) == []


def test_what_nobody_was_given_is_starred_in_every_cell():
    plan = Plan(
        products=("translation_restorer", "riluzole"), doses={"riluzole": ("50 mg", "500 mg")}, multiples=(0.5, 1.0),
        starts=(0.0,), n=2,
    )  # fmt: skip
    assert [p.code for p in check_plan(plan)] == ["never-given", "unstudied-dose"]
    values = {key: {name: np.ones(2) for name in ENDPOINTS} for key in plan.cells()}
    base = {name: np.zeros(2) for name in ENDPOINTS}
    cells = cell_table(plan, values, base)
    starred = (
        cells[cells["endpoint"] == "survival"].set_index(["combination", "dose_level"])["beyond_studied"].to_dict()
    )
    assert starred == {
        ("translation_restorer", 0): True, ("translation_restorer", 1): True, ("riluzole", 0): False,
        ("riluzole", 1): True, ("translation_restorer + riluzole", 0): True,
        ("translation_restorer + riluzole", 1): True,
    }  # fmt: skip
    assert set(cells["never_given"]) == {"translation_restorer", ""}
    endpoint = ENDPOINTS["survival"]
    window = SimpleNamespace(
        cells=cells, no_return=no_return(plan, cells, rescue_like(cells)), plan=plan, people=[0, 1], notes=[]
    )
    key = key_of([("sporadic", window)], endpoint, ["three layers"])
    assert "translation restorer (translation restorer: never given to people)" in key.answer


def rescue_like(cells):
    """The table of ideal rescues, made of one treatment's cells."""
    own = cells[(cells["combination"] == "riluzole") & (cells["dose_level"] == 0)]
    layers = [(rescue.FULL, rescue.layer_title(rescue.FULL)), *((n, rescue.layer_title(n)) for n in rescue.NAMES)]
    return pd.concat([own.assign(layer=layer, title=title) for layer, title in dict(layers).items()])


def test_absolute_doses_are_multiples_too():
    plan = Plan(products=("tofersen",), doses={"tofersen": ("0.1 g", "20 mg")}, population="sod1")
    assert plan.levels("tofersen") == [(0.2, "20 mg"), (1.0, "100 mg")]
    assert len(plan.cells()) == 2 * len(plan.starts)
