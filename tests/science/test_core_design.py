"""What the disease core was designed for, set down before its numbers were final.

Doses act in grades, courses are near linear, the healthy stay whole, age shortens life, harms add up, SOD1 is one
amount, and some live long. The cohort's seed is none of those that numbers were set with.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pytest

from charcot import patients
from charcot.core.units import DAYS_PER_YEAR as YEAR
from charcot.patients import Assumed
from charcot.patients.assemble import numbers
from charcot.studies import course_shape as shape
from charcot.studies import dose_response as doses
from charcot.studies.dose_response import Response


def missed(*values: object, measured: str, wanted: str) -> object:
    """A parameter that the present model does not meet."""
    return pytest.param(
        *values,
        marks=pytest.mark.xfail(strict=True, raises=AssertionError, reason=f"measured {measured}; wanted {wanted}"),
    )


SHIPPED = Assumed()
PATIENTS, SEED = 600, 101
QUARTER = (0.0, 0.25, 0.5, 0.75, 1.0)


@pytest.fixture(scope="module")
def bench() -> shape.Bench:
    return shape.simulate_bench(PATIENTS, SEED)


@pytest.fixture(scope="module")
def found(bench) -> dict[str, float]:
    return shape.quantities(bench)


# Graded: doses act in part, and the loss at a middle dose is stable.


@dataclass(frozen=True)
class Graded:
    """Doses of an experiment with the share of units that each takes, (doses,), ascending from harmless to worst."""

    doses: np.ndarray
    loss: np.ndarray

    @property
    def middle(self) -> np.ndarray:
        """(doses,) bool: neither nothing nor everything."""
        return (self.loss > 0.15) & (self.loss < 0.85)


def lost(response: Response, label: str, healthy: float) -> Graded:
    """Units that each dose takes, over ``healthy`` ones; who is dead has lost all."""
    return Graded(np.array(response.doses), 1 - np.nan_to_num(response.left[label]) / healthy)


@pytest.fixture(scope="module")
def transport() -> Response:
    return doses.transport(SHIPPED)


@pytest.fixture(scope="module")
def fus() -> Response:
    return doses.fus(SHIPPED)


@pytest.fixture(scope="module")
def mir126() -> Response:
    return doses.mir126(SHIPPED)


@pytest.fixture(scope="module")
def tdp43() -> Response:
    return doses.tdp43(SHIPPED, (0.0, *doses.TDP43))


@pytest.fixture(scope="module")
def sod1() -> Response:
    return doses.sod1(SHIPPED)


@pytest.fixture(scope="module")
def graded(transport, fus, mir126, tdp43, sod1) -> dict[str, Graded]:
    aged = transport.left["5 y"][0]
    return {
        "transport": lost(transport, "10 y", transport.left["10 y"][0]),
        "FUS": lost(fus, "10 y", fus.left["10 y"][0]),
        "miR-126": lost(mir126, "5 y", aged),
        "TDP-43": lost(tdp43, "400 d", tdp43.left["400 d"][0]),
        # On the day on which the full amount ends: of the amounts that the table has, the last takes nothing.
        "SOD1": lost(sod1, "by copies, units", sod1.left["by copies, units"][-1]),
    }


FUS_KILLS = "ten years after the seed a dose of 0.5 has taken 0.04 and 0.6 0.78"


@pytest.mark.parametrize(
    "experiment",
    [
        "transport",
        missed("FUS", measured=f"0 middle doses, {FUS_KILLS}", wanted="2 or more"),
        "miR-126",
        "TDP-43",
        "SOD1",
    ],
)
def test_at_least_two_doses_a_tenth_apart_take_a_part(graded, experiment):
    """Between the dose that does nothing and the one that takes all, doses act in part: no switch."""
    one = graded[experiment]
    between = one.doses[one.middle]
    assert len(between) >= 2, dict(zip(one.doses, np.round(one.loss, 2), strict=True))
    assert between.max() - between.min() > 0.1 - 1e-9, between


@pytest.mark.parametrize(
    "experiment",
    ["transport", missed("FUS", measured=f"no middle dose, {FUS_KILLS}", wanted="one that is stable")],
)
def test_a_middle_dose_takes_no_more_in_ten_years_in_people(experiment, transport, fus):
    """Partial loss is stable: it moves by under a tenth beyond ageing."""
    response = {"transport": transport, "FUS": fus}[experiment]
    aged = response.left["20 y"][0] - response.left["10 y"][0]
    middle = lost(response, "10 y", response.left["10 y"][0]).middle
    moved = np.nan_to_num(response.left["20 y"]) - response.left["10 y"] - aged
    assert middle.any()
    assert np.abs(moved[middle]).max() < 0.1, moved


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="a dose of 1 loses 0.24 more; wanted under 0.1 at every middle dose",
)
def test_a_middle_dose_takes_no_more_from_400_to_730_days_in_mice(tdp43):
    aged = tdp43.left["730 d"][0] - tdp43.left["400 d"][0]
    middle = lost(tdp43, "400 d", tdp43.left["400 d"][0]).middle
    moved = tdp43.left["730 d"] - tdp43.left["400 d"] - aged
    assert middle.any()
    assert np.abs(moved[middle]).max() < 0.1, moved


def never_earlier(ends: np.ndarray) -> bool:
    """Whether ends come no earlier from one entry to the next, by more than the error of the solver."""
    return bool(np.all(ends[1:] >= ends[:-1] * (1 - 1e-3)))


@pytest.fixture(scope="module")
def cohort_by_mir126() -> np.ndarray:
    """Median years from seed to death of 100 patients by dose of miR-126, in steps of a quarter."""
    return doses.mir126_cohort(SHIPPED, QUARTER, n=100, seed=SEED).left["seed to death, y"]


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="measured 4.740, 4.741, 4.748, 4.774 and 4.686 years at 1, 0.9, 0.8, 0.7 and 0.6; wanted none longer than "
    "at a better transport",
)
def test_poorer_transport_never_lengthens_life():
    poorer = doses.transport_of_patients(SHIPPED).left["seed to death, y"]
    assert never_earlier(poorer[::-1]), poorer


def test_seed_to_death_is_monotone_in_each_dose(mir126, fus, sod1, cohort_by_mir126):
    label = "seed to death, y"
    assert never_earlier(mir126.left[label]), mir126.left[label]
    assert never_earlier(cohort_by_mir126), cohort_by_mir126
    assert never_earlier(fus.left[label][::-1]), fus.left[label]
    for way in ("by copies", "by synthesis"):
        assert never_earlier(sod1.left[f"{way}, end, d"]), sod1.left


def test_neighbouring_doses_end_within_a_factor_of_two(cohort_by_mir126):
    """A step of a quarter of the dose moves the end by less than twofold; SOD1 from the full amount to a half."""
    quarters = doses.mir126(SHIPPED, QUARTER).left["seed to death, y"]
    halved = doses.sod1(SHIPPED, (1.0, 0.75, 0.5)).left
    for ends in (quarters, cohort_by_mir126, halved["by copies, end, d"], halved["by synthesis, end, d"]):
        assert (ends[1:] / ends[:-1]).max() < 2, ends


@pytest.fixture(scope="module")
def by_classes() -> list[shape.Bench]:
    """The same persons with the four classes of the shipped model, and with eight."""
    assert patients.definition().classes == 4
    return [shape.simulate_bench(200, SEED, classes=k) for k in (0, 8)]


MEDIANS = {
    "onset to death": lambda b: shape.median(b.course.survival, b.course.observed),
    "diagnosis to death": lambda b: shape.median(*shape.from_diagnosis(b.ill)),
    "seed to onset": lambda b: float(np.median(b.ill.onset)),
    "decline": lambda b: float(np.nanmedian(b.course.decline)),
    "mean decline": lambda b: float(np.nanmean(b.course.decline)),
}


@pytest.mark.parametrize(
    "name",
    [
        "onset to death",
        "diagnosis to death",
        "seed to onset",
        missed("decline", measured="5.8 % in the median of 200 persons, 0.4 % in their mean", wanted="under 5 %"),
        "mean decline",
    ],
)
def test_courses_do_not_hang_on_the_number_of_classes(by_classes, name):
    """Eight classes against four: medians of the same persons, and their mean decline, within 5 %."""
    few, many = (MEDIANS[name](bench) for bench in by_classes)
    assert many == pytest.approx(few, rel=0.05)


def test_doses_do_not_hang_on_the_number_of_classes(transport):
    """Units within 0.08, but for doses that leave less than the most resistant class."""
    left = [transport.left["10 y"], doses.transport(SHIPPED, classes=8).left["10 y"]]
    compared = np.minimum(*left) > 0.25 * left[0][0]
    assert np.abs(left[1] - left[0])[compared].max() < 0.08, left


# Linear: the course neither speeds up nor levels off.


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="measured 4.0, from 0.45 to 1.78 points a month; wanted under 1.5. Numbers under which quarters are alike "
    "have a plateau where trials enrol, and their placebo arms fall too slowly",
)
def test_quarters_of_the_course_have_slopes_alike(found):
    assert found["Largest over smallest slope of the quarters"] < 1.5


def test_the_second_year_is_like_the_first(found):
    assert 0.7 <= found["Second year after diagnosis over the first"] <= 1.15


@pytest.mark.parametrize("months", [6, 12])
def test_patients_like_those_of_trials_fall_as_in_placebo_arms(found, months):
    assert 0.9 <= found[f"Placebo-like arm over {months} months"] <= 1.2


def test_patients_like_those_of_trials_fall_in_a_year_as_in_half_a_year(found):
    assert found["Placebo-like arm: 12 months over 6"] == pytest.approx(1, abs=0.25)


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="measured 0.58; wanted 0.85 to 1.15")
def test_the_slope_before_diagnosis_is_like_the_one_after(found):
    assert found["Slope before over slope after diagnosis"] == pytest.approx(1, abs=0.15)


def test_the_domain_of_onset_has_no_pause(found):
    """No six months of a typical patient's own domain are under a third of its mean, until three points are left."""
    assert found["Least 6 months of the own domain over its mean, typical patient"] > 1 / 3


# Health: without a seed a person stays whole.


@pytest.mark.parametrize("age", [60, 75, 80])
def test_the_healthy_score_47_and_a_half_or_more(found, age):
    assert found[f"Score at {age} years without a seed"] >= 47.5


def test_the_healthy_are_recorded_as_48_to_75_years(found):
    assert found["Recorded as 48 at 75 years without a seed"] >= 95


def test_the_healthy_do_not_die_of_the_disease(found):
    assert found["Dead of the hazards by 85 years without a seed"] < 1


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="measured 3.8 % (23 of 600 people); wanted under 0.5 %")
def test_the_healthy_do_not_fall_ill(found):
    assert found["Onset by 85 years without a seed"] < 0.5


# Age: older patients live shorter, and it is not the silent phase that says so.


def test_hazard_rises_with_age_at_onset_as_published(found):
    assert 1.2 <= found["Hazard ratio per decade of age at onset"] <= 1.45


def test_survival_falls_over_four_age_groups(found):
    medians = [found[f"Median survival from diagnosis {group}"] for group in shape.AGE_GROUPS]
    assert all(old < young for young, old in itertools.pairwise(medians)), medians


@pytest.mark.xfail(
    strict=True, raises=AssertionError, reason="measured a correlation of 0.284; wanted under 0.2 either way"
)
def test_a_long_silent_phase_foretells_no_long_illness(found):
    assert abs(found["Seed to onset against onset to death"]) < 0.2


def test_onset_comes_at_60_to_65_years(found):
    assert 60 <= found["Age at onset"] <= 65


# Harms: they add up, so that more of any one never helps.


FACTORS = (0.0, 0.5, 1.0, 2.0, 4.0)
HARMS = ("energy.", "_loss"), ("pool.harm_by_", "")
WEIGHTS = tuple(
    name
    for name in sorted(patients.program().parameter_names)
    if any(name.startswith(start) and name.endswith(end) for start, end in HARMS)
)


@pytest.fixture(scope="module")
def ends_by_harm() -> dict[tuple[str, str], np.ndarray]:
    """Years from seed to death of typical patients, by genotype and weight of harm, (factors,)."""
    known = numbers()
    overrides = {
        name: np.concatenate([np.array(FACTORS if name == mine else np.ones(len(FACTORS))) for mine in WEIGHTS])
        * known[name].value
        for name in WEIGHTS
    }
    out = {}
    for genotype, age in (("sporadic", 58.0), ("SOD1", 45.0)):
        people = patients.typical_cohort(["lumbar"], age, genotype, copies=len(WEIGHTS) * len(FACTORS))
        courses = patients.simulate(
            people, overrides=overrides, horizon_years=doses.LIFELONG_YEARS, model=shape.program_under(SHIPPED)
        )
        ends = courses.death.reshape(len(WEIGHTS), len(FACTORS)) / YEAR
        out |= {(genotype, name): row for name, row in zip(WEIGHTS, ends, strict=True)}
    return out


def test_the_weights_of_harm_are_found():
    assert {"energy.microglial_loss", "energy.sod1_loss", "pool.harm_by_tcells"} <= set(WEIGHTS)


@pytest.mark.parametrize("weight", WEIGHTS)
def test_more_of_a_harm_never_lengthens_life_and_less_never_shortens_it(ends_by_harm, weight):
    for genotype in ("sporadic", "SOD1"):
        ends = ends_by_harm[genotype, weight]
        assert never_earlier(ends[::-1]), (genotype, dict(zip(FACTORS, ends, strict=True)))


def test_some_harms_shorten_life(ends_by_harm):
    """The test above would pass on a model in which no harm acts."""
    lived = {key: ends[0] / ends[-1] for key, ends in ends_by_harm.items()}
    assert sum(ratio > 1.02 for ratio in lived.values()) >= 4, lived
    assert max(lived.values()) > 1.1, lived


def test_riluzole_lowers_the_hazard_as_published(found):
    assert 0.78 <= found["Riluzole: hazard ratio over 18 months from diagnosis"] <= 0.90


@pytest.mark.parametrize("drug", ["Masitinib-like", "Blocker of interleukin-1", "Blocker of three cytokines"])
def test_what_is_not_known_to_act_in_people_is_no_better_than_riluzole(found, drug):
    when = "hazard ratio over 18 months from diagnosis"
    assert found[f"{drug}: {when}"] >= found[f"Riluzole: {when}"]


# One amount of SOD1, and a tail of long survivors.


def test_copies_and_synthesis_of_sod1_are_one_amount(sod1):
    """Ends within a tenth of each other down to 0.4; mice that outlive 900 days are no further apart."""
    by_copies, by_synthesis = (
        np.minimum(sod1.left[f"{way}, end, d"], doses.MOUSE_DAYS) for way in ("by copies", "by synthesis")
    )
    np.testing.assert_allclose(by_synthesis, by_copies, rtol=0.1)


@pytest.mark.parametrize(
    ("years", "lower", "upper"),
    [
        ("five", 15, 28),
        ("ten", 6, 14),
    ],
)
def test_long_survivors_after_diagnosis(found, years, lower, upper):
    assert lower <= found[f"Alive {years} years after diagnosis"] <= upper


def test_restricted_disease_is_found_by_its_course(found):
    """One domain lost and the others whole at three years, in 8 to 15 % of patients."""
    assert 8 <= found["Restricted to one domain at 3 years"] <= 15


# Cost.


def test_the_model_has_at_most_260_states_and_no_simulation_fails(bench):
    assert len(patients.program().state_names) <= 260
    assert bench.failed == 0
    assert not any(courses.failed.any() for courses in (bench.unseeded, bench.typical, *bench.treated.values()))
