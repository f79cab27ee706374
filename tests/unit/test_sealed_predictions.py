"""Sealed predictions: what is in them, that none can be changed unseen, and how they are scored."""

from __future__ import annotations

import hashlib
import json
import math
import subprocess
from pathlib import Path

import numpy as np
import pytest
from population_fake import people
from scipy.stats import norm
from typer.testing import CliRunner

from charcot.core.errors import Problems
from charcot.patients.people import NFL, READOUTS
from charcot.trials.record import discrepancy, effects, files, forecast, scoring, sealing
from charcot.trials.record.files import UNITS
from charcot.trials.record.predictive import Mixture
from charcot.trials.record.twins import Seen, Twins

ROOT = Path(__file__).parents[2]
MADE = {"sealed_on": "2026-11-29", "command": "charcot predict", "seed": 11, "hashes": {"code": "abc"}}


@pytest.fixture(scope="module")
def found():
    """Of a trial whose drug gives back 0.2 points a month, and of one without a target."""

    def slower(self, asked, dosing, overrides=()):
        plain = self.untreated(asked)
        scale = 1 + sum(value for _, value in overrides) % 1 if overrides else 1.0  # draws differ
        values = plain.values.copy()
        values[:12] += 0.2 * scale / 12 * np.arange(33)
        return Seen(values, plain.death, plain.onset, plain.failed)

    patch = pytest.MonkeyPatch()
    patch.setattr(Twins, "treated", slower)
    patch.setattr(discrepancy, "stored", dict)  # whatever the shipped model misses
    store = people(2000)
    store.values[:, READOUTS.index(NFL)] *= np.random.default_rng(1).lognormal(0, 0.2, store.values.shape[2:])
    yield {name: forecast.forecast(files.running()[name], store, 11) for name in ("alstars", "combat_als", "paragon")}
    patch.undo()


@pytest.fixture
def folder(found, tmp_path):
    for name in ("alstars", "paragon"):
        sealing.seal(tmp_path, sealing.content_of(found[name], MADE))
    return tmp_path


def test_the_shipped_seals_hold():
    """What was sealed at the root of the project is as it was sealed."""
    assert sealing.broken(ROOT / "predictions") == []


def test_ten_running_trials_can_be_predicted_and_the_first_two_are_among_them():
    trials = files.running()
    assert len(trials) >= 10
    assert {"fusion", "combat_als", "atlas", "alstars", "ab23005"} <= set(trials)
    assert all(t.content.primary in UNITS for t in trials.values())


def test_a_prediction_says_what_was_put_in(found):
    one = found["alstars"]
    assert one.pairs == min(one.people, files.choices().twins)
    assert 0.15 < one.effect.mean < 0.5
    # The chance is that of a normal test at the mean of the draws, since these differ little.
    error = float(np.mean(one.estimate.sds))
    middle = norm.cdf(one.estimate.mean / error - 1.96)
    assert one.chance == pytest.approx(middle, abs=0.1)
    low, high = one.estimate.interval(0.8)
    outer_low, outer_high = one.estimate.interval(0.95)
    assert outer_low < low < one.estimate.mean < high < outer_high
    slope = one.placebo["slope"]
    sd = one.placebo["sd"].model.mean
    assert slope.model.sd > math.hypot(forecast.BETWEEN_SLOPE, sd / math.sqrt(40))  # trials differ, and 40 people too
    assert slope.model.sd < 1.5 * math.hypot(forecast.BETWEEN_SLOPE, sd / math.sqrt(40))


def test_a_prediction_takes_in_how_far_the_model_missed_past_trials(found, monkeypatch):
    """What is stored moves the mean and takes the place of the spread between trials; the model alone is a rival."""
    before = found["paragon"].placebo
    miss = discrepancy.Discrepancy(-0.2, 0.03, 0.04, 12)
    monkeypatch.setattr(discrepancy, "stored", lambda: {"decline": miss, "alive": miss.times(2)})
    store = people(2000)
    store.values[:, READOUTS.index(NFL)] *= np.random.default_rng(1).lognormal(0, 0.2, store.values.shape[2:])
    after = forecast.forecast(files.running()["paragon"], store, 11).placebo
    for name, moved, old, new in (
        ("slope", -0.2, forecast.BETWEEN_SLOPE, 0.05),
        ("hazard", -0.4, forecast.BETWEEN_HAZARD, 0.1),
    ):
        assert after[name].model.mean == pytest.approx(before[name].model.mean + moved)
        assert after[name].model.sd ** 2 - new**2 == pytest.approx(before[name].model.sd ** 2 - old**2)
        alone = after[name].rivals[forecast.MODEL_ALONE]
        assert (alone.mean, alone.sd) == (before[name].model.mean, before[name].model.sd)
    assert after["sd"].rivals == {}
    assert after["sd"].model.mean == before["sd"].model.mean
    assert after["nfl"].model.mean == before["nfl"].model.mean


def test_a_drug_without_a_target_has_a_placebo_arm_only(found):
    one = found["paragon"]
    assert (one.chance, one.estimate, one.effect) == (None, None, None)
    assert set(one.placebo) == {"slope", "sd", "hazard", "nfl"}


def test_too_few_people_give_no_prediction():
    assert forecast.forecast(files.running()["alstars"], people(50), 11) is None


def test_a_presymptomatic_trial_meets_carriers_when_nfl_is_high_and_before_symptoms():
    store = people(200)
    atlas = files.running()["atlas"]
    store.cohort.columns["genotype"][:] = "sporadic"
    assert len(forecast.before_symptoms(atlas, store)) == 0
    store.cohort.columns["genotype"] = np.where(np.arange(200) < 100, "SOD1-A4V", "SOD1")
    met = forecast.before_symptoms(atlas, store)
    nfl = 60 * np.exp(0.6 * 0)  # the median person; who has 44 or more from the seed on comes at once
    assert nfl > 44
    assert 0 < len(met) < 100
    assert (met.rows < 100).all()
    assert (met.origin < store.onset[met.rows]).all()


def test_the_variance_of_a_share_is_never_nothing():
    assert effects.variance_of_share(1.0, 14) == pytest.approx((14.5 / 15) * (0.5 / 15) / 14)
    assert effects.variance_of_share(0.5, 100) == pytest.approx(0.0025)


# --- seals ------------------------------------------------------------------------------------------------------------


def test_a_sealed_file_says_everything_that_is_asked_for(folder):
    one = sealing.sealed(folder)["alstars"]
    for key in (
        "registry",
        "registry_version",
        "sealed_on",
        "command",
        "seed",
        "hashes",
        "contradicted_by",
        "not_in_it",
    ):
        assert one[key], key
    assert 0 <= one["primary"]["chance_met"] <= 1
    for part in (one["effect"]["estimate"], one["placebo"]["slope"], one["placebo"]["sd"], one["placebo"]["nfl"]):
        assert part["interval_95"][0] < part["interval_80"][0] < part["interval_80"][1] < part["interval_95"][1]
    assert 0 < one["placebo"]["hazard"]["share_with_event"]["median"] < 1
    assert set(one["primary"]["chance_rivals"]) == {"a coin", "past trials"}


def test_the_distribution_comes_back_from_the_file(folder, found):
    one = sealing.sealed(folder)["alstars"]
    back = sealing.mixture(one["effect"]["estimate"])
    assert back.crps(0.3) == pytest.approx(found["alstars"].estimate.crps(0.3), rel=1e-4)
    assert back.interval(0.8) == pytest.approx(tuple(one["effect"]["estimate"]["interval_80"]), rel=1e-3)


def test_the_list_of_seals_is_what_sha256sum_checks(folder):
    lines = (folder / sealing.SEALS).read_text().splitlines()
    assert lines[0] == f"{hashlib.sha256((folder / 'alstars.yaml').read_bytes()).hexdigest()}  alstars.yaml"
    assert subprocess.run(["sha256sum", "--check", "--quiet", "SEALS"], cwd=folder, check=False).returncode == 0


def test_one_changed_character_anywhere_breaks_the_seal(folder):
    path = folder / "paragon.yaml"
    text = path.read_bytes()
    for place in range(0, len(text), 29):
        path.write_bytes(text[:place] + bytes([text[place] ^ 1]) + text[place + 1 :])
        assert [p.code for p in sealing.broken(folder)] == ["seal-broken"], place
    path.write_bytes(text)
    assert sealing.broken(folder) == []


def test_what_is_gone_or_came_without_a_seal_is_said(folder):
    (folder / "other.yaml").write_text("name: other\n")
    assert [p.code for p in sealing.broken(folder)] == ["not-sealed"]
    (folder / "other.yaml").unlink()
    (folder / "paragon.yaml").unlink()
    assert [p.code for p in sealing.broken(folder)] == ["seal-broken"]
    with pytest.raises(Problems):
        sealing.sealed(folder)


def test_nothing_is_sealed_twice_or_beside_a_broken_seal(folder, found):
    content = sealing.content_of(found["alstars"], MADE)
    before = (folder / "alstars.yaml").read_bytes()
    with pytest.raises(Problems, match="sealed already"):
        sealing.seal(folder, {**content, "seed": 12})
    assert (folder / "alstars.yaml").read_bytes() == before
    (folder / "paragon.yaml").write_text("changed")
    with pytest.raises(Problems, match="was changed"):
        sealing.seal(folder, {**content, "name": "another"})
    assert not (folder / "another.yaml").exists()


# --- scores -----------------------------------------------------------------------------------------------------------


def report(folder: Path, text: str, name: str = "alstars") -> None:
    (folder / scoring.READOUTS).mkdir(exist_ok=True)
    (folder / scoring.READOUTS / f"{name}.yaml").write_text(text)


def test_a_report_is_scored_for_the_model_and_for_rivals(folder):
    one = sealing.sealed(folder)["alstars"]
    report(
        folder,
        "name: alstars\nread_on: 2027-06-01\nsource: made up\nprimary_met: true\neffect: 0.3\nplacebo: {slope: -1.0}\n",
    )
    found = {(s.figure, s.who): s for s in scoring.scores(folder)}
    chance = one["primary"]["chance_met"]
    assert found["primary endpoint", "model"].brier == pytest.approx((1 - chance) ** 2)
    assert found["primary endpoint", "a coin"].brier == 0.25
    assert found["effect", "model"].crps == pytest.approx(sealing.mixture(one["effect"]["estimate"]).crps(0.3))
    none = sealing.mixture(one["effect"]["rivals"]["no effect"])
    assert found["effect", "no effect"].pit == pytest.approx(norm.cdf(0.3 / none.sds[0]))
    assert {who for figure, who in found if figure == "placebo slope"} == {"model", "past trials", "a constant"}
    assert all(0 < s.pit < 1 for s in found.values() if s.pit is not None)
    mean = {(m["figure"], m["who"]): m for m in scoring.means(list(found.values()))}
    assert mean["primary endpoint", "a coin"]["mean"] == 0.25


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ("name: alstars\nread_on: 2027-01-01\nsource: x\nefect: 1\n", "unknown key 'efect'", 4),
        ("name: alstars\nread_on: 2027-01-01\nsource: x\nplacebo: {slopes: 1}\n", "no 'slopes' was predicted", 4),
        ("name: alstars\nread_on: 2026-01-01\nsource: x\n", "before the prediction was sealed", 2),
        ("name: nobody\nread_on: 2027-01-01\nsource: x\n", "no prediction of 'nobody' is sealed", 1),
    ],
)
def test_a_wrong_report_is_refused_with_its_line(folder, text, words, line):
    report(folder, text)
    with pytest.raises(Problems) as caught:
        scoring.readouts(folder)
    assert [(p.where.line, words in p.message) for p in caught.value.problems] == [(line, True)]


def test_the_leaderboard_and_the_list_by_the_command(folder, tmp_path):
    from charcot.interfaces.cli.main import app

    report(folder, "name: paragon\nread_on: 2027-06-01\nsource: made up\nplacebo: {slope: -1.0}\n", "paragon")
    docs = tmp_path / "docs"
    done = CliRunner().invoke(app, ["predict", "score", "--folder", str(folder), "--docs", str(docs), "--json"])
    assert done.exit_code == 0, done.output
    record = json.loads(done.stdout)
    assert record["read_out"] == ["paragon"]
    page = (docs / "predictions.md").read_text()
    for text in ("ALSTARS", "PARAGON", "placebo only", "read out", "past trials", "What would prove us wrong"):
        assert text in page
    assert sealing.seals(folder)["alstars.yaml"] in page
    assert (docs / "predictions-placebo.svg").is_file()
    listed = json.loads(CliRunner().invoke(app, ["predict", "list", "--folder", str(folder), "--json"]).stdout)
    sealed_on = {row["name"]: row["sealed_on"] for row in listed["running"]}
    assert sealed_on["alstars"] == "2026-11-29"
    assert sealed_on["fusion"] is None


def test_without_a_folder_it_is_not_said_that_nothing_is_sealed(tmp_path, monkeypatch):
    from charcot.interfaces.cli.main import app

    monkeypatch.chdir(tmp_path)
    note = "no folder predictions here; run at the project's root or give --folder"
    listed, scored = (CliRunner().invoke(app, ["predict", verb]) for verb in ("list", "score"))
    for done in (listed, scored):
        assert done.exit_code == 0, done.output
        assert note in " ".join(done.output.split())
        assert "not yet" not in done.output
        assert "0 predictions" not in done.output
    listed, scored = (
        json.loads(CliRunner().invoke(app, ["predict", verb, "--json"]).stdout) for verb in ("list", "score")
    )
    assert listed["note"] == scored["note"] == note
    assert scored["sealed"] is None
    page = CliRunner().invoke(app, ["predict", "score", "--docs", "docs"])
    assert page.exit_code == 2
    assert note in " ".join(page.output.split())
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "predictions").mkdir()
    assert "not yet" in CliRunner().invoke(app, ["predict", "list"]).output


def test_an_unknown_trial_and_a_broken_seal_end_with_exit_code_two(folder):
    from charcot.interfaces.cli.main import app

    unknown = CliRunner().invoke(app, ["predict", "fusiom", "--folder", str(folder)])
    assert unknown.exit_code == 2
    assert "fusion" in unknown.output
    (folder / "paragon.yaml").write_text("changed")
    broken = CliRunner().invoke(app, ["predict", "score", "--folder", str(folder)])
    assert broken.exit_code == 2
    assert "was changed" in broken.output


def test_a_share_within_a_distribution_of_hazards_is_computed_from_it():
    shares = sealing._shares(Mixture.of(math.log(0.02), 0.2), 12)
    assert shares["median"] == pytest.approx(1 - math.exp(-0.24), rel=1e-4)
    assert shares["interval_95"][0] == pytest.approx(1 - math.exp(-0.24 * math.exp(-1.96 * 0.2)), rel=1e-3)
