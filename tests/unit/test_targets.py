"""Outcomes as residuals, numbers that a fit may move, and hypotheses as changes of the model."""

import math

import numpy as np
import pytest

from charcot import patients
from charcot.core.errors import Problems
from charcot.disease import hypotheses
from charcot.experiments.board import Bench, Scored, Verdict, score
from charcot.experiments.cohorts import MOST
from charcot.experiments.definition import Experiment, Outcome
from charcot.experiments.reading import entries, feasible
from charcot.fitting import targets
from charcot.fitting.calibration import check_experiments, read, write
from charcot.fitting.comparison import numbers_of
from charcot.fitting.estimation import NO_ANSWER
from charcot.fitting.numbers import changed, declared, free_numbers
from charcot.fitting.targets import Laboratory, residuals, seen_by
from charcot.patients import Assumed
from charcot.patients.assumptions import under_hypothesis


def residual(value: float, **outcome):
    one = Outcome(what="x", value="m", published="?", **outcome)
    content = Experiment(title="t", sources=("free",), dossier="d", use="calibration", tolerance="t", outcomes=(one,))
    [found] = residuals(Scored("e", content, (Verdict(one, value, one.holds(value)),), ()))
    return found


def test_a_tolerance_is_two_standard_deviations():
    assert residual(13.0, about=10.0, within=3.0).z == pytest.approx(2.0)
    assert residual(1.0, between=(1.0, 5.0)).z == pytest.approx(-2.0)


def test_a_sign_misses_nothing_on_its_side_and_a_twentieth_of_the_bound_is_one_deviation():
    assert residual(7.0, above=2.0, sign=True).z == 0.0
    assert residual(math.inf, above=2.0, sign=True).z == 0.0
    assert residual(1.8, above=2.0, sign=True).z == pytest.approx(-2.0)
    assert residual(2.1, below=2.0, sign=True).z == pytest.approx(1.0)
    assert residual(1.2, between=(0.9, 1.0), sign=True).z == pytest.approx(4.0)
    assert residual(-0.5, above=0.0, sign=True).z == pytest.approx(-0.5)


def test_a_bound_alone_is_passed_by_more_than_noise_and_the_ends_of_a_range_are_within_it():
    def holds(value: float, **outcome) -> bool:
        return Outcome(what="x", value="m", published="?", **outcome).holds(value)

    assert not holds(0.0, above=0.0, sign=True)
    assert not holds(-0.0, below=0.0, sign=True)
    assert not holds(1.8e-8, above=0.0), "two runs of the same thing differ by that"
    assert not holds(-1.8e-8, below=0.0)
    assert not holds(1000.0005, above=1000.0)
    assert holds(1000.002, above=1000.0)
    assert holds(2e-6, above=0.0)
    assert holds(-2e-6, below=0.0)
    assert holds(math.inf, above=0.0)
    assert not holds(math.nan, above=0.0)
    assert holds(1.0, between=(0.5, 1.0))
    assert holds(1.5, about=1.0, within=0.5)


def test_what_the_model_does_not_answer_is_the_worst():
    assert residual(math.nan, about=1.0, within=0.1).z == NO_ANSWER
    assert residual(math.inf, between=(1.0, 2.0)).z == NO_ANSWER
    assert abs(residual(math.nan, above=1.0, sign=True).z) == NO_ANSWER


def test_every_declared_number_can_be_fitted():
    numbers = free_numbers(declared())
    assert len(numbers) == len(declared()) > 30
    assert all(number.spread >= 0.15 for number in numbers)


def test_a_name_that_is_none_a_number_without_a_prior_and_one_with_many_values_are_all_reported():
    with pytest.raises(Problems) as caught:
        free_numbers(["pool.death_constnt", "lesion.loss_of_energy", "axon.length", "mouse/sprouting.ceiling"])
    text = str(caught.value)
    assert "did you mean" in text.lower()
    assert "zero: a switch" in text
    assert "bulbar.axon.length" in text
    assert "mouse/sprouting.ceiling" not in text


def test_a_systems_own_number_moves_that_system_and_its_line_only():
    shipped = {name: score(entries()[name]) for name in ("sod1_g93a_natural_history", "rnls8_transgene_on")}
    under = changed({"sod1-g93a/pool.death_constant": 0.5})
    moved = {name: score(entries()[name], under) for name in shipped}
    values = {name: [[v.simulated for v in one.verdicts] for one in (shipped[name], moved[name])] for name in shipped}
    assert values["rnls8_transgene_on"][0] == values["rnls8_transgene_on"][1]
    assert values["sod1_g93a_natural_history"][1][-1] < 0.8 * values["sod1_g93a_natural_history"][0][-1]


def test_a_shared_value_keeps_what_persons_and_genotypes_differ_by():
    cohort = patients.draw_cohort(patients.load_population("sod1"), 3, 2)
    plain = patients.simulate(cohort, readouts=("person.tempo",), horizon_years=1)
    double = changed({"person.base_tempo": 2 * base_tempo()})
    fast = double.simulate(double.people(cohort), readouts=("person.tempo",), horizon_years=1)
    np.testing.assert_allclose(fast.result["person.tempo"], 2 * plain.result["person.tempo"], rtol=1e-9)


def base_tempo() -> float:
    [row] = patients.definition().number_rows["person.base_tempo"]
    return row.value


def test_numbers_drawn_with_persons_change_the_cohort():
    cohort = patients.draw_cohort(patients.load_population("sporadic"), 50, 2)
    under = Assumed(overrides={"onset.seed_amount": 0.22, "tempo.spread_slow": 1e-9})
    moved = under.people(cohort)
    ratio = moved.columns["seed_amount"] / cohort.columns["seed_amount"]
    assert np.ptp(ratio) < 1e-12
    tempo = [c.deviations["person.base_tempo"] for c in (cohort, moved)]
    np.testing.assert_allclose(tempo[1], np.maximum(tempo[0], 0.0), atol=1e-7)


def test_regions_of_a_person_differ_by_a_spread_that_can_be_changed():
    cohort = patients.draw_cohort(patients.load_population("sporadic"), 400, 2)
    [row] = patients.definition().number_rows["tempo.spread_between_regions"]
    own = {name: column for name, column in cohort.deviations.items() if name.endswith("regional_susceptibility")}
    assert len(own) == 4
    assert np.std(np.concatenate(list(own.values()))) == pytest.approx(row.value, rel=0.05)
    assert (
        abs(np.corrcoef(own["bulbar.pool.regional_susceptibility"], own["lumbar.pool.regional_susceptibility"])[0, 1])
        < 0.15
    )
    wider = Assumed(overrides={row.name: 2 * row.value}).people(cohort)
    for name, column in cohort.deviations.items():
        np.testing.assert_allclose(wider.deviations[name], column * (2 if name in own else 1), rtol=1e-12)


def test_an_exponent_can_be_changed_though_the_shipped_program_has_it_compiled_in():
    under = Assumed(overrides={"respiration.exponent": 1.0})
    cohort = patients.typical_cohort(["lumbar"], 58.0)
    plain, flat = (
        u.simulate(cohort, readouts=("clinic.vital_capacity",), horizon_years=12) for u in (Assumed(), under)
    )
    assert np.nanmax(np.abs(plain.result["clinic.vital_capacity"] - flat.result["clinic.vital_capacity"])) > 1.0


def test_validation_experiments_and_negative_controls_cannot_be_fitted_to():
    held = [name for name, entry in entries().items() if entry.content.use == "validation" and not entry.is_claim]
    problems = check_experiments([*held, "sod1_g93a_natural_history", "sod1_g93a_natural_histori"])
    assert {p.code for p in problems} == {"validation", "unknown-experiment"}
    assert len(problems) == len(held) + 1


def test_names_that_stand_for_the_same_number_and_numbers_that_nothing_reads_are_refused():
    with pytest.raises(Problems) as caught:
        free_numbers(["spread.weight", "diagnosis.onset_share", "respiration.half", "respiration.half"])
    assert {problem.code for problem in caught.value.problems} == {"many-values", "unread-number", "doubled"}


def test_a_system_plants_as_much_as_the_model_says():
    entry = feasible()["cell_bodies_after_early_death"]
    usual, more = (Bench(entry.content, Assumed(overrides=o)) for o in ({}, {"onset.seed_amount": 0.22}))
    assert more.measure("onset") < usual.measure("onset")


def test_only_what_feels_a_change_is_run_again(monkeypatch):
    names = ("sod1_g93a_natural_history", "rnls8_transgene_on", "human_median_survival")
    under = changed(
        {"sod1-g93a/pool.death_constant": 0.2, "survival.bulbar_hazard": 0.001, "pool.harm_by_excitotoxicity": 0.3}
    )
    felt = {name: seen_by(name, under) for name in names}
    assert set(felt[names[0]].systems) == {"sod1-g93a"}
    assert not felt[names[1]].systems
    assert not felt[names[2]].systems
    assert "survival.bulbar_hazard" in felt[names[2]].overrides
    assert all("survival.bulbar_hazard" not in felt[name].overrides for name in names[:2])
    assert all("pool.harm_by_excitotoxicity" in one.overrides for one in felt.values())

    ran: list[tuple[str, ...]] = []
    run = targets._run
    monkeypatch.setattr(targets, "_run", lambda job, threads: ran.append(job[0]) or run(job, threads))
    moved = changed({"sod1-g93a/pool.death_constant": 0.28})
    with Laboratory(1, at_most=20) as laboratory:
        [first] = laboratory.run(names, [Assumed()])
        [again] = laboratory.run(names, [moved])
        [back] = laboratory.run(names, [Assumed()])
    assert ran == [names, names[:1], names[:1]]
    assert again[0].verdicts != first[0].verdicts
    assert (again[1], again[2]) == (first[1], first[2])
    assert back == first


def test_a_fit_leaves_no_bound_on_cohorts_behind():
    with Laboratory(1, at_most=7) as laboratory:
        laboratory.run(("length_decides_in_health",), [Assumed()])
    assert MOST.get() == 0


def test_there_are_five_hypotheses_and_each_starts_elsewhere():
    known = hypotheses.hypotheses()
    assert set(known) == {
        "axonal_translation_first",
        "energy_failure_first",
        "immune_attack_first",
        "muscle_mir126_first",
        "tdp43_aggregation_first",
    }
    assert len({(one.seed, tuple(one.values)) for one in known.values()}) == 5
    assert all(len(numbers_of(one)) == len(numbers_of(known["tdp43_aggregation_first"])) for one in known.values())
    assert all(free_numbers(numbers_of(one)) for one in known.values())


@pytest.mark.parametrize("name", sorted(hypotheses.hypotheses()))
def test_disease_begins_where_the_hypothesis_says_and_spreads(name):
    """Where it is planted, what it names is lost there first; and each of them makes a disease of several regions."""
    one = hypotheses.hypothesis(name)
    under = under_hypothesis(one, hypotheses.fitted_values(name))
    cohort = under.people(patients.typical_cohort(["lumbar"], 58.0))
    first = {
        "tdp43_aggregation_first": "soma.aggregate",
        "axonal_translation_first": "axon.translation_terminal",
        "muscle_mir126_first": "terminal.mir126",
        "energy_failure_first": "axon.atp_terminal",
        "immune_attack_first": "immune.infiltration",
    }
    reads = tuple(f"lumbar.{port}" for port in first.values())
    courses = under.simulate(cohort, readouts=reads)
    assert np.isfinite(courses.onset[0])
    assert np.isfinite(np.sort(courses.domain_onsets[0])[1])  # a second region follows
    soon = float(courses.onset[0]) / 4
    here = courses.result[f"lumbar.{first[name]}"][0]
    moved = abs(courses.at(f"lumbar.{first[name]}", np.array([soon]))[0] - here[0])
    assert moved > 0.02


def test_a_hypothesis_can_be_assumed_by_name_and_a_wrong_one_is_named():
    under = patients.assume(["hypothesis=immune_attack_first", "sprouting_gain=counter_claim"])
    assert under.seeds == {"soma.aggregate": "lesion.load"}
    assert {"lumbar.lesion.autoreactivity", "lesion.autoreactivity"} & set(under.overrides)
    assert under.off == {"junction.sprouting"}
    assert len(under.lines) == 2
    with pytest.raises(Problems, match="immune_attack_first"):
        patients.assume(["hypothesis=immune_atack_first"])
    with pytest.raises(Problems, match="two hypotheses"):
        patients.assume(["hypothesis=immune_attack_first", "hypothesis=energy_failure_first"])


def test_feasible_experiments_read_a_number_in_the_shipped_model():
    names = tuple(name for name in feasible() if not name.startswith("trial_of"))
    with Laboratory() as laboratory:
        [values] = laboratory.predict(names, [Assumed()])
    assert len(values) == sum(len(feasible()[name].content.readings) for name in names)
    assert np.isfinite(values).all()


def test_a_point_alone_has_all_threads_and_many_share_them(monkeypatch):
    seen: list[int] = []
    monkeypatch.setattr(targets, "_run", lambda job, threads: seen.append(threads) or [])
    laboratory = Laboratory(workers=4)  # not entered: no processes
    points = [Assumed(overrides={"pool.death_constant": 0.004 + k / 1e4}) for k in range(3)]
    for some in (points[:1], points[:2], points):
        laboratory._each("points", targets._run, [(("tnf_knockout",), under, 0) for under in some], None)
    assert seen == [4, 2, 2, 1, 1, 1]


def test_the_first_fit_that_is_kept_makes_its_folder(tmp_path):
    place = tmp_path / "fitted" / "one.json"
    write(place, {"command": "x", "numbers": [{"name": "a", "value": 1.5}]})
    assert read(place) == {"command": "x", "numbers": [{"name": "a", "value": 1.5}]}
