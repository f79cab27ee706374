"""The Treatments screen's answers: the numbers of ``charcot sweep``, what nobody was given, and no word of survival."""

import json
import math
import re
from pathlib import Path

import pandas as pd
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from charcot.core.errors import Problems
from charcot.interfaces.cli.main import app as command_line
from charcot.interfaces.explorer import openness
from charcot.interfaces.explorer.guard import local_hosts
from charcot.interfaces.explorer.people import Cancelled
from charcot.interfaces.explorer.server import make_app
from charcot.interfaces.explorer.treatment_layers import opened_gain
from charcot.interfaces.explorer.treatment_questions import pairs_plan, window_plan
from charcot.interfaces.explorer.treatments import AS_MUCH, LESS, MORE, _beside, pairs_of, window_of
from charcot.patients import Traits
from charcot.studies.window import latest

HOST = "127.0.0.1:8710"
SURVIVAL = re.compile(r"surviv|\bdie\b|\bdeath|hazard|\blive\b", re.I)
CARRIER = Traits("SOD1", 62.0, "lumbar")


@pytest.fixture(scope="module")
def client():
    app = make_app(local_hosts(8710), warm=False)
    with TestClient(app, base_url=f"http://{HOST}", raise_server_exceptions=False) as one:
        yield one


def silent(_done, _total):
    pass


def window(traits, product, doses="0.5,1", starts="-1,0,1", at=24, gained="alsfrs"):
    return window_of(window_plan(traits, product, doses, starts, at, gained), not doses, silent)


def streamed(answer):
    """The last event of a stream: its name and its data."""
    assert answer.status_code == 200, answer.text
    name, data = answer.text.strip().split("\n\n")[-1].split("\n")
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def swept(place, *words):
    """The tables and the summary that ``charcot sweep --json`` leaves of one patient."""
    asked = ["sweep", "--patient", "lumbar", "--population", "SOD1", "--age", "62", "--models", "1", "--json", *words]
    done = CliRunner().invoke(command_line, [*asked, "--out", str(place)])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    folder = Path(told["run"]) / "tables"
    return told["summary"], {name: pd.read_parquet(folder / f"{name}.parquet") for name in ("cells", "interactions")}


# the numbers of charcot sweep


@pytest.mark.parametrize(("gained", "endpoint", "alive"), [("alsfrs", "alsfrs", True), ("time", "survival", False)])
def test_the_window_has_the_numbers_of_a_sweep(client, tmp_path, monkeypatch, gained, endpoint, alive):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    summary, tables = swept(
        tmp_path, "-p", "riluzole", "--no-pairs", "--dose", "0.5,1,4", "--start=-1,0,1", "--at", "24 months",
        "--endpoint", endpoint, *(["--while-alive"] if alive else []),
    )  # fmt: skip
    asked = {"genotype": "SOD1", "doses": "0.5,1,4", "starts": "-1,0,1", "at": 24, "gained": gained}
    name, told = streamed(client.get("/api/window", params=asked))
    assert name == "answer"
    cells = tables["cells"].query("endpoint == @endpoint")
    for dose, gains in zip(told["doses"], told["gains"], strict=True):
        own = cells[cells["dose_multiple"] == dose["multiple"]].sort_values("start_years")
        assert gains == pytest.approx(own["benefit"].tolist(), abs=1e-9)
        assert (dose["standing"] == "given") is not bool(own["beyond_studied"].any())
        assert own["untreated"].tolist() == pytest.approx([told["untreated"]] * len(own), abs=1e-9)
    assert max(max(row) for row in told["gains"]) == pytest.approx(summary[0]["simulated"], abs=1e-9)
    lost = {row["quantity"]: row["simulated"] for row in summary if "no return" in row["group"]}
    for row in told["closing"]:
        if row["ideal"]:
            assert row["half_lost"] == pytest.approx(lost[f"{row['what']}: half of the best gain is lost at"], abs=1e-9)


def test_a_pair_has_the_numbers_of_a_sweep(client, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    _, tables = swept(tmp_path, "-p", "riluzole", "-p", "tofersen", "--dose", "1", "--start=0.5", "--at", "36 months",
                      "--endpoint", "alsfrs", "--while-alive")  # fmt: skip
    asked = {"genotype": "SOD1", "with": ["riluzole", "tofersen"], "start": 0.5}
    _, told = streamed(client.get("/api/pairs", params=asked))
    row = tables["interactions"].query("endpoint == 'alsfrs'").iloc[0]
    (pair,) = told["pairs"]
    for mine, theirs in (("gain_first", "first"), ("gain_second", "second"), ("together", "both"), ("added", "added"),
                         ("bliss", "bliss")):  # fmt: skip
        assert pair[mine] == pytest.approx(row[theirs], abs=1e-9)
    assert pair["added"] == pytest.approx(pair["gain_first"] + pair["gain_second"], abs=1e-9)


def test_the_same_person_as_on_the_patient_screen_is_asked_about(client):
    """Untreated function at 24 months, by two ways."""
    _, told = streamed(client.get("/api/window", params={"genotype": "SOD1", "doses": "1", "starts": "0", "at": 24}))
    run = client.get("/api/patient", params={"genotype": "SOD1"}).json()
    total = run["series"][0]["untreated"][run["months"].index(24)]
    assert told["untreated"] == pytest.approx(total, rel=1e-3)


# what nobody was given


def test_doses_outside_what_people_were_given_are_told_of():
    told = window(CARRIER, "riluzole", doses="", starts="0")
    assert [dose.standing for dose in told.doses] == ["outside", "given", "given", "given", "outside"]
    assert [bool(dose.words) for dose in told.doses] == [True, False, False, False, True]
    assert "gains most at 200 mg (a dose outside what people were given), started at onset" in told.finding
    assert "Of the doses that people were given 100 mg gains most, started at onset: " in told.finding


def test_the_key_sentence_says_what_was_never_given_to_people():
    told = window(CARRIER, "translation_restorer", starts="0")
    assert {dose.standing for dose in told.doses} == {"never"}
    assert told.helps
    for sentence in (told.finding, told.closing_words[0], told.doses[0].words, *told.standing.lower().split(": ")[1:2]):
        assert "never given to people" in sentence.lower(), sentence
    pair = pairs_of(pairs_plan(CARRIER, ["riluzole", "translation_restorer"], 0.0, 24, "alsfrs"), silent).pairs[0]
    assert pair.finding.endswith("Never given to people: Restorer of local translation (hypothetical).")


def test_a_drug_without_its_target_gains_nothing_and_no_time_of_no_return_is_told():
    told = window(Traits(), "tofersen", at=36)
    assert not told.helps
    assert max(abs(gain) for row in told.gains for gain in row) < 0.024
    assert "gains nothing" in told.finding
    assert "no time of no return" in told.closing_words[0]
    assert any("acts on nothing" in note for note in told.notes)


def test_a_usual_dose_above_the_largest_is_left_out_and_said():
    told = window(Traits(), "niv", doses="", starts="0")
    assert [dose.multiple for dose in told.doses] == [0.25, 0.5, 1.0, 2.0]
    assert any("left out: 32 hour" in note for note in told.notes)
    with pytest.raises(Problems):
        window(Traits(), "niv", doses="4", starts="0")


# the time of no return, and pairs


def test_the_time_of_no_return_is_that_of_the_gains_shown():
    told = window(CARRIER, "riluzole", doses="0.5,1", starts="-1,0,1,1.5,2", at=24)
    own = next(one for one in told.closing if not one.ideal)
    starts, gains = pd.Series(told.starts).to_numpy(), pd.Series(told.gains[1]).to_numpy()
    assert own.half_lost == pytest.approx(latest(starts, gains, 0.5), abs=1e-9)
    assert own.lost == pytest.approx(latest(starts, gains, 0.1), abs=1e-9)
    assert f"lost {round(own.half_lost, 1):g} year" in told.closing_words[0]
    assert "second reason" in told.closing_words[-1]


@pytest.mark.parametrize(
    ("together", "words"), [(2.3, MORE), (2.19, AS_MUCH), (2.0, AS_MUCH), (1.81, AS_MUCH), (1.7, LESS)]
)
def test_a_pair_is_more_than_about_or_less_than_the_sum(together, words):
    assert _beside(together, 2.0, 0.01) == words


def test_differences_that_the_solver_may_leave_are_none():
    assert _beside(0.02, 0.0, 0.024) == _beside(-0.02, 0.0, 0.024) == AS_MUCH


def test_four_products_make_six_pairs_each_with_its_words():
    names = ["riluzole", "tofersen", "translation_restorer", "treg_infusion"]
    told = pairs_of(pairs_plan(CARRIER, names, 0.0, 24, "innervation"), silent)
    assert len(told.pairs) == 6
    assert {pair.beside for pair in told.pairs} <= {MORE, LESS, AS_MUCH}
    for pair in told.pairs:
        assert f"{pair.beside} the sum" in pair.finding


# nothing of survival before it is asked for


@pytest.mark.parametrize("path", ["/api/window?doses=1&starts=0", "/api/pairs?with=riluzole&with=niv"])
@pytest.mark.parametrize("gained", ["alsfrs", "innervation"])
def test_no_word_of_survival_is_on_its_way(client, path, gained):
    answer = client.get(f"{path}&at=72&gained={gained}")
    assert streamed(answer)[0] == "answer"
    assert not SURVIVAL.search(answer.text), SURVIVAL.search(answer.text)


def test_function_goes_on_where_a_life_would_have_ended(client):
    """At 72 months no such person is left: a score of zero would tell of it."""
    _, told = streamed(client.get("/api/window?doses=1&starts=0&at=72&gained=innervation"))
    assert told["untreated"] > 0
    _, time = streamed(client.get("/api/window?doses=1&starts=0&gained=time"))
    assert time["untreated"] < 72
    assert time["gained"] == {"name": "time", "title": time["gained"]["title"], "unit": "months", "at": None}


# how sure


def test_three_layers_of_a_gain():
    steps = []
    plan = window_plan(CARRIER, "riluzole", "1", "0", 24, "alsfrs")
    told = opened_gain(CARRIER, plan, 2, lambda done, total: steps.append((done, total)))
    (series,) = told.series
    assert [one.name for one in told.layers] == ["patients", "monte_carlo", "models"]
    assert (told.models, told.used, told.months) == (2, 2, [24.0])
    assert 0 < told.persons <= openness.PERSONS
    assert series.patients_low[0] < series.chance_low[0] < series.mean[0] < series.chance_high[0]
    assert series.models_low[0] <= series.models_middle[0] <= series.models_high[0]
    assert steps == sorted(steps)
    assert steps[-1][0] <= steps[-1][1]
    assert not SURVIVAL.search(told.model_dump_json())


def test_who_has_antibodies_is_left_out_of_the_layers_and_counted():
    told = opened_gain(Traits(), window_plan(Traits(), "aav_mir126", "1", "0", 24, "alsfrs"), 2, silent)
    assert told.persons < openness.PERSONS
    assert any("antibodies" in one for one in told.failed)


# wrong questions, and long ones


@pytest.mark.parametrize(
    ("path", "words", "hint"),
    [
        ("/api/window?product=rilzole", "no product is called 'rilzole'", "Did you mean riluzole?"),
        ("/api/window?doses=0,1", "0 times the default dose is no dose", "above zero"),
        ("/api/window?doses=-1", "-1 times the default dose is no dose", "above zero"),
        ("/api/window?doses=nan", "is no dose", "above zero"),
        ("/api/window?doses=1e300", "one dose of riluzole", ""),
        ("/api/window?doses=1,two", "the dose 'two' is not a number", "such as 0.5,1,2"),
        ("/api/window?starts=soon", "the start 'soon' is not a number", "such as -1,0,1"),
        ("/api/window?starts=99", "a start 99 years from onset lies outside", "negative before it"),
        ("/api/window?starts=nan", "lies outside the follow-up", "negative before it"),
        ("/api/window?at=0", "0 months after onset lies outside", "up to 120"),
        ("/api/window?at=9999", "9,999 months after onset lies outside".replace(",", ""), "up to 120"),
        ("/api/window?gained=survival", "no endpoint that is read while alive is called 'survival'", "Known are"),
        ("/api/window?gained=happiness", "no endpoint", "Known are: alsfrs, innervation"),
        ("/api/window?age=300", "an age at onset of 300 years", "Give 18 to 90"),
        ("/api/window?genotype=SDO1", "no genotype is called 'SDO1'", "SOD1"),
        ("/api/window?at=soon", "at: Input should be a valid integer", ""),
        ("/api/pairs", "0 treatments make no such pairs", "Choose 2 to 4"),
        ("/api/pairs?with=riluzole", "1 treatments make no such pairs", "Choose 2 to 4"),
        ("/api/pairs?with=riluzole&with=riluzole", "riluzole is named twice", "Name it once"),
        ("/api/pairs?with=aav_mir126&with=aav_mir126_intrathecal", "antibodies", "without pairs"),
        ("/api/pairs?with=riluzole&with=niv&start=nan", "start: Input should be a finite number", ""),
        ("/api/gain/open?gained=time", "no endpoint that is read while alive is called", "Known are"),
        ("/api/gain/open?models=1000", "plausible models", ""),
        ("/api/gain/open?start=1e300", "lies outside the follow-up", "negative before it"),
    ],
)  # fmt: skip
def test_a_wrong_question_is_told_with_what_to_do(client, path, words, hint):
    answer = client.get(path)
    assert answer.status_code == 422
    found = answer.json()["problems"]
    own = [problem for problem in found if words in problem["message"]]
    assert own, found
    assert any(hint in problem["hint"] for problem in own)


def test_all_that_is_wrong_is_told_at_once(client):
    answer = client.get("/api/window?product=rilzole&doses=0,x&starts=a&at=500&gained=joy")
    assert {problem["code"] for problem in answer.json()["problems"]} == {
        "unknown-product", "bad-dose", "not-a-number", "bad-time", "unknown-endpoint",
    }  # fmt: skip


def test_too_many_cells_are_refused_with_a_way(client):
    many = ",".join(str(1 + k / 100) for k in range(20))
    answer = client.get("/api/window", params={"doses": many, "starts": "-2,-1,0,1,2"})
    assert answer.status_code == 422
    (problem,) = answer.json()["problems"]
    assert problem["message"] == "100 cells cannot be simulated in the explorer"
    assert "80 at most" in problem["hint"]
    assert "charcot sweep" in problem["hint"]


def test_a_run_that_nobody_waits_for_ends():
    def gone(done, _total):
        if done:
            raise Cancelled

    plan = window_plan(CARRIER, "riluzole", "1", "0", 24, "alsfrs")
    with pytest.raises(Cancelled):
        window_of(plan, False, gone)
    with pytest.raises(Cancelled):
        opened_gain(CARRIER, plan, 2, gone)


def test_the_same_question_is_answered_once(client):
    asked = "/api/window?doses=1&starts=0,1&at=12"
    first, again = (client.get(asked).text for _ in range(2))
    assert "event: progress" in first or "event: answer" in first
    assert "event: progress" not in again
    assert streamed(client.get(asked))[1] == json.loads(again.split("data: ")[1])
    assert math.isfinite(streamed(client.get(asked))[1]["untreated"])
