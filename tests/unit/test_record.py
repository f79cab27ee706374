"""The record of trials: its files, its distributions and scores, its effects and the split of causes."""

from __future__ import annotations

import math
from dataclasses import astuple, replace

import numpy as np
import pytest
import statsmodels.api as sm
from population_fake import people
from record_fake import SOUND, write
from scipy.stats import norm

from charcot.core.errors import Problems
from charcot.trials.forecast_scores import CONSTANT_MEAN, meta_analysis, normal_crps
from charcot.trials.record import board, discrepancy, effects, files, placebo, why
from charcot.trials.record.predictive import Mixture, brier
from charcot.trials.record.twins import READOUTS, Chosen, Seen, Twins

# --- files ------------------------------------------------------------------------------------------------------------


def test_the_shipped_record_is_sound_and_large_enough():
    assert files.problems() == []
    trials = files.past()
    assert len(trials) >= 30
    assert sum(bool(trial.figures) for trial in trials.values()) >= 30
    drugs = " ".join(t.content.drug for t in trials.values() if t.content.treatments and t.content.effect)
    for drug in ("riluzole", "edaravone", "tofersen", "taurursodiol", "minocycline", "masitinib", "interleukin-2"):
        assert drug in drugs


def test_a_trial_is_one_file_that_edits_nothing_else(tmp_path):
    trial = files.read_file(write(tmp_path), files.Past)
    assert trial.rules.protocol.eligibility.time_since_onset.max == pytest.approx(24 * 30.4375)
    assert trial.rules.cohort == "incident"
    assert [figure.value for figure in trial.figures] == [-1.1]
    assert trial.content.effect.error == pytest.approx(0.4 / 3.92)


@pytest.mark.parametrize(
    ("old", "new", "words", "line"),
    [
        ("year: 2020", "yeer: 2020", "unknown key 'yeer'", 5),
        ("product: edaravone_iv", "product: edaravone_ivv", "no product is called 'edaravone_ivv'", 11),
        ("rules: {since", "rules: {sinze", "no rule of a trial is called", 4),
        ("sources: [mci186_19]", "sources: [nobody]", "no source is called 'nobody'", 9),
        ("upper: 0.3", "upper: -0.3", "lower must be below upper", 14),
        ("standard_error: 0.1, ", "standard_error: 0, ", "must be above 0", 13),
        ("outcome: failed", "outcome: failed\nno_target: none", "either treatments, or no_target", 1),
        (", months: 6}\nyear", "}\nyear", "rules has no months", 4),
        ("name: mine", "name: other", "its file 'mine'", 1),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_its_line(tmp_path, old, new, words, line):
    assert old in SOUND
    with pytest.raises(Problems) as caught:
        files.read_file(write(tmp_path, SOUND.replace(old, new)), files.Past)
    found = [p for p in caught.value.problems if words in p.message]
    assert found, caught.value.problems
    assert found[0].where.line == line


# --- distributions ----------------------------------------------------------------------------------------------------


def test_the_crps_of_a_mixture_is_the_integral_that_defines_it():
    mixture = Mixture(np.array([-1.0, 0.2, 0.9]), np.array([0.3, 0.7, 0.2]))
    x = np.linspace(-9, 9, 400_001)
    chance = np.mean([norm.cdf(x, m, s) for m, s in zip(mixture.means, mixture.sds, strict=True)], axis=0)
    assert mixture.crps(0.4) == pytest.approx(np.trapezoid((chance - (x >= 0.4)) ** 2, x), abs=1e-4)
    assert Mixture.of(0.3, 0.7).crps(-1.1) == pytest.approx(normal_crps(-1.1, 0.3, 0.7))


def test_intervals_and_the_integral_transform_agree():
    mixture = Mixture(np.array([-1.0, 2.0]), np.array([0.5, 0.5]))
    low, high = mixture.interval(0.8)
    assert mixture.pit(low) == pytest.approx(0.1, abs=1e-6)
    assert mixture.pit(high) == pytest.approx(0.9, abs=1e-6)
    assert Mixture.of(0, 1).interval(0.95)[1] == pytest.approx(1.959964, abs=1e-5)
    assert mixture.sd == pytest.approx(math.hypot(0.5, 1.5))
    assert mixture.holds(0.5)
    assert not mixture.holds(4.0)
    assert not Mixture.of(math.nan, 1).holds(0)


def test_the_brier_score_of_a_coin_is_a_quarter():
    assert brier(0.5, True) == brier(0.5, False) == 0.25
    assert brier(0.9, True) == pytest.approx(0.01)


def test_a_share_alive_is_scored_as_its_hazard_by_the_delta_method():
    figure = files.Figure(quantity="alive", value=50.4, standard_error=3.21, between=6.91, months=18, mark="read")
    scored = files.log_hazard(figure)
    assert scored.value == pytest.approx(math.log(-math.log(0.504) / 18))
    step = files.hazard_of(50.4 + 0.01, 18) - files.hazard_of(50.4 - 0.01, 18)
    assert scored.standard_error == pytest.approx(3.21 * abs(step) / 0.02, rel=1e-3)
    assert scored.between == pytest.approx(0.2, abs=0.005)  # 20 % of the hazard, as the table says


# --- the board --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trials():
    return files.past()


@pytest.fixture(scope="module")
def alike():
    return {"incident": people(400, alike=True), "sod1": people(100, alike=True)}


def figures_only(trials, stores) -> board.Board:
    found = placebo.predicted(trials, board.arms_of(trials, stores))
    rows = [
        board.Row(trial, 0, tuple(p for p in found if p.trial == name), None, None) for name, trial in trials.items()
    ]
    return board.Board(tuple(rows), 500, 11, 0)


@pytest.fixture(scope="module")
def of_one_patient(trials, alike):
    return figures_only(trials, alike)


def test_a_model_of_one_constant_patient_fails_the_board(of_one_patient):
    assert of_one_patient.placebo.total == 30
    assert not of_one_patient.passed


def test_a_constant_figure_fails_the_board_and_the_truth_passes_it(of_one_patient):
    mean = {
        quantity: np.mean([p.figure.value for p in of_one_patient.figures if p.figure.quantity == quantity])
        for quantity in files.READ_AS.values()
    }
    same = board.predicting(
        of_one_patient, lambda p: CONSTANT_MEAN if p.figure.quantity == "decline" else float(mean[p.figure.quantity])
    )
    assert not same.passed
    assert not same.placebo.alone_beats_both
    perfect = board.predicting(of_one_patient, lambda p: p.figure.value)
    assert perfect.placebo.inside == perfect.placebo.total
    assert perfect.passed
    unknown = board.predicting(of_one_patient, lambda p: math.nan if p.trial == "centaur" else p.figure.value)
    assert unknown.placebo.missing == 1
    assert not unknown.passed


@pytest.mark.parametrize("said", [0.0, -3.7, 41.0])
def test_whatever_a_model_says_of_every_trial_alike_it_is_the_rival(of_one_patient, said):
    same = board.predicting(of_one_patient, lambda p: said * placebo.scale_of(p.figure))
    for p in same.figures:
        assert p.model.mean == pytest.approx(p.meta.mean)
        assert p.model.sd == pytest.approx(p.meta.sd)
    assert same.placebo.crps == pytest.approx(same.placebo.crps_meta, abs=1e-12)
    assert not same.placebo.beats_both
    assert not same.passed


def test_a_model_that_is_wrong_by_the_same_everywhere_is_set_right(of_one_patient):
    biased = board.predicting(of_one_patient, lambda p: p.figure.value - 2.5 * placebo.scale_of(p.figure))
    for p in biased.figures:
        assert p.model.mean == pytest.approx(p.figure.value)
    assert biased.passed
    assert biased.placebo.inside == biased.placebo.total
    assert biased.placebo.inside_model_alone < biased.placebo.total
    assert biased.placebo.crps < biased.placebo.crps_model_alone
    assert not biased.placebo.alone_beats_both
    assert {name: miss.offset for name, miss in biased.misses.items()} == pytest.approx(
        dict.fromkeys(files.READ_AS.values(), 2.5)
    )


def test_a_model_that_makes_too_much_of_what_trials_differ_by_is_drawn_together(of_one_patient):
    middle = {q: np.mean([p.figure.value / placebo.scale_of(p.figure) for p in of_one_patient.figures
                          if p.figure.quantity == q]) for q in files.READ_AS.values()}  # fmt: skip

    def louder(p: placebo.Predicted) -> float:
        scale, mean = placebo.scale_of(p.figure), middle[p.figure.quantity]
        return scale * (mean + 4 * (p.figure.value / scale - mean)) + 0.3 * scale

    loud = board.predicting(of_one_patient, louder)
    for p in loud.figures:
        if p.figure.quantity != "sd":  # of which too few were published for a slope
            assert p.miss.slope == pytest.approx(0.25)
            assert p.model.mean == pytest.approx(p.figure.value)
    assert loud.misses["alive"].slope == pytest.approx(0.25)
    assert loud.placebo.crps < loud.placebo.crps_model_alone


def test_the_line_is_a_random_effects_regression_and_says_how_well_it_is_known():
    draw = np.random.default_rng(3)
    slopes, held = [], []
    for _ in range(400):
        simulated = draw.normal(2, 1, 14)
        errors = draw.uniform(0.1, 0.4, 14)
        published = 1 + 0.5 * simulated + draw.normal(0, 0.3, 14) + draw.normal(0, errors)
        line = discrepancy.of(zip(published[1:], simulated[1:], errors[1:], strict=True))
        slopes.append(line.slope)
        mean, sd = line.predict(simulated[0], errors[0], 0.0)
        held.append(abs(published[0] - mean) < 1.96 * sd)
    assert np.mean(slopes) == pytest.approx(0.5, abs=0.02)
    assert 0.88 < np.mean(held) < 0.97
    weighted = sm.WLS(published[1:], sm.add_constant(simulated[1:]), 1 / (errors[1:] ** 2 + line.between**2)).fit()
    assert line.slope == pytest.approx(weighted.params[1])
    assert line.slope_error == pytest.approx(weighted.bse[1] / math.sqrt(weighted.scale))
    assert line.predict(1.7, 0.0, 0.0)[0] == pytest.approx(weighted.params @ [1, 1.7])


def test_a_miss_is_that_of_the_other_trials_with_every_error_in_it(of_one_patient):
    found = placebo.with_misses([replace(p, simulated=-1.0, monte_carlo=0.3) for p in of_one_patient.figures])
    one = next(p for p in found if p.trial == "topiramate" and p.figure.quantity == "decline")
    others = [p for p in found if p.figure.quantity == "decline" and p.trial != "topiramate"]
    assert one.figure.estimand == "slope40"  # of 40 points of 48; all the others are of the whole scale
    errors = np.array([math.hypot(p.figure.standard_error, 0.3) for p in others])
    mean, error, between = meta_analysis(np.array([p.figure.value for p in others]) + 1, errors)
    assert one.model.mean == pytest.approx(-1 + mean * 10 / 12)
    variance = one.figure.standard_error**2 + 0.3**2 + (error**2 + between**2) * (10 / 12) ** 2
    assert one.model.sd == pytest.approx(math.sqrt(variance))


def test_a_trial_is_not_predicted_by_what_was_published_of_it(of_one_patient):
    def moved(p: placebo.Predicted) -> placebo.Predicted:
        """All figures of one trial, and a second one of the same quantity."""
        return replace(p, figure=p.figure.model_copy(update={"value": p.figure.value - 9}))

    figures = of_one_patient.figures
    after = placebo.with_misses([moved(p) if p.trial == "centaur" else p for p in figures])
    twice = placebo.with_misses([*after, *(moved(p) for p in after if p.trial == "centaur")])
    for before, now, then in zip(figures, after, twice, strict=False):
        if before.trial == "centaur":
            assert (before.model.mean, before.model.sd) == (now.model.mean, now.model.sd)
            assert (before.model.mean, before.model.sd) == (then.model.mean, then.model.sd)
    of = {p.trial: p.model.mean for p in figures if p.figure.quantity == "decline"}
    assert {p.trial: p.model.mean for p in after if p.figure.quantity == "decline"}["phoenix"] < of["phoenix"]


def test_of_few_other_trials_and_of_what_was_not_simulated_nothing_is_said(of_one_patient):
    decline = [
        replace(p, simulated=-1.0, monte_carlo=0.0) for p in of_one_patient.figures if p.figure.quantity == "decline"
    ]
    for p in placebo.with_misses(decline[:3]):
        assert p.miss is None
        assert p.model.mean == p.simulated
        assert p.model.sd == pytest.approx(math.hypot(p.figure.standard_error, p.figure.between))
    assert all(p.miss.trials == 3 for p in placebo.with_misses(decline[:4]))
    unknown = [replace(decline[0], simulated=math.nan), *decline[1:4]]
    first, *rest = placebo.with_misses(unknown)
    assert first.miss.trials == 3
    assert not first.model.known
    assert all(p.miss is None for p in rest)
    assert placebo.totals([first, *rest]).missing == 1


def test_how_far_the_model_misses_comes_back_from_its_file(of_one_patient, tmp_path):
    path = tmp_path / "discrepancy.csv"
    found = of_one_patient.misses
    discrepancy.write(found, path)
    back = discrepancy.read(path)
    assert list(back) == list(found)
    assert all(astuple(back[name]) == pytest.approx(astuple(found[name]), rel=1e-5) for name in found)
    path.write_text(path.read_text() + "decline,wide,0.1,0.1,12,1,0,0\n")
    with pytest.raises(Problems) as caught:
        discrepancy.read(path)
    assert caught.value.problems[0].where.line == 2 + len(found)


def test_the_stored_misses_are_sound():
    assert set(discrepancy.read(discrepancy.FILE)) <= set(files.READ_AS.values())


def test_a_rival_knows_the_others_and_not_the_trial_itself(of_one_patient):
    decline = [p for p in of_one_patient.figures if p.figure.quantity == "decline"]
    moved = [
        placebo.Predicted(p.trial, p.figure.model_copy(update={"value": -9.0}), p.shown, 0.0, 0.0)
        if p.trial == "centaur"
        else p
        for p in decline
    ]
    before = {p.trial: p.meta.mean for p in placebo.with_rivals(decline)}
    after = {p.trial: p.meta.mean for p in placebo.with_rivals(moved)}
    assert after["centaur"] == before["centaur"]
    assert after["phoenix"] < before["phoenix"]


def test_the_first_figure_that_counts_is_that_of_decline(of_one_patient):
    main = {p.trial: p.figure.quantity for p in of_one_patient.main}
    assert (main["empower"], main["licals"], main["refals"]) == ("decline", "alive", "vital_capacity")


# --- effects ----------------------------------------------------------------------------------------------------------


def seen(slopes: np.ndarray, death: np.ndarray) -> Seen:
    """People who lose so many points a month from 40, and as many percent of capacity; NfL of 60."""
    month = np.arange(33)
    total = 40 - slopes[:, None] * month
    values = np.full((len(READOUTS), len(slopes), 33), 60.0)
    values[:12] = total / 12
    values[READOUTS.index("clinic.vital_capacity")] = 90 - slopes[:, None] * month
    return Seen(values, death, np.full(len(slopes), 6.0), np.zeros(len(slopes), dtype=bool))


@pytest.fixture(scope="module")
def both():
    n = 200
    who, slopes = np.arange(n), np.linspace(0.2, 1.8, n)
    death = np.where(who < 100, 5.0, np.inf)
    later = np.where(who < 50, 5.0, np.inf)
    return effects.Pair(seen(slopes, death), seen(slopes - 0.3, later), np.arange(13.0), who // 20, who, 5)


def test_measures_find_the_difference_that_was_put_in(both):
    assert effects.with_error("slope", both)[0] == pytest.approx(0.3)
    assert effects.with_error("vital_capacity", both)[0] == pytest.approx(0.3)
    assert effects.with_error("nfl", both)[0] == pytest.approx(0.0)
    # 50.5 events in 50 x 5 + 150 x 12 months against 100.5 in 100 x 5 + 100 x 12
    assert effects.with_error("survival", both)[0] == pytest.approx(math.log((50.5 / 2050) / (100.5 / 1700)))
    assert 0 < effects.with_error("survival", both)[1] < 1


def test_a_joint_rank_counts_deaths_first():
    who = np.arange(40)
    slopes = np.full(40, 1.0)
    nobody, everybody = np.full(40, np.inf), np.full(40, 3.0)
    lives_and_declines = effects.Pair(seen(slopes, everybody), seen(slopes, nobody), np.arange(13.0), who, who, 5)
    assert effects.joint_rank(lives_and_declines) == pytest.approx(0.5)
    same = effects.Pair(seen(slopes, nobody), seen(slopes, nobody), np.arange(13.0), who, who, 5)
    assert effects.joint_rank(same) == pytest.approx(0.0)


def test_power_of_a_textbook_design():
    # Cohen 1988: 64 in each arm find half a standard deviation with a power of 0.80.
    half = effects.Precision(sd=1.0, sd_capacity=1.0, events=0.3, active=64, placebo=64)
    assert effects.power("slope", 0.5, half) == pytest.approx(0.80, abs=0.01)
    assert effects.power("slope", 0.0, half) == pytest.approx(0.025, abs=1e-3)
    assert effects.power("survival", -0.5, half) > effects.power("survival", 0.5, half)  # below zero is benefit
    # Schoenfeld 1981: the log hazard ratio has a variance of 1/d + 1/d.
    assert half.error("survival") == pytest.approx(math.sqrt(2 / (0.3 * 64)))


def test_doses_are_raised_up_to_the_largest():
    given = (files.Given(product="low_dose_il2", dose="2 MIU"),)
    assert effects.dosing_of(given) == (("low_dose_il2", "2 MIU", "label"),)
    assert effects.dosing_of(given, 3) == (("low_dose_il2", "6.0 MIU", "label"),)
    assert effects.dosing_of(given, 100)[0][1] == "20.0 MIU"


def test_draws_cover_each_prior_evenly_and_are_addressed():
    from charcot import evidence
    from charcot.patients.assemble import all_products, numbers

    drawn = effects.draws_of(("edaravone_iv",), 12, 3)
    assert drawn == effects.draws_of(("edaravone_iv",), 12, 3)
    assert drawn != effects.draws_of(("edaravone_iv",), 12, 4)
    name = "drug.edaravone_iv.effect_1_maximum"
    values = np.sort([dict(one)[name] for one in drawn])
    edges = evidence.prior(numbers(all_products())[name]).quantile(np.arange(1, 12) / 12)
    assert (values[:-1] < edges).all()
    assert (edges < values[1:]).all()


def test_a_twin_on_riluzole_from_diagnosis_is_the_person_of_the_treated_layer():
    from charcot.patients import load_population
    from charcot.patients.people import TREATED, UNTREATED, simulate_people

    store = simulate_people(load_population("sporadic"), 6, 3)
    rows = np.flatnonzero(np.isfinite(store.diagnosis))
    twins = Twins({"sporadic": store})
    asked = Chosen("sporadic", rows, np.full(len(rows), UNTREATED), store.diagnosis[rows])
    found = twins.treated(asked, (("riluzole", "50 mg", "label"),))
    already = twins.untreated(Chosen("sporadic", rows, np.full(len(rows), TREATED), store.diagnosis[rows]))
    months = np.array([1.0, 6.0, 12.0])  # at month 0 one lies on a line between two values, and the other does not
    assert np.nanmax(np.abs(found.total(months) - already.total(months))) < 0.01
    both_die = np.isfinite(found.death) & np.isfinite(already.death)
    assert np.abs(found.death - already.death)[both_die].max() < 0.01
    # asked once more, for fewer people: nobody is simulated again
    before = twins.simulated
    twins.treated(asked.take(np.array([0])), (("riluzole", "50 mg", "label"),))
    assert twins.simulated == before == len(rows)


# --- causes -----------------------------------------------------------------------------------------------------------


def test_shapley_values_of_the_game_of_gloves():
    # One left glove and two right ones; a pair is worth one (a textbook case: 4/6, 1/6, 1/6).
    def worth(some: frozenset[str]) -> float:
        return float("left" in some and bool(some & {"right", "other"}))

    found = why.shapley(worth, ("left", "right", "other"))
    assert found == pytest.approx({"left": 4 / 6, "right": 1 / 6, "other": 1 / 6})


def test_shares_of_causes_sum_to_what_was_lacking(trials, monkeypatch):
    stores = {"incident": people(600)}

    def faster(self, asked, dosing, overrides=()):
        """A product that slows everybody, and more at a larger dose; nothing else treats anybody."""
        plain = self.untreated(asked)
        product, dose, _ = dosing[0]
        if product != "translation_restorer":
            return plain
        gain = 0.004 * float(dose.split()[0]) / 100
        values = plain.values.copy()
        values[:12] += gain * np.arange(33)
        return Seen(values, plain.death, plain.onset, plain.failed)

    monkeypatch.setattr(Twins, "treated", faster)
    arm = board.arms_of({"courage": trials["courage"]}, stores)["courage"]
    cause = why.Causes(Twins(stores), stores, 1).of(trials["courage"], arm)
    assert sum(cause.shares.values()) == pytest.approx(cause.mended - cause.power)
    assert cause.power == pytest.approx(0.025, abs=1e-3)  # no target: the size of a one-sided test
    assert cause.shares["target"] > 0
    assert cause.shares["dose"] > 0
    assert cause.shares["power"] > 0
    assert cause.people == files.choices().twins_of_draws
