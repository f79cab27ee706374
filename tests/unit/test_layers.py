"""Three layers of uncertainty: what they are of effects whose truth is known, and what is said of them."""

from __future__ import annotations

import csv
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from test_cli import call, place
from test_trials_run import protocol
from trials_fake_world import FACTOR, UNTREATED, FakeWorld

from charcot import evidence
from charcot.core.errors import Problems
from charcot.fitting import layers, rivals
from charcot.fitting.numbers import free_numbers
from charcot.interfaces.cli import layer_rooms
from charcot.interfaces.report.content import Figure, say
from charcot.interfaces.report.layers import gain_layers, layers_section, of_hypotheses, trial_layers
from charcot.patients import Assumed, program
from charcot.trials.between_patients import between_patients

__all__ = ["place"]

TEMPO = "person.base_tempo"
SLOWER = "drug.aav_mir126.effect_1_slope"
OPEN_TO_ALL: dict[str, Any] = {
    "screening": {"delay_after_diagnosis": {"median": "30 days", "log_sd": 0.5}},
    "eligibility": {"age": {"min": "30 years", "max": "75 years"}},
    "arms": [{"id": "active", "n": 120, "treatments": [{"product": "slower", "dose": "60 mg"}]},
             {"id": "placebo", "n": 120}],
}  # fmt: skip
Z = np.random.default_rng(4).standard_normal(8)


def ensemble(folder: Path, width: float) -> Path:
    """A stored ensemble of one number, ``width`` prior standard deviations wide."""
    number = free_numbers([TEMPO])[0]
    path = folder / f"ensemble-{width:g}.csv"
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(["model", TEMPO])
        writer.writerows([k, number.value(width * float(z))] for k, z in enumerate(Z, 1))
    return path


class Paced(FakeWorld):
    """People who lose points as fast as the model's tempo says, against the shipped one."""

    def __init__(self, assumed: Assumed) -> None:
        super().__init__()
        self.pace = assumed.overrides[TEMPO] / free_numbers([TEMPO])[0].start

    def population(self, cohort: str, overrides: Any) -> float:
        return UNTREATED * self.pace


def found(folder: Path, width: float, replicates: int = 2) -> layers.Open:
    chosen = layers.models(len(Z), 1, path=ensemble(folder, width))
    one = protocol(endpoints=["alsfrs_r_slope", "survival"], **OPEN_TO_ALL)
    return layers.open_of_trial(one, chosen, replicates, world=Paced)


NARROW, WIDE = 0.25, 0.5  # wider ones make people so fast that their scores end at zero, and lines bend


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> dict[float, layers.Open]:
    return {width: found(tmp_path_factory.mktemp("ensembles"), width) for width in (NARROW, WIDE)}


def of(table: Any, estimand: str, reference: str) -> Any:
    return table[(table["estimand"] == estimand) & (table["reference"] == reference)].iloc[0]


def test_the_layer_of_the_models_widens_with_the_priors_and_is_right(both: dict[float, layers.Open]) -> None:
    """The product takes 60 % of a decline that goes with the tempo, so that the SD between models is known."""
    narrow, wide = (of(both[width].table, "alsfrs_r_slope", "placebo") for width in (NARROW, WIDE))
    spread = free_numbers([TEMPO])[0].spread
    for row, width in ((narrow, NARROW), (wide, WIDE)):
        true = (1 - FACTOR["slower"]) * UNTREATED * np.exp(width * spread * Z)
        assert row["sd"] == pytest.approx(true.std(ddof=1), rel=0.35)
        assert row["models"] == 8
    assert wide["sd"] > 1.5 * narrow["sd"] > 0
    assert wide["upper"] - wide["lower"] > 1.5 * (narrow["upper"] - narrow["lower"])


def test_the_layer_of_the_patients_is_the_spread_of_their_slopes_and_changes() -> None:
    """Lines of SD 0.5 points a month, independent noise of SD 1: in changes it stays, in slopes it does not."""
    random = np.random.default_rng(5)
    days = 30.4375 * np.arange(7)
    ids = [f"p{k}" for k in range(600)]
    arms = np.array(["placebo", "active"] * 300)
    slopes = np.where(arms == "placebo", -1.0 + 0.5 * random.standard_normal(600), -5.0)
    values = 40 + slopes[:, None] * np.arange(7) + random.standard_normal((600, 7))
    visits = pd.DataFrame(
        [("ALSFRSR", who, visit, days[visit], values[k, visit]) for k, who in enumerate(ids) for visit in range(7)],
        columns=["PARAMCD", "USUBJID", "AVISITN", "VISITDAY", "AVAL"],
    )
    tables = {
        "ADSL": pd.DataFrame({"USUBJID": ids, "FASFL": "Y", "ARMCD": arms, "STRATUM": "all", "FORECAST": np.nan}),
        "ADTTE": pd.DataFrame({"USUBJID": ids, "PARAMCD": "DTHPV", "AVAL": days[-1], "CNSR": 1}),
        "ADQS": visits,
        "ADLB": visits.iloc[:0],
    }
    asked = ["alsfrs_r_slope", "alsfrs_r_change_observed", "alsfrs_r_rate_locf", "survival"]
    slope, change, rate, survival = between_patients(protocol(endpoints=asked), tables).itertuples()
    assert slope.sd == pytest.approx(0.5, rel=0.1)
    assert change.sd == pytest.approx(math.hypot(6 * 0.5, math.sqrt(2)), rel=0.1)
    assert rate.sd == pytest.approx(change.sd / 6)
    assert (slope.unit, change.unit, rate.unit) == ("points/month", "points", "points/month")
    assert math.isnan(survival.sd)
    assert "no patient has a value of it" in survival.what


def test_monte_carlo_that_models_share_and_that_they_do_not_is_told_from_the_models() -> None:
    """x = effect + luck of the replicate + rest: the luck drops out, the rest is subtracted."""
    random = np.random.default_rng(3)
    variances = []
    for _ in range(400):
        effect, luck = 0.5 * random.standard_normal((8, 1)), 3.0 * random.standard_normal((1, 2))
        variances.append(layers.spread(effect + luck + 0.4 * random.standard_normal((8, 2))).sd ** 2)
    assert np.mean(variances) == pytest.approx(0.25, abs=0.03)
    exact = layers.spread(np.array([[1.0, 3.0], [2.0, 4.0], [6.0, 8.0]]))
    assert (exact.sd, exact.noise) == pytest.approx((math.sqrt(7.0), 0.0))
    assert exact.middle == pytest.approx(3.0)
    only_rest = layers.spread(np.array([[1.0, -1.0], [-1.0, 1.0], [1.0, -1.0]]))
    assert only_rest.sd == 0
    assert only_rest.hidden
    assert only_rest.lower == only_rest.upper == 0
    alike = [layers.spread(37.3 + 0.1 * random.standard_normal((6, 12))) for _ in range(20)]  # where weights round
    assert any(one.hidden for one in alike)
    assert all(one.hidden or one.lower < one.upper for one in alike)


def test_ratios_are_logarithms_and_a_missing_estimate_leaves_its_model_out() -> None:
    one = layers.spread(np.array([[0.5, 0.5], [1.0, 1.0], [2.0, 2.0], [np.nan, 1.0]]), ratio=True)
    assert (one.models, one.left_out, one.middle) == (3, 1, pytest.approx(1.0))
    assert one.sd == pytest.approx(math.log(2.0))
    alone = layers.spread(np.array([[0.5, 0.5], [np.nan, 1.0]]))
    assert (alone.models, alone.left_out) == (1, 1)
    assert math.isnan(alone.sd)


def test_an_untested_effect_is_drawn_with_its_chance_of_none() -> None:
    """Half of the models have none of it; the others follow its prior; the draw has an address."""
    number = next(n for n in layers.open_effects(["aav_mir126", "riluzole"]) if n.name == SLOWER)
    belief = evidence.prior(number)
    drawn = np.array([layers.drawn_effects(["aav_mir126"], 7, k)[SLOWER] for k in range(1, 401)])
    assert belief.none == 0.5
    assert np.mean(drawn == 0) == pytest.approx(0.5, abs=0.08)
    assert np.median(drawn[drawn > 0]) == pytest.approx(number.value, rel=0.25)
    assert layers.drawn_effects(["aav_mir126"], 7, 5) == layers.drawn_effects(["aav_mir126"], 7, 5)
    assert layers.drawn_effects(["riluzole"], 7, 5) == {}


def test_models_carry_the_draws_and_what_was_assumed_stays(tmp_path: Path) -> None:
    base = Assumed(overrides={TEMPO: 0.01}, lines=("mine",))
    for model in layers.models(8, 3, ["aav_mir126"], base, ensemble(tmp_path, 0.3)):
        assert model.assumed.overrides[TEMPO] == 0.01
        assert model.assumed.lines == ("mine",)
        assert (SLOWER in model.without) == (model.assumed.overrides[SLOWER] == 0)


SHIPPED_ACCOUNT, RIVAL = "tdp43_aggregation_first", "axonal_translation_first"
RIVAL_RATE = "lesion.growth_rate"


@pytest.fixture
def fitted_rivals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hypotheses with weights, and a narrow posterior of the rival's own number and of the tempo."""
    free = free_numbers([TEMPO, RIVAL_RATE])
    numbers = [{"name": n.name, "value": 2 * n.start, "prior_log_spread": n.spread} for n in free]
    fit = {"numbers": numbers, "covariance": (1e-6 * np.eye(2)).tolist()}
    monkeypatch.setattr(rivals, "weights", lambda: {SHIPPED_ACCOUNT: 0.75, RIVAL: 0.25})
    monkeypatch.setattr(rivals.hypotheses, "stored", lambda name: fit)


def test_models_follow_the_rival_hypotheses_by_their_weight(fitted_rivals: None, tmp_path: Path) -> None:
    path = ensemble(tmp_path, 0.3)
    chosen = layers.models(8, 1, path=path)
    assert [one.hypothesis for one in chosen].count(RIVAL) == 2
    assert [one.hypothesis for one in layers.models(4, 1, path=path)] == [one.hypothesis for one in chosen[:4]]
    tempo = free_numbers([TEMPO])[0]
    for one, z in zip(chosen, Z, strict=True):
        theirs = one.hypothesis == RIVAL
        assert bool(one.assumed.seeds) is theirs
        expected = 2 * tempo.start if theirs else tempo.value(0.3 * float(z))
        assert one.assumed.overrides[TEMPO] == pytest.approx(expected, rel=0.01)
    asked = Assumed(overrides={TEMPO: 1.0}, lines=(f"hypothesis={SHIPPED_ACCOUNT}: asked for",))
    alone = layers.models(8, 1, base=asked, path=path)
    assert {one.hypothesis for one in alone} == {""}
    assert {one.assumed.overrides[TEMPO] for one in alone} == {1.0}
    told = layers.open_of_people({}, 10, 0, chosen, {}, {})
    assert "2 axonal translation first, 6 tdp43 aggregation first" in of_hypotheses(told)
    assert "none is fitted" in of_hypotheses(layers.open_of_people({}, 10, 0, alone, {}, {}))


def test_hypotheses_count_only_with_fits_of_the_present_model(monkeypatch: pytest.MonkeyPatch) -> None:
    known = rivals.hypotheses.hypotheses()
    fits = {
        name: {"numbers": [{"name": n} for n in rivals.numbers_of(one)], "program_hash": program().hash,
               "log_evidence": -4.0 * k, "experiments": ["a"], "figures": [{}, {}]}
        for k, (name, one) in enumerate(known.items())
    }  # fmt: skip
    monkeypatch.setattr(rivals.hypotheses, "stored", fits.get)
    found = rivals.weights()
    assert sum(found.values()) == pytest.approx(1)
    first, second = list(found.values())[:2]
    assert first / second == pytest.approx(math.exp(4.0 / 2))  # tempered: two figures of one experiment
    fits[next(iter(known))]["program_hash"] = "another"
    assert rivals.weights() == {}


def test_hypotheses_that_differ_widen_the_layer_by_their_weight() -> None:
    random = np.random.default_rng(6)
    one, other = 0.1 * random.standard_normal((6, 2)), 5 + 0.1 * random.standard_normal((6, 2))
    alone, both, hardly = (layers.pooled([(1 - w, one), (w, other)]) for w in (0.0, 0.5, 1e-6))
    assert alone.sd < 0.2
    assert both.sd == pytest.approx(2.5, rel=0.1)
    assert (both.lower < 0.3, both.upper > 4.7, both.models) == (True, True, 12)
    assert hardly.upper < 0.3


def test_a_model_whose_trial_cannot_be_filled_is_counted_by_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layers, "DRAWN_AT_MOST", 800)  # of whom half of the models take none

    class Slow(Paced):
        def population(self, cohort: str, overrides: Any) -> float:
            return super().population(cohort, overrides) if self.pace > 1 else 1e-6  # no run-in decline: nobody enters

    chosen = layers.models(8, 1, path=ensemble(tmp_path, 0.3))
    small = protocol(endpoints=["alsfrs_r_slope"], arms=[{"id": "active", "n": 20, "treatments": [
        {"product": "slower", "dose": "60 mg"}]}, {"id": "placebo", "n": 20}])  # fmt: skip
    one = layers.open_of_trial(small, chosen, 2, world=Slow)
    assert sum(one.failed.values()) == int((Z <= 0).sum()) > 0
    assert of(one.table, "alsfrs_r_slope", "placebo")["models"] == int((Z > 0).sum())


def test_persons_stand_where_replicates_do_and_are_found_by_their_ids() -> None:
    """Two models a month apart for everyone; a third under which one of three falls ill; a cell that fails for one."""
    gains = {
        1: (np.array([3, 1, 2]), np.array([[30.0, 10.0, 20.0], [np.nan, 5.0, 7.0]])),
        2: (np.array([1, 2, 3]), np.array([[11.0, 21.0, 31.0], [5.0, 7.0, 90.0]])),
        3: (np.array([1]), np.array([[99.0], [99.0]])),
    }
    chosen = [layers.Model(k, Assumed(), (SLOWER,)) for k in gains]
    one = layers.open_of_people(gains, 3, 2, chosen, {"nobody falls ill": 1}, {"too many steps": 2})
    first, second = one.table.itertuples()
    assert (first.models, first.middle, first.sd, first.noise) == pytest.approx((2, 20.5, math.sqrt(0.5), 0.0))
    assert (second.middle, second.sd) == (6.0, 0.0)
    assert one.failed == {"nobody falls ill": 1, "fewer than half of the people fall ill": 1}
    assert one.without == {SLOWER: 3}


def test_an_ensemble_of_other_numbers_or_too_few_models_is_refused(tmp_path: Path) -> None:
    path = ensemble(tmp_path, 0.3)
    with pytest.raises(Problems, match="9 plausible models were asked for, and there are 8"):
        layers.models(9, 1, path=path)
    path.write_text(path.read_text().replace(TEMPO, "person.gone"), encoding="utf-8")
    with pytest.raises(Problems, match=r"no number is called 'person\.gone'"):
        layers.models(2, 1, path=path)
    assert layers.stored(tmp_path / "nowhere.csv") == 0


# --- what the command line says --------------------------------------------------------------------------------------


def test_one_model_says_that_it_is_one(place: Path) -> None:
    for words, why in (((), "no ensemble of plausible models is stored"), (("--models", "1"), "as asked for")):
        done = call("trial", "p.yaml", "--json", "--seed", str(len(words)), *words)
        assert done.exit_code == 0, done.output
        data = json.loads(done.stdout)
        page = (place / data["report"]).read_text(encoding="utf-8")
        assert f"What the evidence leaves open is not shown: one model, {'for ' if not words else ''}{why}" in page
        shown = data["summary"][0]["layers"]
        assert set(shown) == {"patients", "monte_carlo", "models"}
        assert shown["patients"] == {"what": "true slopes; reference arm of the first simulated trial", "sd": 0.6,
                                     "unit": "points/month", "sd_unit": "points/month"}  # fmt: skip
        assert shown["monte_carlo"]["what"] == "middle 95 % of 2 simulated trials"
        assert "one model" in shown["models"]["missing"]


def test_more_models_than_there_are_is_an_error(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = layers.stored()
    done = call("trial", "p.yaml", "--models", str(there + 1))
    assert done.exit_code == 2
    assert f"{there + 1} plausible models were asked for, and there are {there}" in done.stderr
    monkeypatch.setattr(layers.plausible, "SHIPPED", place / "nowhere.csv")
    done = call("trial", "p.yaml", "--models", "4")
    assert done.exit_code == 2
    assert "no ensemble of plausible models is stored" in done.stderr


@pytest.mark.parametrize("verb", [("trial", "p.yaml"), ("run", "p.yaml"), ("demo",)])
def test_models_are_in_report_summary_and_failures(
    place: Path, both: dict[float, layers.Open], monkeypatch: pytest.MonkeyPatch, verb: tuple[str, ...]
) -> None:
    made = both[NARROW]
    rows = made.table.assign(arm=made.table["arm"].replace("active", "drug"))
    told = layers.Open(rows, made.effects, 9, 2, {"nobody enters": 1}, {"in arm drug: steps": 3}, {SLOWER: 4})
    monkeypatch.setattr(layer_rooms, "stored", lambda: 9)
    monkeypatch.setattr(layer_rooms, "check_count", lambda count: [])
    monkeypatch.setattr(layer_rooms, "open_of_trial", lambda *_: told)
    monkeypatch.setattr(layer_rooms, "open_of_sweep", lambda *_: layers.Open(note="no models here"))
    done = call(*verb, "--models", "9", "--json")
    assert done.exit_code == 0, done.output
    data = json.loads(done.stdout)
    row = next(row for row in data["summary"] if "against Placebo" in row["quantity"])
    want = of(rows, "alsfrs_r_slope", "placebo")
    assert row["layers"]["models"]["lower"] == pytest.approx(want["lower"])
    assert row["layers"]["models"]["what"] == "middle 95 % of 8 plausible models"
    page = (place / data["report"]).read_text(encoding="utf-8")
    assert "middle 95 % of 8 plausible models" in page
    assert "In 4 of 9 models aav mir126 has none of its effect" in page
    manifest = json.loads((place / data["run"] / "manifest.json").read_text())
    assert manifest["failures"]["total"] == 4
    assert (place / data["run"] / "tables" / "estimates_by_model.parquet").exists()


def test_models_that_all_give_the_same_get_no_range_of_no_width() -> None:
    table = pd.DataFrame([{**vars(layers.spread(np.zeros((6, 1)))), "hidden": False}])
    cell = {"patients": 1, "sd": math.nan, "lower": math.nan, "upper": math.nan}
    one = gain_layers(cell, 0, layers.Open(table, models=6), "months")
    assert "What the evidence leaves open is nothing here: all 6 plausible models give 0 months." in one.sentence()
    assert not re.search(r"\d to \d", one.sentence())


def test_models_that_differ_by_less_than_their_noise_say_so() -> None:
    table = pd.DataFrame([{"estimand": "alsfrs_r_slope", "arm": "a", "reference": "b",
        **vars(layers.spread(np.array([[1.0, -1.0], [-1.0, 1.0], [1.0, -1.0]]))), "hidden": True}])  # fmt: skip
    row = {"estimand": "alsfrs_r_slope", "arm": "a", "reference": "b", "unit": "points/month", "lower": 0.1,
           "upper": 0.2, "sd": 0.1, "interval": "middle 95 % of 9 simulated trials"}  # fmt: skip
    between = pd.DataFrame([], columns=["estimand", "sd", "unit", "what"])
    one = trial_layers(row, between, layers.Open(table, models=3))
    assert (
        "What the evidence leaves open is not told apart from noise: 3 plausible models differ by no more than the "
        f"Monte-Carlo noise of their own simulations, an SD of {say(float(table['noise'].iloc[0]))} points/month."
    ) in one.sentence()
    told = json.dumps(one.as_json()["models"])
    assert '"sd"' not in told
    section = layers_section([("slope", 0.5, one)], layers.Open(table, models=3))
    assert section is not None
    (figure,) = section.blocks
    assert isinstance(figure, Figure)
    for words in (one.sentence(), one.models.words(), told, *(str(cell) for row in figure.table.rows for cell in row)):
        assert not re.search(r"SD of 0\b|^0\.?0* ?points", words), words
    assert "Between patients no spread is told" in one.sentence()
