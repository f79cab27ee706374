"""Onset as steps: what comes out of them by age, gene, sex and exposure, beside what registers find."""

from __future__ import annotations

import math

import numpy as np
import pytest

from charcot import disease, patients
from charcot.core.incidence import power_of_age
from charcot.core.random import uniforms
from charcot.disease.onset import Patients, Process, seeded_by
from charcot.patients import Population
from charcot.patients.cohort import LABELS, onset_process, value

PROCESS = onset_process()
MUTATIONS = ("C9orf72", "SOD1", "TARDBP", "FUS")


def only(genotype: str, **more: float) -> Population:
    return Population.from_mapping(genotype, {"genotypes": {genotype: 1}, **more})


def drawn(genotype: str, n: int = 3000, seed: int = 4) -> patients.Cohort:
    return patients.draw_cohort(only(genotype), n, seed)


def incidence(genotype: str, male: bool) -> tuple[np.ndarray, np.ndarray]:
    """Ages (years) and new seeds a year among people of one sex."""
    ages = PROCESS.ages()
    return ages[1:], np.diff(seeded_by(ages, disease.genotypes()[genotype], PROCESS, male)) / np.diff(ages)


# The law


def test_rare_steps_give_the_power_law_of_armitage_and_doll():
    """With n steps, none of which is near its end, incidence rises as age to the power n - 1."""
    slow = disease.genotypes()["sporadic"]
    slow = type(slow)(**{**slow.__dict__, "seed_age_scale": 1000.0})
    ages = np.linspace(30, 60, 200)
    seeded = seeded_by(ages, slow, PROCESS, male=False)
    slope = np.polyfit(np.log(ages[1:]), np.log(np.diff(seeded)), 1)[0]
    assert slope == pytest.approx(slow.steps - 1, abs=0.1)


def test_simulated_steps_of_single_people_are_the_law():
    """Double programming: people whose first step and neurons are drawn one by one, with a first step not so rare."""
    process = Process(0.01, 1.2, 1.5, 0.0, 0.0, 0.0, 95.0, disease.Mortality(0.06, 80, 8))
    genotype = disease.genotypes()["sporadic"]
    rng = np.random.default_rng(7)
    first = rng.exponential(1 / (0.01 * 1.2 * 2.0), 200_000)
    # The first of many neurons, each of which takes m rare steps, is Weibull with shape m.
    neurons = genotype.seed_age_scale * (rng.exponential(1 / 1.5, 200_000)) ** (1 / genotype.neuron_steps)
    seeded = np.maximum(first, neurons)
    for age in (30.0, 50.0, 70.0, 90.0):
        law = float(seeded_by(np.array([age]), genotype, process, male=True, hastened=2.0)[0])
        assert np.mean(seeded <= age) == pytest.approx(law, abs=4 * math.sqrt(law * (1 - law) / 200_000) + 1e-6)


def test_the_first_of_many_neurons_is_the_law_of_neurons():
    """2,000 neurons with six steps each: the first to take them all comes as the Weibull law of the limit says."""
    rng, neurons, steps = np.random.default_rng(3), 2000, 6
    rate = 0.01
    last = rng.gamma(steps, 1 / rate, (4000, neurons)).min(axis=1)
    # rate t is small where a first neuron ends: the share of one neuron is (rate t)^m / m!, corrected by exp(-rate t)
    scale = (math.factorial(steps) / neurons) ** (1 / steps) / rate
    ages = np.quantile(last, [0.1, 0.3, 0.5])
    hazard = (ages / scale) ** steps * np.exp(-rate * ages * steps / (steps + 1))
    np.testing.assert_allclose(1 - np.exp(-hazard), [0.1, 0.3, 0.5], atol=0.03)


def test_incidence_falls_in_old_age_because_few_susceptible_people_are_left():
    """Peak at 71.6 to 77.4 years, the silent years included, and a fall after it: marin2018. No age limit is given."""
    ages, women = incidence("sporadic", male=False)
    rate = women + incidence("sporadic", male=True)[1]
    peak = ages[rate.argmax()]
    assert 66 < peak < 75
    assert rate[ages >= 85][0] < 0.8 * rate.max()
    # Who has taken the first step runs out; without that, nothing falls.
    ages, rate = incidence("FUS", male=False)
    assert rate[-1] > 0.7 * rate.max()


@pytest.mark.parametrize("genotype", MUTATIONS)
def test_as_many_carriers_fall_ill_as_in_the_population(genotype):
    """Maximum penetrance in the population, 95 % intervals: penetrance_table."""
    low, high = {"C9orf72": (20.9, 53.2), "SOD1": (32.7, 88.6), "TARDBP": (21.1, 69.8), "FUS": (13.0, 28.4)}[genotype]
    both = [disease.lifetime_risk(disease.genotypes()[genotype], PROCESS, male) for male in (True, False)]
    assert low < 100 * np.mean(both) < high


def test_lifetime_risk_is_one_in_350_men_and_450_women():
    """Lifetime risk 1/347 men and 1/436 women, nine tenths of it without a mutation."""
    sporadic = disease.genotypes()["sporadic"]
    men, women = (sporadic.share_of_cases / disease.lifetime_risk(sporadic, PROCESS, male) for male in (True, False))
    assert 300 < men < 380
    assert 390 < women < 480


def test_other_deaths_and_years_of_birth_take_old_patients_away():
    genotype = disease.genotypes()["sporadic"]
    draws = (np.arange(4000) + 0.5) / 4000
    none = {name: np.zeros(4000, dtype=bool) for name in disease.exposures()}

    def mean(**changed: object) -> float:
        law = Patients(genotype, type(PROCESS)(**{**PROCESS.__dict__, **changed}))
        return float(law.seed_ages(draws, np.zeros(4000, dtype=bool), none).mean())

    assert mean(growth=0.0) > mean() + 0.5
    assert mean(mortality=disease.Mortality(0.12, 80, 8)) < mean() - 2


# Sex and exposures


@pytest.mark.parametrize("name", sorted(disease.exposures()))
def test_odds_ratios_of_exposures_come_out(name):
    """A case-control study of drawn patients finds the odds ratios of zhu2023; none in carriers, whose mutation took
    the step that exposures hasten."""
    exposure, n = disease.exposures()[name], 40_000
    law = disease.patients_with(disease.genotypes()["sporadic"], PROCESS)
    draws = {one: uniforms(2, np.arange(n), f"exposure: {one}") for one in disease.exposures()}
    among = law.exposed(uniforms(2, np.arange(n), "sex") < law.men, draws)[name].mean()
    odds = among / (1 - among) * (1 - exposure.prevalence) / exposure.prevalence
    assert odds == pytest.approx(exposure.odds_ratio, rel=0.1)
    found = disease.odds_ratio(exposure, disease.genotypes()["sporadic"], PROCESS)
    assert found == pytest.approx(exposure.odds_ratio, rel=0.01)
    assert disease.odds_ratio(exposure, disease.genotypes()["C9orf72"], PROCESS) == pytest.approx(1.0)


def test_an_exposure_that_saturates_the_step_loses_its_odds_ratio():
    """Where nearly everybody has taken the first step anyhow, hastening it makes no more patients."""
    lead, sporadic = disease.exposures()["lead"], disease.genotypes()["sporadic"]
    common = type(PROCESS)(**{**PROCESS.__dict__, "first_rate": 0.2})
    assert disease.odds_ratio(lead, sporadic, common) < 1.05


def test_the_ratio_of_men_falls_with_age():
    """Men to women 2.5 before and 1.4 after 51 years (manjaly2010), 1.25 in all (eurals)."""
    cohort = patients.draw_cohort(only("sporadic"), 20_000, 1)
    men, ages = cohort.columns["sex"] == "M", cohort.columns["seed_age_years"]
    young, old = (np.mean(men[rows]) / np.mean(~men[rows]) for rows in (ages < 48, ages >= 48))
    assert 1.2 < men.mean() / (1 - men.mean()) < 1.45
    assert young > old + 0.25
    # Women fall ill later: 64.2 against 67.8 years (ireland_register).
    assert 1.0 < ages[~men].mean() - ages[men].mean() < 5.0


def test_a_population_may_say_how_many_are_men():
    cohort = patients.draw_cohort(only("sporadic", male_share=0.2), 4000, 1)
    assert np.mean(cohort.columns["sex"] == "M") == pytest.approx(0.2, abs=0.02)


# Patients


@pytest.mark.parametrize(("genotype", "mean"), [
    ("sporadic", 62.4), ("C9orf72", 58.0), ("SOD1", 49.7), ("SOD1-A4V", 46.7), ("SOD1-H46R", 44.3), ("TARDBP", 54.0),
    ("FUS", 45.0), ("FUS-P525L", 26.0),
])  # fmt: skip
def test_ages_at_the_seed_lie_years_before_the_published_onset(genotype, mean):
    """Means of onset: onset_age_registers, c9_penetrance2025, bali2017, juneja1997, sod1_h46r, genotype_table."""
    ages = drawn(genotype).columns["seed_age_years"]
    assert mean - 10 < ages.mean() < mean + 5
    assert PROCESS.youngest <= ages.min() < ages.max() <= PROCESS.oldest


def test_drawn_ages_are_those_of_the_law():
    """20,000 patients against the law summed directly over exposures' products and both sexes."""
    genotype = disease.genotypes()["sporadic"]
    ages = PROCESS.ages()
    mids = (ages[1:] + ages[:-1]) / 2
    masses = sum(
        np.diff(seeded_by(ages, genotype, PROCESS, male)) * PROCESS.weight(mids) for male in (True, False)
    )  # the first step is so rare that exposures change no age
    cumulative = np.concatenate([[0.0], np.cumsum(masses) / np.sum(masses)])
    seen = np.sort(drawn("sporadic", 20_000).columns["seed_age_years"])
    distance = np.abs(np.interp(seen, ages, cumulative) - (np.arange(20_000) + 0.5) / 20_000).max()
    assert distance < 1.63 / math.sqrt(20_000)  # Kolmogorov and Smirnov, 1 %


def test_onset_begins_where_it_does_with_each_gene():
    """Leg 70 % with SOD1 (sod1_japan), bulbar more often with C9orf72 (white2023), else ludolph2024."""
    shares = {
        name: {region: float(np.mean(drawn(name).columns["onset_region"] == region)) for region in disease.REGIONS}
        for name in ("sporadic", "C9orf72", "SOD1", "TARDBP")
    }
    assert shares["SOD1"]["lumbar"] == pytest.approx(0.70, abs=0.03)
    assert shares["C9orf72"]["bulbar"] > shares["sporadic"]["bulbar"] + 0.08
    assert shares["sporadic"]["bulbar"] == pytest.approx(0.268, abs=0.03)
    # The same draws, and shares that hang on the age at the seed.
    assert shares["TARDBP"] == pytest.approx(shares["sporadic"], abs=0.02)


def test_the_same_persons_whatever_else_is_drawn():
    population = patients.load_population("incident")
    whole, part = patients.draw_cohort(population, 300, 9), patients.draw_cohort(population, 40, 9, first=120)
    for name, column in part.columns.items():
        assert np.array_equal(column, whole.columns[name][120:160]), name
    for name, column in part.deviations.items():
        assert np.array_equal(column, whole.deviations[name][120:160]), name


def test_a_million_patients_are_drawn_as_arrays():
    """The law takes a million draws at once: no patient is visited alone (which would take minutes)."""
    n = 1_000_000
    rng = np.random.default_rng(5)
    law = disease.patients_with(disease.genotypes()["sporadic"], PROCESS)
    male = rng.random(n) < law.men
    exposed = law.exposed(male, {name: rng.random(n) for name in disease.exposures()})
    ages = law.seed_ages(rng.random(n), male, exposed)
    assert ages.shape == (n,)
    assert len(np.unique(ages)) > 0.99 * n
    small = patients.draw_cohort(only("sporadic"), 5000, 1).columns["seed_age_years"]
    assert ages.mean() == pytest.approx(small.mean(), abs=0.6)


# Labels


def test_restricted_disease_hardly_spreads():
    cohort = drawn("sporadic", 4000)
    restricted, upper = cohort.columns["restricted"], cohort.columns["upper_only"]
    assert restricted.mean() == pytest.approx(value("onset.restricted_share"), abs=0.02)
    assert not (restricted & upper).any()
    (label, multiplier, numbers), _ = LABELS
    plain = patients.cohort._deviations(cohort.seed, cohort.columns["id"])
    for name in numbers:
        np.testing.assert_allclose(
            cohort.deviations[name] - plain[name], np.where(cohort.columns[label], np.log(value(multiplier)), 0.0)
        )


def test_disease_of_upper_neurons_alone_is_seeded_there_and_only_with_tdp43():
    cohort = drawn("sporadic", 4000)
    upper = cohort.columns["upper_only"]
    assert upper.mean() == pytest.approx(value("onset.upper_only_share"), abs=0.01)
    assert set(cohort.columns["seed_port"][upper]) == {"upper.aggregate"}
    assert set(cohort.columns["seed_port"][~upper]) == {"soma.aggregate"}
    np.testing.assert_allclose(
        np.exp(cohort.deviations["spread.descending"][upper]), value("onset.upper_only_descending")
    )
    assert not drawn("SOD1").columns["upper_only"].any()


def test_a_rival_hypothesis_moves_the_seed_of_upper_neurons_too():
    cohort = drawn("sporadic", 400)
    moved = patients.Assumed(seeds={"soma.aggregate": "lesion.amount"}).people(cohort)
    assert set(moved.columns["seed_port"]) == {"lesion.amount"}


# The statistic


def test_people_who_stand_for_others_are_counted_as_many_times():
    """Half of the young patients are seen, each standing for two: the power of age is that of all."""
    low, high, power, n = 40.0, 70.0, 4.75, 50_000
    draws = (np.arange(n) + 0.5) / n
    ages = (low ** (power + 1) + draws * (high ** (power + 1) - low ** (power + 1))) ** (1 / (power + 1))
    seen = (ages > 55) | (np.arange(n) % 2 == 0)
    weights = np.where(ages > 55, 1.0, 2.0)[seen]
    assert power_of_age(ages[seen], low, high, np.ones_like, weights) == pytest.approx(power, abs=0.05)
    assert power_of_age(ages[seen], low, high, np.ones_like) > power + 0.5


def test_bulbar_onset_comes_later_in_life_where_a_genotype_has_no_sites_of_its_own():
    people = drawn("sporadic", 20_000).columns
    bulbar, age = people["onset_region"] == "bulbar", people["seed_age_years"]
    assert 3.5 < age[bulbar].mean() - age[~bulbar].mean() < 6
    # All patients together begin there as often as registers say.
    assert bulbar.mean() == pytest.approx(0.268, abs=0.02)
    carriers = drawn("SOD1", 20_000).columns
    bulbar, age = carriers["onset_region"] == "bulbar", carriers["seed_age_years"]
    assert abs(age[bulbar].mean() - age[~bulbar].mean()) < 1.5
