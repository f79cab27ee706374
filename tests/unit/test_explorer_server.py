"""The explorer's server: who may ask, what it answers, and that its numbers are those of the command line."""

import json
import math
import threading
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from charcot.clinic.milestones import milestones
from charcot.interfaces.cli.main import app as command_line
from charcot.interfaces.explorer import people
from charcot.interfaces.explorer.guard import LONGEST_QUERY, local_hosts
from charcot.interfaces.explorer.jobs import Jobs, Kept
from charcot.interfaces.explorer.questions import question
from charcot.interfaces.explorer.readouts import part_of, parts
from charcot.interfaces.explorer.server import Warmth, make_app
from charcot.patients import Traits, definition, explain, live
from charcot.patients.persons import DAYS_PER_YEAR

HOST = "127.0.0.1:8710"


@pytest.fixture(scope="module")
def client():
    app = make_app(local_hosts(8710), warm=False)
    with TestClient(app, base_url=f"http://{HOST}", raise_server_exceptions=False) as one:
        yield one


def messages(answer):
    assert answer.status_code == 422
    return [problem["message"] for problem in answer.json()["problems"]]


# who may ask


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 403),
        ({"host": "127.0.0.1:9999"}, 403),
        ({"host": "127.0.0.1"}, 403),
        ({"host": "localhost:8710"}, 200),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "https://127.0.0.1:8710"}, 403),
        ({"origin": f"http://{HOST}"}, 200),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "same-origin"}, 200),
    ],
)
def test_only_this_machines_own_pages_are_answered(client, headers, status):
    assert client.get("/api/health", headers=headers).status_code == status


def test_every_answer_carries_the_policy(client):
    for path in ("/api/health", "/nothing", "/api/patient?age=abc"):
        headers = client.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'self'" in client.get("/", headers={"host": "evil.example"}).headers["content-security-policy"]


def test_nothing_can_be_sent_or_changed(client):
    assert client.post("/api/patient", content=b"x").status_code == 405
    assert client.delete("/api/patient").status_code == 405
    assert client.request("GET", "/api/health", content=b"x" * 10).status_code == 413
    assert client.get("/api/patient?exposures=" + "a" * LONGEST_QUERY).status_code == 414


@pytest.mark.parametrize(
    "path",
    ["/../../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fpyproject.toml", "//etc/passwd",
     "/assets/../server.py", "/server.py", "/C:%5Cwindows", "/%00"],
)  # fmt: skip
def test_no_address_reaches_a_file(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["message"] == "There is nothing at this address."


# what is wrong is said, all at once


def test_everything_wrong_with_a_person_is_said_at_once(client):
    found = messages(client.get("/api/patient?genotype=SOD2&age=300&site=foot&exposures=led&treat=rilzole:50 mg:0"))
    assert len(found) == 5
    assert "no genotype is called 'SOD2'" in found[0]
    assert any("300 years" in message for message in found)
    assert any("no product is called 'rilzole'. Did you mean riluzole?" in message for message in found)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("age=abc", "age: Input should be a valid number"),
        ("age=nan", "age: "),
        ("age=3", "3 years is not possible"),
        ("months=1000000", "1,000,000 months cannot be shown"),
        ("seed=-1", "-1 is not a seed"),
        ("treat=riluzole", None),
        ("treat=riluzole:9 kg:0", "above the largest"),
        ("treat=riluzole:50 mL:0", "the dose of riluzole"),
        ("treat=riluzole::soon", "is not a treatment"),
        ("treat=riluzole::1e9", "is not possible"),
        ("treat=riluzole::0&treat=riluzole::3", "given twice"),
        ("treat=aav_mir126::0&treat=aav_mir126_intrathecal::3", "antibodies"),
        ("&".join(f"treat=riluzole::{k}" for k in range(40)), "40 treatments at once are too many"),
    ],
)
def test_impossible_questions_get_a_message(client, query, words):
    answer = client.get(f"/api/patient?{query}")
    if words is None:
        assert answer.status_code == 200
    else:
        assert any(words in message for message in messages(answer))


@pytest.mark.parametrize(
    ("models", "words"), [(1, "1 plausible models"), (10_000, "10,000 plausible models"), (-3, "-3 plausible models")]
)
def test_too_many_plausible_models_are_refused(client, models, words):
    assert words in messages(client.get(f"/api/open?models={models}"))[0]


@pytest.mark.parametrize("path", ["ensemble", "prognosis"])
def test_ten_million_persons_are_refused_with_a_way_out(client, path):
    answer = client.get(f"/api/{path}?persons=10000000")
    assert "10,000,000 persons cannot be simulated in the explorer" in messages(answer)[0]
    assert "charcot population" in answer.json()["problems"][0]["hint"]


def test_an_unknown_mechanism_names_the_nearest(client):
    answer = client.get("/api/mechanisms/mir126.mir126_lop")
    assert answer.status_code == 404
    assert "mir126.mir126_loop" in answer.json()["message"]


# what it answers


def test_the_numbers_are_those_of_the_command_line(client):
    asked = ["--genotype", "C9orf72", "--age", "55.5", "--site", "bulbar", "--exposures", "smoking", "--seed", "7",
             "--treat", "riluzole:50 mg:3", "--months", "40", "--json"]  # fmt: skip
    result = CliRunner().invoke(command_line, ["patient", *asked])
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)
    query = "genotype=C9orf72&age=55.5&site=bulbar&exposures=smoking&seed=7&treat=riluzole:50 mg:3&months=40"
    answered = client.get(f"/api/patient?{query}").json()
    assert printed.pop("ok") is True
    assert printed.pop("warnings") == []
    assert _close(printed, answered)


def test_a_drug_without_its_target_is_warned_of_in_the_words_of_a_sweep():
    done = CliRunner().invoke(command_line, ["patient", "--treat", "tofersen", "--json"])
    assert done.exit_code == 0, done.output
    swept = CliRunner().invoke(command_line, ["sweep", "-p", "tofersen", "--population", "sporadic", "--dry-run"])
    (warning,) = json.loads(done.stdout)["warnings"]
    for said in (warning["message"], warning["hint"], "tofersen acts on nothing that the patients of sporadic have"):
        assert said in done.stderr
        assert said in swept.stderr


def _close(one, other):
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_close(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(_close(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return one == other


@pytest.mark.parametrize("traits", [Traits(), Traits("SOD1-A4V", 45.0, "cervical"), Traits(seed=3, site="bulbar")])
def test_onset_comes_at_the_age_that_was_asked_for(traits):
    lives = live(traits)
    age = lives.cohort.columns["seed_age_years"][0] + lives.onset[0] / DAYS_PER_YEAR
    assert age == pytest.approx(traits.age_at_onset, abs=0.15)
    assert lives.cohort.columns["onset_region"][0] == traits.site


def test_a_person_without_treatment_has_no_twin_and_one_with_it_starts_as_the_twin(client):
    alone = client.get("/api/patient").json()
    assert all(one["treated"] is None for one in alone["series"])
    treated = client.get("/api/patient?treat=riluzole::0").json()
    for one, other in zip(treated["series"], alone["series"], strict=True):
        before = [k for k, month in enumerate(treated["months"]) if month < treated["diagnosis"] - 1]
        assert one["untreated"] == other["untreated"]
        assert all(one["treated"][k] == pytest.approx(one["untreated"][k], abs=1e-2) for k in before)
    total = treated["series"][0]
    assert total["treated"][40] > total["untreated"][40]


def test_milestones_are_the_days_on_which_items_fall_to_their_scores(client):
    run = client.get("/api/patient").json()
    values = {one["readout"]: one["untreated"] for one in run["series"]}
    months = run["months"]
    reached = 0
    for milestone, shown in zip(milestones(), run["milestones"], strict=True):
        course = values[milestone.readout]
        first = next((m for m, v in zip(months, course, strict=True) if v <= milestone.threshold), None)
        if shown["untreated"] is None:
            assert first is None
        else:
            reached += 1
            assert first - 1 <= shown["untreated"] <= first
    assert reached > 10


def test_no_answer_about_one_person_speaks_of_survival(client):
    for path in ("patient", "neuron", "ensemble"):
        text = client.get(f"/api/{path}?treat=riluzole::0" + ("&persons=20" if path == "ensemble" else "")).text
        for word in ("survival", "death", "hazard", 'alive"', "median_survival", "ventilation"):
            assert word not in text.replace("while alive", ""), (path, word)


def events(text):
    blocks = [block.split("\n") for block in text.strip().split("\n\n")]
    return [(head.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for head, data in blocks]


def test_a_long_run_tells_its_progress_and_comes_from_the_store_the_second_time(client):
    path = "/api/ensemble?persons=20&genotype=SOD1-A4V&months=24"
    first = events(client.get(path).text)
    assert [name for name, _ in first][-1] == "answer"
    assert first[0][0] == "progress"
    second = events(client.get(path).text)
    assert [name for name, _ in second] == ["answer"]
    assert first[-1] == second[-1]
    answer = first[-1][1]
    assert answer["persons"] + answer["never_ill"] + answer["failed"] == 20
    for band in answer["bands"]:
        for k in range(len(answer["months"])):
            column = [band[name][k] for name in ("low", "lower", "median", "upper", "high")]
            known = [value for value in column if value is not None]
            assert known == sorted(known)
            if known:
                assert band["median_low"][k] <= band["median"][k] <= band["median_high"][k]
    layers = {layer["name"]: layer["computed"] for layer in answer["layers"]}
    assert layers == {"persons": True, "monte_carlo": True, "evidence": False}


@pytest.fixture(scope="module")
def opened():
    from charcot.interfaces.explorer import openness

    told = []
    asked = question(treat=["riluzole::0"], months=24)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(openness, "PERSONS", 6)
        return openness.opened(asked, 2, lambda done, total: told.append((done, total))), told


def test_three_layers_are_named_as_in_reports_and_stand_around_the_central_model(opened):
    from charcot.interfaces.report import layers

    found, told = opened
    assert [one.title for one in found.layers] == [layers.PATIENTS, layers.MONTE_CARLO, layers.MODELS]
    assert told[-1] == (18, 18)
    assert found.used == found.models == 2
    k = found.months.index(24.0)
    for one in found.series:
        assert one.patients_low[k] <= one.chance_low[k] <= one.mean[k] <= one.chance_high[k] <= one.patients_high[k]
        assert one.models_low[k] <= one.models_middle[k] <= one.models_high[k]
        assert one.noise[k] > 0
    by_arm = {one.arm: one for one in found.series if one.readout == "clinic.alsfrs_r.total"}
    assert by_arm["gain"].mean[k] == pytest.approx(by_arm["treated"].mean[k] - by_arm["untreated"].mean[k])
    assert by_arm["gain"].mean[k] > 0
    assert not any(word in found.model_dump_json() for word in ("surviv", "death", "hazard", "ventilation"))


def test_a_plausible_model_changes_the_course_and_keeps_person_and_age_at_onset():
    from charcot.fitting import layers

    under = layers.models(1, 0)[0].assumed
    shipped, changed = (live(Traits(seed=3), readouts=("clinic.vital_capacity",), under=one) for one in (None, under))
    ages = [one.cohort.columns["seed_age_years"][0] + one.onset[0] / DAYS_PER_YEAR for one in (shipped, changed)]
    assert ages == pytest.approx([62.0, 62.0], abs=0.15)
    assert shipped.cohort.columns["sex"] == changed.cohort.columns["sex"]
    later = [
        float(one.untreated.at("clinic.vital_capacity", one.onset[:, None] + 700)[0, 0]) for one in (shipped, changed)
    ]
    assert abs(later[0] - later[1]) > 0.1


def test_what_nobody_was_given_may_do_nothing_in_some_models():
    from charcot.interfaces.explorer import openness

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(openness, "PERSONS", 3)
        found = openness.opened(question(treat=["aav_mir126::0"], months=24), 3, lambda done, total: None)
    assert "of 3 models aav mir126 has none of its effect" in found.without


def test_a_prognosis_says_no_more_than_was_asked_for(client):
    path = "/api/prognosis?persons=20&upto="
    group, middle, curve = (events(client.get(path + upto).text)[-1][1] for upto in ("group", "middle", "curve"))
    assert group["times"] is None
    assert group["curves"] is None
    assert middle["times"]
    assert middle["curves"] is None
    assert curve["curves"][0]["alive"][0] == 1.0
    assert group["group"] == middle["group"] == curve["group"]
    times = middle["times"][0]
    assert times["lower_quartile"] < times["median"] < times["upper_quartile"]
    alive = curve["curves"][0]["alive"]
    k = next(k for k, share in enumerate(alive) if share <= 0.5)
    assert curve["months"][k - 1] <= times["median"] <= curve["months"][k]


def test_the_next_step_of_a_prognosis_simulates_nobody_again(client):
    path = "/api/prognosis?persons=20&genotype=FUS&upto="
    assert events(client.get(path + "group").text)[0][0] == "progress"
    told = [data for name, data in events(client.get(path + "middle").text) if name == "progress"]
    assert all(data["total"] == 0 for data in told)


def test_a_run_that_nobody_waits_for_ends():
    told = []

    def tell(done, total):
        told.append(done)
        if done >= 10:
            raise people.Cancelled

    with pytest.raises(people.Cancelled):
        people.gather(question(), 200, tell)
    assert told == [0, 10]


def test_a_reader_who_goes_away_stops_the_work():
    import asyncio

    stopped = threading.Event()

    def work(tell):
        import time

        try:
            for k in range(1000):
                tell(k, 1000)
                time.sleep(0.01)
        except people.Cancelled:
            stopped.set()
            raise

    async def read_one():
        stream = Jobs().stream("key", work)
        async for _ in stream:
            break
        await stream.aclose()

    asyncio.run(read_one())
    assert stopped.wait(5)


def test_a_browser_that_comes_before_the_server_waits():
    import socket

    from charcot.interfaces.cli.explore import _listen

    with _listen(0) as door, socket.create_connection(door.getsockname(), timeout=2):
        assert door.getsockname()[0] == "127.0.0.1"
        result = CliRunner().invoke(command_line, ["explore", "--port", str(door.getsockname()[1]), "--json"])
    assert result.exit_code == 2
    assert json.loads(result.stdout)["problems"][0]["code"] == "port-taken"


def test_who_asks_before_the_kernel_is_compiled_waits_for_it_and_may_go():
    warmth = Warmth()
    warmth.wait()  # nothing was begun: nothing to wait for
    warmth._begun = True

    def tell(done, total):
        raise people.Cancelled

    with pytest.raises(people.Cancelled):
        warmth.wait(tell)
    warmth.ready.set()
    warmth.wait(tell)


def test_what_is_kept_has_a_bound():
    kept = Kept(most=10)
    for key in "abc":
        kept.put(key, b"12345")
    assert kept.get("a") is None
    assert kept.get("b") == kept.get("c") == b"12345"


# facts


def test_every_mechanism_happens_in_a_part_of_the_drawing():
    known = {part.name for part in parts()}
    used = {part_of(one) for one in definition().mechanisms}
    assert used == known
    assert part_of(next(m for m in definition().mechanisms if m.name == "microglia.astrocytes")) == "astrocyte"


def test_a_mechanism_says_what_explain_says(client):
    fact = client.get("/api/mechanisms/junction.innervation").json()
    told = explain("nmj.innervation")
    assert fact["claim"] == told.claim
    assert fact["equation"] == told.published_equation
    assert fact["sources_for"] == list(told.sources_for)
    numbers = {row.name: row for row in told.numbers}
    for number in fact["numbers"]:
        if number["name"] in numbers:
            row = numbers[number["name"]]
            assert (number["value"], number["grade"]) == (row.value, row.grade)
            assert number["low"] is None or (number["low"], number["high"]) == (row.prior_low, row.prior_high)
    assert {tie["verdict"] for tie in fact["experiments"]} <= {
        "hit",
        "MISS",
        "reproduced",
        "contradicted",
        "hypothesis",
    }


def test_the_boards_are_the_stored_ones(client):
    from charcot.experiments.board import baseline

    boards = client.get("/api/boards").json()
    assert {line["name"]: line["passed"] for line in boards["lines"]} == {
        name: passed for name, passed in baseline().items() if name in {line["name"] for line in boards["lines"]}
    }
    assert sum(count["total"] for count in boards["counts"].values()) == len(boards["lines"])
    assert all(line["reason"] or line["claim"] for line in boards["lines"] if not line["passed"])


def test_the_fresh_set_at_its_first_run_is_the_page_of_it(client):
    from pathlib import Path

    docs, sets = Path(__file__).parents[2] / "docs", ("first", "second", "third", "fourth", "fifth", "sixth", "seventh")
    pages = [docs / f"fresh-{which}-run.md" for which in sets]
    page = "".join(path.read_text(encoding="utf-8") for path in pages)
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in page.splitlines() if "| " in line]
    shown = [row for row in rows if row[-1].strip() in ("hit", "missed")]
    boards = client.get("/api/boards").json()
    told = [
        (row["experiment"], row["outcome"], row["expected"], row["simulated"], "hit" if row["hit"] else "missed")
        for row in boards["first_run"]
    ]
    assert told == shown
    assert "85 of 235" in boards["first_run_words"]


def test_past_trials_and_patients_are_the_pages_of_the_documentation(client):
    """The explorer and the documentation show one stored record, hits and misses alike."""
    from pathlib import Path

    from charcot.interfaces.report.population_page import page
    from charcot.interfaces.stored import HINDCAST, POPULATION, stored

    docs = Path(__file__).parents[2] / "docs"
    assert (docs / "population-check.md").read_text(encoding="utf-8") == page(stored(POPULATION))
    found = client.get("/api/findings").json()
    told = (docs / "hindcast.md").read_text(encoding="utf-8")
    for row in found["past"]["figures"]:
        verdict = "inside" if row["inside"] else "**OUTSIDE**"
        assert f"{row['lower']:.2f} to {row['upper']:.2f} |" in told
        assert any(
            f"| {row['trial']} | {row['quantity']} |" in line and line.endswith(f"| {row['kind']} | {verdict} |")
            for line in told.splitlines()
        )
    assert f"record `{stored(HINDCAST)['hash']}`" in told
    lines = found["patients"]["lines"]
    for kind, count in found["patients"]["counts"].items():
        own = [one["inside"] for one in lines if (one["conditional"] if kind == "conditional" else one["kind"] == kind)]
        assert (sum(own), len(own)) == (count["passed"], count["total"])
    assert all(one["why"] for one in lines if not one["inside"])
    hits = [one["hit"] for one in found["past"]["effects"]]
    assert 0 < sum(hits) < len(hits)


def test_gaps_are_ranked_by_what_they_leave_open(client):
    from charcot.studies.gaps import ENDPOINTS

    gaps = client.get("/api/findings").json()["gaps"]
    assert gaps.keys() == ENDPOINTS.keys()
    for one in gaps.values():
        widths = [row["gap"] for row in one["rows"]]
        assert widths == sorted(widths, reverse=True)
        assert all(row["gap"] == pytest.approx(abs(row["sensitivity"]) * row["width"], rel=1e-4) for row in one["rows"])


def test_the_ranking_in_the_documentation_is_the_stored_one():
    from charcot.interfaces.stored import GAPS, stored

    record = stored(GAPS)
    told = " ".join((Path(__file__).parents[2] / "docs" / "evidence.md").read_text(encoding="utf-8").split())
    assert f"In {record['patients']} sporadic patients the widest gaps are" in told
    named = {
        "survival": {"person.base_tempo": "({}months, {:.1f})", "respiration.phrenic_weight": "({}, {:.1f})"},
        "alsfrs": {"person.base_tempo": "({}points, {:.1f})", "condensate.regional_threshold": "({}, {:.1f})"},
    }
    for endpoint, numbers in named.items():
        rows = record["endpoints"][endpoint]
        assert [row["number"] for row in rows[:2]] == list(numbers)
        for row in rows[:2]:
            words = numbers[row["number"]]
            gap = f"{row['gap']:.0f}" + (" " if "months" in words or "points" in words else "")
            assert words.format(gap, row["gap_error"]) in told


def test_a_stored_record_has_six_digits_and_nothing_where_there_is_no_number(tmp_path):
    from charcot.interfaces.stored import store, stored

    store("some", {"a": [1 / 3, math.nan, math.inf], "b": None, "c": {"d": True}}, tmp_path)
    assert stored("some", tmp_path) == {"a": [0.333333, None, None], "b": None, "c": {"d": True}}
