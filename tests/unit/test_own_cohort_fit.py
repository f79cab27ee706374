"""Fit and forecast of one's own cohort, on made-up virtual patients whose truth is known: straight lines."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from charcot.clinic.milestones import milestones
from charcot.clinic.observation import ITEMS
from charcot.fitting.own_cohort import forecast, results
from charcot.fitting.own_cohort.assumed import Clouds, learn, log_alive, log_level, start
from charcot.fitting.own_cohort.library import MONTHS, Library, at
from charcot.fitting.own_cohort.posterior import Fit, fit
from charcot.fitting.own_cohort.reading import Subject
from charcot.interfaces.cli import cohort_rooms, cohort_runs
from charcot.interfaces.cli.main import app
from charcot.interfaces.report.content import say
from charcot.interfaces.report.sections import cohort as sections

VISITS = np.array([0.0, 31.0, 61.0, 91.0])


def lines(n: int, seed: int = 3) -> Library:
    """Virtual patients who lose ``slope`` points a month from onset; legs and arms first in half of them each."""
    draw = np.random.default_rng(seed)
    slope = np.exp(0.6 * draw.standard_normal(n) - 0.2)
    legs = draw.random(n) < 0.5
    lost = slope[:, None] * np.arange(MONTHS)
    share = np.ones((n, 12)) / 12
    share[legs, 6:9] = 2.5 / 12
    share[~legs, 3:6] = 2.5 / 12
    share /= share.sum(axis=1, keepdims=True)
    items = np.clip(4 - share[:, :, None] * lost[:, None], 0, 4).astype(np.float32)
    total = items.sum(axis=1)
    hazard = np.cumsum(0.04 * np.clip((30 - total) / 30, 0, None), axis=1).astype(np.float32)
    nfl = np.repeat(60 * slope[:, None], MONTHS, axis=1).astype(np.float32)
    site = np.where(legs, 2, 1)
    return Library(
        items, 100 - 1.5 * (48 - total), nfl, hazard, np.full(n, 60.0), site, np.zeros(n, bool), legs, np.arange(n) % 3
    )


@pytest.fixture(scope="module")
def library():
    return lines(500)


def patients(library: Library, count: int, noise: float = 1.5, items: bool = True) -> tuple[list[Subject], np.ndarray]:
    """Recorded visits of virtual patients of another draw, seen at a total of about 38; and their totals a year on."""
    draw = np.random.default_rng(8)
    truth = lines(count, 77)
    month = np.argmin(np.abs(truth.total - 38 - 3 * draw.standard_normal(count)[:, None]), axis=1)
    month = np.maximum(month, 1)
    when = month[:, None] + VISITS / 30.4375
    rows = np.arange(count)[:, None]
    score = np.stack([at(truth.items[:, k], rows, when) for k in range(12)], axis=2)
    rated = np.clip(np.round(score + 0.35 * draw.standard_normal(score.shape)), 0, 4)
    total = rated.sum(axis=2) if items else at(truth.total, rows, when) + noise * draw.standard_normal(when.shape)
    later = at(truth.total, rows, when[:, -1:] + 9.0)[:, 0]
    none = np.full(len(VISITS), np.nan)
    subjects = [
        Subject(
            str(k), VISITS, np.clip(np.round(total[k]), 0, 48), rated[k] if items else np.full((4, 12), np.nan), none,
            none, onset=-month[k] * 30.4375, end=91.0,
        )
        for k in range(count)
    ]  # fmt: skip
    return subjects, later


@pytest.fixture(scope="module")
def fitted(library) -> tuple[Fit, np.ndarray]:
    subjects, later = patients(library, 24)
    return fit(subjects, library, seed=2), later


def test_forecasts_of_the_models_own_patients_cover_what_comes(fitted):
    found, later = fitted
    drawn = [forecast.draw(found, cloud, [9.0], draws=200) for cloud in found.clouds]
    ends = [forecast.quantiles(one.total[:, 0]) for one in drawn]
    inside = np.mean([e["low_90"] - 0.5 <= y <= e["high_90"] + 0.5 for e, y in zip(ends, later, strict=True)])
    assert 0.75 < inside <= 1
    error = np.array([e["median"] for e in ends]) - later
    assert abs(error.mean()) < 1.0
    now = np.array([cloud.seen.total.mean() for cloud in found.clouds])
    assert error.std() < 0.6 * (now - later).std()
    width = np.mean([e["high_90"] - e["low_90"] for e in ends])
    assert np.mean([e["high_50"] - e["low_50"] for e in ends]) < 0.6 * width


def test_the_paces_of_such_a_cohort_stay_near_those_of_the_virtual_patients(fitted, library):
    paces = fitted[0].paces
    assert abs(paces.before) < 0.15
    assert paces.before_sd < start(3).before_sd
    assert paces.residual_sd < start(3).residual_sd
    assert paces.offset_sd < start(3).offset_sd  # these patients have no level of their own
    slower = [replace(s, onset=2 * s.onset) for s in (c.seen.subject for c in fitted[0].clouds)]
    assert fit(slower[:12], library, seed=2).paces.before < paces.before - 0.1  # few of them: drawn to the prior


def test_everyone_has_particles_enough_or_is_named(fitted, library):
    found = fitted[0]
    assert all(cloud.weight.sum() == pytest.approx(1) for cloud in found.clouds)
    assert {c.seen.subject.name for c in found.clouds if c.effective < 100} == set(found.few)
    assert len(found.few) <= 3
    # Nobody falls and rises like this: few particles count, and the patient is drawn again and named.
    odd = replace(
        found.clouds[0].seen.subject,
        days=np.arange(0, 1200, 30.0),
        total=np.where(np.arange(40) % 2, 45.0, 20.0),
        items=np.full((40, 12), np.nan),
        svc=np.full(40, np.nan),
        nfl=np.full(40, np.nan),
        end=1170.0,
    )
    one = fit([odd], library, paces=found.paces)
    assert one.clouds[0].refined
    assert one.few == ["0"] or one.clouds[0].effective >= 100


def test_without_an_onset_a_patient_is_fitted_all_the_same_with_less_known(fitted, library):
    subject = fitted[0].clouds[3].seen.subject
    known, unknown = fit([subject, replace(subject, onset=np.nan)], library, paces=fitted[0].paces).clouds
    spread = [np.sqrt(c.weight @ (np.log(c.start) - c.weight @ np.log(c.start)) ** 2) for c in (known, unknown)]
    assert spread[1] > spread[0]


def test_a_level_that_is_integrated_out_is_the_normal_density_with_that_covariance():
    from scipy.stats import multivariate_normal

    residual = np.array([1.0, 2.5, -0.3])
    covariance = 2.0**2 * np.eye(3) + 1.5**2
    expected = multivariate_normal(np.zeros(3), covariance).logpdf(residual)
    assert log_level(residual.sum(), (residual**2).sum(), 3, 2.0, 1.5) == pytest.approx(expected)


def test_frailty_leaves_the_median_and_lengthens_the_tail():
    assert np.exp(log_alive(np.array(np.log(2)))) == pytest.approx(0.5)
    assert np.exp(log_alive(np.array(5.0))) > np.exp(-5.0)


def test_what_is_learnt_is_the_weighted_mean_of_the_paces_drawn_to_the_prior():
    draw = np.random.default_rng(1)
    p = 0.4 + 0.2 * draw.standard_normal((400, 1))
    q = 0.7 + 0.1 * (p - 0.4) + 0.2 * draw.standard_normal((400, 1))
    zero = np.zeros((400, 1))
    clouds = Clouds(p, q, zero.astype(int), zero, 4 + zero, np.full(400, 4.0), zero, np.zeros(400), zero)
    paces = learn(clouds, start(1))
    assert paces.before == pytest.approx(0.4, abs=0.03)
    assert paces.after == pytest.approx(0.7, abs=0.05)
    assert paces.before_sd == pytest.approx(0.2, abs=0.05)


def test_the_dead_are_not_forecast_and_milestones_are_words_with_ends(fitted):
    found = fitted[0]
    gone = replace(found.clouds[0].seen, subject=replace(found.clouds[0].seen.subject, died=True))
    some = replace(found, clouds=(replace(found.clouds[0], seen=gone), *found.clouds[1:4]))
    made = results.forecasts(some, 12)
    assert set(made.survival["subject"]) == {"1", "2", "3"}
    assert len(made.milestones) == 3 * len(milestones())
    assert len(made.scores) == 3 * 4 * len(results.QUANTITIES)
    living = made.scores.dropna()
    assert (living["low_90"] <= living["low_50"]).all()
    assert (living["high_50"] <= living["high_90"]).all()
    assert not np.signbit(living["low_90"]).any()  # no patient scores -0
    assert made.scores[made.scores["quantity"].isin(ITEMS)]["high_90"].max() <= 4
    assert not made.milestones["sentence"].str.contains("inf|nan").any()
    told = made.milestones[(made.milestones["comes"] > 0.5) & ~made.milestones["already"]]
    assert told["sentence"].str.contains(r": in [\d.]+ (?:to [\d.]+ months|months or later)").all()


def test_words_of_a_milestone_have_the_digits_of_its_figures():
    one = milestones()[0]
    soon = np.array([0.5] * 60 + [12.0] * 20 + [np.inf] * 20)
    told = forecast.in_words(one, soon)
    assert ": in 0.5 months or later, or never (20 %) (90 %; middle half 0.5 to 12)" in told
    ends = forecast.time_quantiles(soon)
    assert say(ends["low_90"]) == "0.5"
    assert say(ends["high_50"]) == "12"
    assert not re.search(r"\b0 months|\b0 to\b", told)


def test_the_verbs_make_a_folder_with_tables_and_a_report(tmp_path, monkeypatch, library):
    monkeypatch.setattr(cohort_rooms, "build", lambda models, workers, progress: library)
    monkeypatch.setattr(cohort_runs, "identity", lambda verb, **inputs: {"verb": verb, **inputs})
    monkeypatch.setattr(cohort_runs, "sources_used", tuple)
    monkeypatch.setattr(sections, "draw", lambda *given: "<svg></svg>")
    subjects, _ = patients(library, 3)
    rows = [",".join(["subject", "days", *ITEMS])]
    for one in subjects:
        rows += [",".join([one.name, f"{d:g}", *(f"{x:g}" for x in r)]) for d, r in zip(VISITS, one.items, strict=True)]
    visits, people = tmp_path / "visits.csv", tmp_path / "people.csv"
    visits.write_text("\n".join([*rows, "9,0" + ",5" * 12]) + "\n")
    people.write_text("subject,onset\n" + "".join(f"{s.name},{s.onset:g}\n" for s in subjects))
    asked = ["cohort", "forecast", str(visits), str(people), "--months", "12", "--subject", "2", "--workers", "1",
             "--out", str(tmp_path / "runs")]  # fmt: skip
    refused = CliRunner().invoke(app, asked)
    assert refused.exit_code == 2
    assert "--set-aside" in refused.stderr
    done = CliRunner().invoke(app, [*asked, "--set-aside", "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    mine = [row for row in told["summary"] if row.get("subject") == "2"]
    assert {"ALSFRS-R total in 12 months", "walking in 12 months", "alive without ventilation for"} <= {
        row["quantity"] for row in mine
    }
    assert all(
        "never: not within 60 months after the last visit, or death comes first" in row["interval"] for row in mine
    )
    assert (
        "Never: not within 60 months" in (tmp_path / "runs" / told["run"].rsplit("/", 1)[1] / "report.html").read_text()
    )
    shown = " ".join(CliRunner().invoke(app, [*asked, "--set-aside"]).stdout.split())
    assert "Range: 90 % of draws; never: not within 60 months after the last visit, or death comes first." in shown
    page = (tmp_path / "runs" / told["run"].rsplit("/", 1)[1] / "report.html").read_text()
    for text in ("Patient 2", "Rows that were set aside", "What the cohort moved", "are forecast to be alive"):
        assert text in page
    assert page.index("Patient 2") < page.index("Patient 0")
    fitted_alone = CliRunner().invoke(app, ["cohort", "fit", *asked[2:4], "--set-aside", *asked[-4:]])
    assert fitted_alone.exit_code == 0, fitted_alone.output
    assert "effective particles" in fitted_alone.stdout
    central = CliRunner().invoke(app, ["cohort", "fit", *asked[2:4], "--set-aside", "--models", "1", *asked[-4:]])
    assert central.exit_code == 0, central.output
    assert "What the evidence leaves open is not shown: one model" in central.stderr
    assert CliRunner().invoke(app, ["cohort", "fit", *asked[2:4], "--set-aside", "--models", "9999"]).exit_code == 2
