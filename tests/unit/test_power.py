"""Libraries of twins, and operating characteristics on people whose truth is known."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from test_trials_run import protocol
from trials_fake_world import FACTOR, UNTREATED, FakeWorld
from typer.testing import CliRunner

from charcot.core.errors import Problems
from charcot.core.pieces import Pieces, keeping
from charcot.core.units import DAYS_PER_MONTH
from charcot.engine.campaign import Folder, run
from charcot.fitting import assurance as assurance_room
from charcot.fitting.layers import Model
from charcot.interfaces.cli import execute, power_rooms
from charcot.interfaces.cli import power as verb
from charcot.interfaces.cli.main import app
from charcot.patients import Assumed
from charcot.trials import templates
from charcot.trials.library.job import UNTREATED as UNTREATED_KIND
from charcot.trials.library.job import LibraryJob
from charcot.trials.library.replicates import people_of, plan_of, records_of, trial_of
from charcot.trials.library.twins import Library, blocks_of, build, join
from charcot.trials.power import operating
from charcot.trials.power.grid import AS_WRITTEN, Cell, Grid, sizes_of, visits_until
from charcot.trials.power.operating import Bench, characteristics, library_job
from charcot.trials.power.sample_size import line, smallest
from charcot.trials.power.tally import Share

PEOPLE = 900
OPEN: dict[str, Any] = {
    "screening": {"delay_after_diagnosis": {"median": "30 days", "log_sd": 0.5}},
    "eligibility": {"age": {"min": "30 years", "max": "75 years"}},
    "randomisation": {"stratify": [{"by": "age", "cuts": ["60 years"]}]},
    "arms": [
        {"id": "active", "n": 30, "treatments": [{"product": "slower", "dose": "60 mg"}]},
        {"id": "placebo", "n": 30},
    ],
    "endpoints": ["alsfrs_r_change_observed", "joint_rank", "survival"],
}
YOUNGER = "age.max=55 years"


@pytest.fixture(scope="module")
def grid() -> Grid:
    young = protocol(**{**OPEN, "eligibility": {"age": {"min": "30 years", "max": "55 years"}}})
    return Grid(protocol(**OPEN), (30,), (None, 9.0), (None, 0.3), {YOUNGER: young})


@pytest.fixture(scope="module")
def library(grid: Grid) -> Library:
    job = library_job(grid, PEOPLE, FakeWorld())
    return join(job, [job.block(0, PEOPLE)])


@pytest.fixture(scope="module")
def bench(grid: Grid, library: Library) -> Bench:
    return Bench(grid, library)


def test_twins_share_everything_but_the_treatment(library: Library) -> None:
    untreated, treated = library.items[:, 0].sum(axis=2), library.items[:, 1].sum(axis=2)
    assert np.array_equal(untreated[:, 0], treated[:, 0])
    alive = np.isfinite(untreated)
    assert (treated[alive] >= untreated[alive] - 1e-9).all()
    lost = (untreated[:, :1] - untreated)[alive].sum(), (treated[:, :1] - treated)[alive].sum()
    assert lost[1] == pytest.approx(FACTOR["slower"] * lost[0], rel=0.08)  # items that reach 0 stop
    assert library.kind_of(0) == 1
    assert library.kind_of(1) == UNTREATED_KIND


def test_everybody_whom_some_rules_let_in_is_there_once(library: Library, grid: Grid) -> None:
    assert library.enters.any(axis=0).all()
    assert library.enters[0].all()
    age = library.subjects["screening_age"].to_numpy()
    assert np.array_equal(library.enters[1], age <= 55)
    assert library.drawn == PEOPLE == len(library) + sum(library.reasons[0].values())
    assert library.subjects["number"].is_unique


def test_a_library_that_is_interrupted_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    job = LibraryJob((protocol(**OPEN),), 100, (0.0, 84.0, 168.0), FakeWorld())

    seen: list[int] = []

    def interrupt(done: int) -> None:
        seen.append(done)
        if len(seen) == 3:  # the second chunk is computed and not yet recorded
            raise KeyboardInterrupt

    one, two = tmp_path / "one", tmp_path / "two"
    run(job, Folder.begin(one, job, 25))
    with pytest.raises(KeyboardInterrupt):
        run(job, Folder.begin(two, job, 25), progress=interrupt)
    assert 0 < sum(Folder.open(two).finished(span) for span in Folder.open(two).spans()) < 4
    run(job, Folder.begin(two, job, 25))
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(two) for path in two.rglob("*") if path.is_file())
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in files)
    whole, parts = join(job, [job.block(0, 100)]), join(job, blocks_of(Folder.open(one)))
    assert np.array_equal(whole.items, parts.items, equal_nan=True)
    pd.testing.assert_frame_equal(whole.subjects, parts.subjects)


def test_a_slowed_twin_runs_through_the_untreated_course_more_slowly(library: Library) -> None:
    plain, slowed = library.latent(0, library.job.days), library.latent(0, library.job.days, 0.5)
    assert np.allclose(slowed.death, 2 * plain.death)
    days = np.array(library.job.days)
    k = int(np.argmin(abs(days - 2 * DAYS_PER_MONTH)))
    alive = plain.death > days[k]
    halfway = [np.interp(days[k] / 2, days, row) for row in plain.items[alive].sum(axis=2)]
    assert np.allclose(slowed.items[alive][:, k].sum(axis=1), halfway)


def test_trials_are_addressed_and_smaller_ones_lie_within_larger_ones(bench: Bench) -> None:
    small, large = bench.plan(Cell(20)), bench.plan(Cell(40))
    records = bench.records(Cell(20))
    assert np.array_equal(people_of(records, small, 3), people_of(records, large, 3)[:40])
    assert not np.array_equal(people_of(records, small, 3), people_of(records, small, 4))
    assert len(set(people_of(records, large, 3))) == 80
    again, null = trial_of(records, large, 3), trial_of(records, large.null, 3)
    assert np.array_equal(again.arms, null.arms)
    assert np.bincount(again.arms).tolist() == [40, 40]
    reference = again.arms == 0  # the protocol names the active arm first
    assert np.array_equal(again.values["alsfrs_r"][reference], null.values["alsfrs_r"][reference], equal_nan=True)
    assert np.nansum(again.values["alsfrs_r"]) > np.nansum(null.values["alsfrs_r"])


def test_a_trial_that_is_larger_than_its_library_meets_it_again(library: Library) -> None:
    plan = plan_of(library, protocol(**OPEN), (len(library), 5))
    met = people_of(records_of(library, protocol(**OPEN)), plan, 0)
    assert np.bincount(met).tolist().count(2) == 5


def test_figures_of_a_design_are_right(bench: Bench, grid: Grid) -> None:
    """Of the change at month 5.5 the effect is known, and power follows from the spread of the estimates."""
    table = characteristics(bench, [Cell(30), Cell(30, effect=0.3)], 300)
    assert len(table) == 6
    change = table[table["estimand"] == "alsfrs_r_change_observed"]
    treated, slowed = change.iloc[0], change.iloc[1]
    assert treated["value"] == pytest.approx((1 - FACTOR["slower"]) * UNTREATED * 168 / DAYS_PER_MONTH, rel=0.2)
    assert slowed["value"] == pytest.approx(treated["value"] * 0.3 / (1 - FACTOR["slower"]), rel=0.2)
    from scipy.stats import norm

    for row in (treated, slowed):
        expected = norm.cdf(row["value"] / row["sd"] - 1.96)
        assert row["power"] == pytest.approx(expected, abs=0.07)
        assert row["type_one"] == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / 300))
        assert abs(row["bias"]) < 4 * math.hypot(row["bias_error"], row["value_error"])
        assert row["coverage"] == pytest.approx(0.95, abs=0.05)
        assert row["power_error"] > math.sqrt(row["power"] * (1 - row["power"]) / 300)  # the library's own part
        assert row["mean_error"] == pytest.approx(row["sd"], rel=0.15)
    assert treated["type_one"] == slowed["type_one"]  # the same null trials
    rank = table[table["estimand"] == "joint_rank"].iloc[0]
    assert abs(rank["bias"]) < 0.05 * rank["value"]  # a difference of ranks grows with the trial


def test_counted_trials_are_kept_and_more_go_on_from_them(grid: Grid, library: Library, tmp_path: Path) -> None:
    cell = Cell(10, 9.0, 0.3, YOUNGER)
    with keeping(Pieces(tmp_path / "pieces")):
        first = Bench(grid, library).treated(cell, 50)
        seen: list[int] = []
        original = operating.count
        operating.count = lambda task: seen.append(task.first) or original(task)  # type: ignore[func-returns-value]
        try:
            more = Bench(grid, library).treated(cell, 100)
        finally:
            operating.count = original
    assert seen == [50]
    alone = Bench(grid, library).treated(cell, 100)
    assert more == alone
    assert {key: tally.trials for key, tally in first.items()} == dict.fromkeys(first, 50)


def test_the_smallest_size_is_where_theory_puts_it(bench: Bench) -> None:
    cell = Cell(20, effect=0.3)
    contrast = ("alsfrs_r_change_observed", "active")
    found = smallest(bench, cell, contrast, 0.8, 200)
    tally, aim = bench.treated(cell, 100, only=contrast)[contrast], bench.aims(cell)[contrast]
    theory = 20 * ((1.96 + 0.8416) * tally.sd / aim.value) ** 2
    assert found.n == pytest.approx(theory, rel=0.2)
    assert found.lower < found.n <= math.ceil(found.upper)
    assert abs(found.power.value - 0.8) < 4 * found.power.error
    assert found.patients == 2 * found.n
    nothing = smallest(bench, Cell(20, effect=0.0), contrast, 0.8, 20)
    assert nothing.n is None
    assert "0.8 is not reached" in nothing.note


def test_the_line_of_power_in_the_root_of_the_size_is_recovered() -> None:
    from scipy.stats import norm

    tried = {n: (10**6, round(10**6 * float(norm.cdf(-1.8 + 0.3 * math.sqrt(n))))) for n in (20, 60, 120)}
    a, b, covariance = line(tried, -1.96)
    assert (a, b) == (pytest.approx(-1.8, abs=0.01), pytest.approx(0.3, abs=0.002))
    assert 0 < covariance[1, 1] < 1e-5
    assert line({100: (1000, 500)}, -1.96)[:2] == (-1.96, pytest.approx(0.196))


def test_shares_have_errors_and_intervals_also_at_the_ends() -> None:
    assert Share.of(50, 100).error == pytest.approx(0.05)
    assert [Share.of(hits, 100).error for hits in (0, 100)] == pytest.approx([0.00702, 0.00702], abs=1e-5)
    assert (Share.of(0, 100).lower, Share.of(0, 100).upper) == (pytest.approx(0), pytest.approx(0.0370, abs=1e-4))
    assert Share.of(50, 100, 0.05).error == pytest.approx(0.05 * math.sqrt(2))


@pytest.mark.parametrize(
    ("visits", "months", "expected"),
    [
        ((0.0, 84.0, 168.0), None, (0.0, 84.0, 168.0)),
        ((0.0, 84.0, 168.0), 5.5, (0.0, 84.0, 168.0)),  # 24 weeks
        ((0.0, 84.0, 168.0), 12.0, (0.0, 84.0, 168.0, 252.0, 365.25)),
        ((0.0, 84.0, 168.0), 3.0, (0.0, 91.3125)),
    ],
)
def test_a_plan_of_visits_ends_when_it_is_asked_to(visits: Any, months: Any, expected: Any) -> None:
    assert visits_until(visits, months) == pytest.approx(expected)


def test_arms_keep_their_ratio() -> None:
    assert sizes_of([1, 1], 50) == (50, 50)
    assert sizes_of([69, 68], 50) == (50, 50)
    assert sizes_of([2, 1], 50) == (67, 33)
    assert sizes_of([40, 10, 10], 20) == (40, 10, 10)


def test_entry_rules_that_leave_nobody_are_refused_with_the_reasons(grid: Grid) -> None:
    old = protocol(**{**OPEN, "eligibility": {"age": {"min": "99 years"}}})
    none = Grid(protocol(**OPEN), (10,), entries={"old": old})
    job = library_job(none, 60, FakeWorld())
    with pytest.raises(
        Problems, match=r"nobody is eligible under the entry rules 'old': of 60 people .* age below"
    ) as e:
        Bench(none, join(job, [job.block(0, 60)]))
    assert e.value.problems[0].hint == "Widen the rule that excludes most, or draw more people (--people)."


def test_looks_before_the_end_keep_to_alpha_and_save_patients(library: Library) -> None:
    looks = {"at": ["50 %"], "bounds": "pocock", "futility": "20 %"}
    one = Grid(protocol(**OPEN, analysis={"interim": looks}), (30,))
    bench = Bench(one, replace(library, enters=library.enters[:1]))
    table = operating.looks_table(bench, [Cell(90)], "alsfrs_r_change_observed", 150)
    treated, null = (table[table["treated"] == which].reset_index(drop=True) for which in (True, False))
    assert treated["bound"].tolist() == pytest.approx([2.178, 2.178], abs=1e-3)
    assert treated["spent"].iloc[-1] == pytest.approx(0.05)
    assert null["significant"].iloc[0] == pytest.approx(0.05, abs=0.06)
    assert treated["significant"].iloc[0] > 0.75
    assert treated["difference"].iloc[0] > 0.4  # at the first look
    for rows in (treated, null):
        assert rows["difference"].sum() + rows["nothing"].sum() == pytest.approx(1)
        assert 90 < rows["patients"].iloc[0] < 175
    assert null["nothing"].iloc[0] > 0.5  # stopped for futility
    with pytest.raises(ValueError, match="no looks"):
        Bench(Grid(protocol(**OPEN), (30,)), library).stops(Cell(30), ("survival", "active"), 20)


class Weaker(FakeWorld):
    """A world in which decline is slower, so that there is less to slow."""

    def population(self, cohort: str, overrides: Any) -> float:
        return UNTREATED / 3


def test_assurance_is_the_mean_of_the_powers_of_the_models(grid: Grid) -> None:
    models = [Model(1, Assumed(lines=("as shipped",))), Model(2, Assumed(lines=("weaker",)), ("effect",))]
    worlds = {"as shipped": FakeWorld, "weaker": Weaker}
    found = assurance_room.assurance(
        grid, [Cell(15)], models, 60, 200, world=lambda assumed: worlds[assumed.lines[0]]()
    )
    row = found.table.set_index("estimand").loc["alsfrs_r_change_observed"]
    powers = found.powers.query("estimand == 'alsfrs_r_change_observed'").set_index("model")["power"]
    assert powers[1] > powers[2] + 0.2
    assert row["assurance"] == pytest.approx(powers.mean())
    assert (row["lower"], row["upper"], row["models"], row["none"]) == (powers[2], powers[1], 2, 0.5)
    assert found.failed == {}


# the verb


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """People whose truth is known behind a shipped template, whose treatment slows them."""
    monkeypatch.setitem(FACTOR, "aav_mir126", 0.5)
    monkeypatch.setattr(
        power_rooms, "library_job", lambda grid, people, assumed: library_job(grid, people, FakeWorld())
    )
    monkeypatch.setattr(verb, "identity", lambda kind, **words: {"verb": kind, **words, "versions": {}})
    monkeypatch.setattr(execute, "manifest", lambda *given, **more: {"files": [], **more})
    monkeypatch.chdir(tmp_path)
    (tmp_path / "protocol.yaml").write_text(templates()["aav-mir126"].read_text())
    return tmp_path


def call(*words: str) -> Any:
    return CliRunner().invoke(app, ["power", "protocol.yaml", *words], env={"COLUMNS": "200"})


def test_the_verb_says_power_type_one_error_and_size(place: Path) -> None:
    words = ["--set", "endpoints=[alsfrs_r_change_observed]", "--people", "250", "--replicates", "40", "--models", "1",
             "--workers", "1"]  # fmt: skip
    done = call(*words, "--n", "10,25", "--months", "12", "--effect", "drug,30%", "--json")
    assert done.exit_code == 0, done.output + done.stderr
    answer = json.loads(done.stdout)
    assert [row["quantity"] for row in answer["summary"]] == [
        "10 per arm, 12 months, the treatment", "25 per arm, 12 months, the treatment",
        "10 per arm, 12 months, 30 % slower", "25 per arm, 12 months, 30 % slower",
    ]  # fmt: skip
    row = answer["summary"][1]
    assert row["simulated"] == pytest.approx(100 * row["figures"]["power"])
    assert 0 < row["figures"]["power_error"] < row["figures"]["power"]
    assert "NEVER GIVEN TO PEOPLE" in " ".join(answer["given_to_people"])
    page = (place / answer["report"]).read_text()
    for text in ("no effect (type I error)", "Operating characteristics", "one model, as asked for", "NEVER GIVEN"):
        assert text in page
    sized = call(*words, "--target", "0.8", "--months", "12")
    assert sized.exit_code == 0, sized.output
    assert "patients per arm" in sized.stdout
    assert "95 % Monte-Carlo interval of the size" in sized.stdout
    assert len(list(place.glob("runs/twins-aav-mir126-*"))) == 1  # one library served both


def test_wrong_words_are_reported_together(place: Path) -> None:
    done = call("--n", "10,many", "--months", "x", "--effect", "big", "--target", "2", "--endpoint", "alsfrs_r_slop")
    assert done.exit_code == 2
    for text in ("'many' is no number of patients", "'x' is not a number", "'big' is not a number",
                 "a power of 2 is not looked for", "has no endpoint 'alsfrs_r_slop'", "--n 50,100"):  # fmt: skip
        assert text in done.stderr
    done = call("--n", "1", "--months", "0.1,400", "--effect", "1.5")
    assert done.exit_code == 2
    for text in ("1 patients per arm", "after 0.1 months", "after 400 months", "an effect of 1.5"):
        assert text in done.stderr
    done = call("--entry", "tricals.max=-40")
    assert done.exit_code == 2
    assert "eligibility.tricals.max: -40 is not possible" in done.stderr


def test_entry_rules_are_designs_of_their_own(place: Path) -> None:
    small = ["--set", "endpoints=[alsfrs_r_change_observed]", "--people", "250", "--replicates", "20", "--models", "1"]
    done = call(*small, "--entry", "age.max=60 years; age.min=20 years", "--n", "12", "--workers", "1", "--json")
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)["summary"]
    assert [row["figures"]["entry"] for row in rows] == [AS_WRITTEN, "age.max=60 years; age.min=20 years"]
    assert rows[0]["figures"]["twins"] > rows[1]["figures"]["twins"] > 20


def test_a_library_is_read_again(tmp_path: Path) -> None:
    world = FakeWorld()
    job = LibraryJob((protocol(**OPEN),), 60, (0.0, 84.0, 168.0), world)
    first = build(job, tmp_path / "twins")
    simulated = len(world.calls)
    again = build(job, tmp_path / "twins")
    assert len(world.calls) == simulated
    assert np.array_equal(first.death, again.death, equal_nan=True)
