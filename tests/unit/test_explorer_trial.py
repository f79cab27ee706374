"""The Trial screen's answers: a form becomes a protocol, a trial is browsed, power is the command line's; what is wrong
is said at its control and line."""

import json
import math
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from charcot.core.yaml_file import read_document
from charcot.interfaces.cli.main import app as command_line
from charcot.interfaces.explorer import trial, trial_power
from charcot.interfaces.explorer.guard import LONGEST_TEXT, local_hosts
from charcot.interfaces.explorer.people import Cancelled
from charcot.interfaces.explorer.server import make_app
from charcot.interfaces.explorer.trial import run
from charcot.interfaces.explorer.trial_design import CONTROLS, Design, control_of, template_values, yaml_of
from charcot.interfaces.explorer.trial_protocol import Texts, design, written
from charcot.trials import load_protocol, run_trial, templates
from charcot.trials.browse import browse

HOST = "127.0.0.1:8710"
SMALL = Design(control="4", treated="5", duration="3", every="4")
QUERY = "control=4&treated=5&duration=3&every=4"
YAML = {"origin": f"http://{HOST}", "content-type": "application/yaml"}


@pytest.fixture(scope="module")
def client():
    app = make_app(local_hosts(8710), warm=False)
    with TestClient(app, base_url=f"http://{HOST}", raise_server_exceptions=False) as one:
        yield one


def quiet(done, total):
    """Nobody looks at the progress."""


def events(text):
    blocks = [block.split("\n") for block in text.strip().split("\n\n")]
    return [(head.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for head, data in blocks]


# a form becomes a protocol


@pytest.mark.parametrize("name", templates())
def test_an_untouched_form_is_the_template(name):
    assert yaml_of(Design(name)) == templates()[name].read_text(encoding="utf-8")
    assert design(written(Design(name))).problems == []


@pytest.mark.parametrize("name", templates())
def test_a_form_with_the_templates_own_values_is_the_templates_trial(name, tmp_path):
    path = tmp_path / "protocol.yaml"
    assert yaml_of(Design(**template_values(name))) == templates()[name].read_text(encoding="utf-8")
    for control, other in (("control", "7"), ("duration", "7"), ("alpha", "0.1"), ("draw", "7")):
        changed = {**template_values(name), control: other}
        path.write_text(yaml_of(Design(**changed)), encoding="utf-8")
        assert load_protocol(path).resolved() != load_protocol(templates()[name]).resolved()


def test_every_control_is_written(tmp_path):
    asked = Design(
        "edaravone-like", drug="riluzole", dose="50 mg", control="40", treated="80", duration="12", every="8",
        age_min="40", age_max="", onset_max="18", capacity_min="65", score_min="35", primary="alsfrs_r_mmrm",
        alpha="0.025", riluzole="0", draw="7",
    )  # fmt: skip
    path = tmp_path / "protocol.yaml"
    path.write_text(yaml_of(asked), encoding="utf-8")
    protocol = load_protocol(path)
    assert [arm.n for arm in protocol.arms] == [40, 80]
    assert [(one.product, one.dose, one.stop) for one in protocol.arms[1].treatments] == [("riluzole", "50 mg", None)]
    assert np.diff(protocol.visits).tolist() == [56.0] * 7  # 8 weeks; 56 weeks are nearest to 12 months
    rules = protocol.eligibility
    assert (rules.age.min, rules.age.max) == (40.0, None)
    assert rules.time_since_onset.max == pytest.approx(18 * 30.4375)
    assert (rules.vital_capacity.min, rules.total_score.min) == (65.0, 35.0)
    assert protocol.endpoints[:2] == ("alsfrs_r_mmrm", "alsfrs_r_change_locf")
    assert (protocol.analysis.alpha, protocol.simulate.seed) == (0.025, 7)
    assert protocol.population.background == {}
    text = path.read_text(encoding="utf-8")
    assert "# judged on what the screening visit records" in text
    assert text.startswith("# A trial made with charcot explore, from the template edaravone-like.\n# Edit any line;")
    assert (protocol.name, protocol.arms[1].title) == ("riluzole-trial", "Riluzole")
    assert set(CONTROLS) == set(template_values("aav-mir126"))


def test_another_duration_lets_the_treatment_last_to_the_end():
    text = yaml_of(Design("edaravone-like", duration="11"))
    assert "stop: 48 weeks" in text
    assert "function in 48 weeks?" in text


def test_no_word_of_the_form_is_yaml():
    text = yaml_of(Design(dose="1}\nname: other", primary="[a, *b]"))
    document = read_text(text)
    assert document["name"] == "aav-mir126"
    assert document["arms"][1]["treatments"][0]["dose"] == "1}\nname: other"
    assert document["endpoints"][0] == "[a, *b]"


def read_text(text):
    from charcot.core.yaml_file import document_of

    return document_of(text, "protocol.yaml").data


@pytest.mark.parametrize(
    ("changed", "control", "words"),
    [
        ({"drug": "rilzole"}, "drug", "no product is called 'rilzole'"),
        ({"drug": "riluzole"}, "drug", "riluzole is also a background treatment"),
        ({"dose": "50 mL"}, "dose", "dose"),
        ({"treated": "10000000"}, "treated", "above the most that is possible, 100,000"),
        ({"control": "-1"}, "control", "an arm of -1 patients"),
        ({"control": "half"}, "control", "arms.0.n"),
        ({"age_min": "90", "age_max": "20"}, "age_min", "the minimum 90 years is above the maximum 20 years"),
        ({"age_max": "abc"}, "age_max", "abc"),
        ({"onset_max": "-3"}, "onset_max", "is not possible"),
        ({"capacity_min": "400"}, "capacity_min", "400"),
        ({"score_min": "49"}, "score_min", "49 points is not possible"),
        ({"duration": "0"}, "duration", "must be above zero"),
        ({"duration": "nan"}, "duration", "nan"),
        ({"duration": "1e300"}, "duration", "visits"),
        ({"every": "0"}, "duration", "visits"),
        ({"primary": "alsfrs"}, "primary", "alsfrs"),
        ({"alpha": "2"}, "alpha", "analysis.alpha"),
        ({"riluzole": "120"}, "riluzole", "a share of 120 % is not possible"),
        ({"draw": "-4"}, "draw", "simulate.seed"),
    ],
)
def test_a_problem_stands_at_its_control_and_line(changed, control, words):
    found = design(written(Design(**changed)))
    own = [one for one in found.problems if one.control == control]
    assert own, found.problems
    assert any(words in one.message for one in own)
    lines = found.yaml.split("\n")
    for one in own:
        key = {"duration": "visits", "primary": "alsfrs"}.get(control, "")
        assert 0 < one.line <= len(lines)
        assert key in lines[one.line - 1]


def test_a_finding_without_a_control_has_none():
    assert control_of(("screening", "delay_after_diagnosis", "median")) == ""
    assert control_of(("arms", 1, "treatments", 0, "dose")) == "dose"
    assert control_of(("arms", 1, "treatments", 0, "product")) == "drug"


def test_what_was_never_given_to_people_is_said_of_the_design():
    assert any("NEVER GIVEN TO PEOPLE" in words for words in design(written(Design())).given)
    given = design(written(Design("edaravone-like"))).given
    assert given
    assert not any("NEVER" in words for words in given)


# one simulated trial


@pytest.fixture(scope="module")
def browsed():
    return run(written(SMALL), quiet)


def test_a_browsed_trial_is_the_first_of_the_command_lines(tmp_path):
    path = tmp_path / "protocol.yaml"
    path.write_text(yaml_of(SMALL), encoding="utf-8")
    protocol = load_protocol(path)
    whole, one = run_trial(protocol), browse(protocol)
    for name, table in whole.tables.items():
        pd.testing.assert_frame_equal(table, one.outcome.tables[name])
    pooled = load_protocol(path, {"simulate.pool": "shared", "simulate.screened_per_replicate": 60})
    pd.testing.assert_frame_equal(run_trial(pooled).tables["ADQS"], browse(pooled).outcome.tables["ADQS"])


def test_everybody_is_accounted_for(browsed):
    assert len(browsed.patients) == 9
    assert len(browsed.patients) + len(browsed.left_out) == browsed.drawn
    assert sum(one.came for one in browsed.left_out) + len(browsed.patients) == browsed.screened
    assert all(one.reason for one in browsed.left_out)
    for arm in browsed.arms:
        mine = [one for one in browsed.patients if one.arm == arm.name]
        assert len(mine) == arm.randomised
        counted = {"completed": arm.completed, "died": arm.died, "withdrew": arm.withdrew, "failed": arm.failed}
        assert {name: sum(one.outcome == name for one in mine) for name in counted} == counted
    assert [one.place for one in browsed.patients] == list(range(1, 10))


def test_visits_end_with_observation_and_the_truth_goes_on(browsed):
    for patient in browsed.patients:
        total = patient.seen[0]
        assert total.readout == "alsfrs_r"
        there = [value is not None for value in total.recorded]
        assert sum(there) == patient.visits
        assert there == [month <= patient.end + 1e-9 for month in browsed.months]
        assert patient.words.startswith({"completed": "Completed", "died": "Died", "withdrew": "Left"}[patient.outcome])
        if patient.outcome != "died":
            assert all(value is not None for value in total.true)
        for recorded, true in zip(total.recorded, total.true, strict=True):
            assert recorded is None or abs(recorded - true) < 12


def test_the_key_message_is_the_reports(browsed):
    assert browsed.key.answer.startswith("AAV-miR-126, one dose")
    assert any("NEVER GIVEN TO PEOPLE" in words for words in browsed.key.given)
    assert "charcot trial FILE --models" in browsed.key.interval


def test_a_patient_of_the_page_is_the_one_that_the_command_line_shows(browsed, tmp_path):
    path = tmp_path / "protocol.yaml"
    path.write_text(yaml_of(SMALL), encoding="utf-8")
    result = CliRunner().invoke(command_line, ["trial", str(path), "--show", "7", "--json"])
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)
    assert printed["patient"] == browsed.patients[6].model_dump(mode="json")
    assert printed["months"] == browsed.months
    assert printed["given_to_people"] == browsed.key.given
    told = CliRunner().invoke(command_line, ["trial", str(path), "--show", "7"])
    assert f"Patient 7 of 9 ({browsed.patients[6].subject})" in told.stdout
    word = {"F": "woman", "M": "man"}[browsed.patients[6].sex]
    assert f"\n{word}, {browsed.patients[6].age:.0f} years, " in told.stdout
    beyond = CliRunner().invoke(command_line, ["trial", str(path), "--show", "10", "--json"])
    assert beyond.exit_code == 2
    assert "1 to 9" in json.loads(beyond.stdout)["problems"][0]["hint"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_trial_that_nobody_waits_for_ends():
    def tell(done, total):
        raise Cancelled

    with pytest.raises(Cancelled):
        run(written(SMALL), tell)


# power


def test_power_is_that_of_the_command_line(tmp_path):
    path = tmp_path / "protocol.yaml"
    path.write_text(yaml_of(SMALL), encoding="utf-8")
    asked = ["--people", "60", "--replicates", "20", "--models", "1", "--out", str(tmp_path / "runs"), "--json"]
    result = CliRunner().invoke(command_line, ["power", str(path), *asked])
    assert result.exit_code == 0, result.output
    printed = {row["figures"]["estimand"]: row["figures"] for row in json.loads(result.stdout)["summary"]}
    told, libraries = [], trial_power.Libraries()
    found = trial_power.power(written(SMALL), 60, 20, libraries, lambda done, total: told.append((done, total)))
    assert told[-1] == (100, 100)
    assert [one.endpoint for one in found.lines] == list(load_protocol(path).endpoints)
    for line in found.lines:
        row = printed[line.endpoint]
        for name in ("power", "power_error", "power_lower", "type_one", "type_one_error", "value", "bias", "coverage"):
            mine, theirs = getattr(line, name), row[name]
            if theirs is None or math.isnan(theirs):
                assert mine is None
            else:
                assert mine == pytest.approx(theirs, rel=1e-9, abs=1e-9), name
    assert "assurance" in found.key.interval
    assert any("NEVER GIVEN TO PEOPLE" in words for words in found.key.given)
    assert any("charcot power FILE --models" in words for words in found.words)


def test_another_size_simulates_nobody_again_and_nothing_is_left_on_disk(monkeypatch, tmp_path):
    libraries, there = trial_power.Libraries(), set()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    trial_power.power(written(SMALL), 60, 20, libraries, lambda done, total: there.update(tmp_path.iterdir()))
    assert [path.name.startswith(trial_power.FOLDER) for path in there] == [True]
    assert list(tmp_path.iterdir()) == []

    def again(*_):
        raise AssertionError("simulated again")

    monkeypatch.setattr(trial_power, "build", again)
    larger = Design(control="6", treated="6", duration="3", every="4")
    found = trial_power.power(written(larger), 60, 20, libraries, quiet)
    assert found.patients == 12


def test_power_that_nobody_waits_for_ends_and_leaves_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def tell(done, total):
        if done:
            raise Cancelled

    with pytest.raises(Cancelled):
        trial_power.power(written(SMALL), 60, 20, trial_power.Libraries(), tell)
    assert list(tmp_path.iterdir()) == []


# the server


def trouble(answer):
    assert answer.status_code == 422, answer.text
    return answer.json()["problems"]


@pytest.mark.parametrize("what", ["run", "power"])
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("drug=rilzole", "no product is called 'rilzole'"),
        ("age_min=90&age_max=20", "above the maximum"),
        ("treated=10000000", "above the most that is possible"),
        ("treated=2000", "2,060 patients are more than a click simulates"),
        ("every=1&duration=100", "visits are more than a click simulates"),
        ("template=aav", "no template is called 'aav'"),
        ("protocol=0123456789abcdef", "not here any more"),
        ("dose=%00", "control character"),
    ],
)
def test_what_cannot_be_simulated_is_said_with_what_to_do(client, what, query, words):
    problems = trouble(client.get(f"/api/trial/{what}?{query}"))
    assert any(words in one["message"] for one in problems)
    assert any(one["hint"] for one in problems) or problems[0]["code"] == "out-of-bounds"


@pytest.mark.parametrize("query", ["people=10000000", "people=1", "trials=10000000", "trials=0"])
def test_sizes_of_power_are_bounded(client, query):
    problem = trouble(client.get(f"/api/trial/power?{query}"))[0]
    assert "cannot be simulated at a click" in problem["message"]
    assert "charcot power FILE" in problem["hint"]


def test_words_that_are_too_long_are_refused(client):
    assert trouble(client.get("/api/trial/design?dose=" + "1" * 61))
    assert trouble(client.get("/api/trial/run?protocol=../../etc/passwd"))


def test_a_form_with_mistakes_is_answered_with_its_protocol(client):
    answer = client.get("/api/trial/design?age_min=90&age_max=20&drug=rilzole").json()
    assert {one["control"] for one in answer["problems"]} >= {"age_min", "drug"}
    assert "rilzole" in answer["yaml"]
    assert answer["values"]["age_min"] == "90"
    large = client.get("/api/trial/design?treated=2000").json()
    assert large["problems"] == []
    assert "charcot trial FILE" in large["too_much"][0]["hint"]


def test_the_choices_are_the_templates_and_the_table_of_endpoints(client):
    found = client.get("/api/trial/choices").json()
    assert [one["name"] for one in found["templates"]] == list(templates())
    rows = (Path(__file__).parents[2] / "src/charcot/trials/endpoints.csv").read_text().strip().splitlines()[1:]
    assert [(one["name"], one["measure"]) for one in found["endpoints"]] == [tuple(r.split(",")[:2]) for r in rows]
    assert {one["measure"] for one in found["endpoints"]} == {one["name"] for one in found["measures"]}


def test_a_stream_tells_progress_and_comes_from_the_store_the_second_time(client):
    first = events(client.get(f"/api/trial/run?{QUERY}").text)
    assert first[-1][0] == "answer"
    again = events(client.get(f"/api/trial/run?{QUERY}").text)
    assert [name for name, _ in again] == ["answer"]
    assert again[-1] == first[-1]


def test_a_trial_that_cannot_be_filled_says_why(client, monkeypatch):
    monkeypatch.setattr(trial, "MOST_SCREENED", 200)
    told = events(client.get(f"/api/trial/run?{QUERY}&score_min=48&age_min=79&age_max=80").text)
    assert told[-1][0] == "trouble"
    problem = told[-1][1]["problems"][0]
    assert "Excluded by first failing rule" in problem["message"]
    assert problem["hint"].startswith("At a click 200 people are screened at most")


def test_a_protocol_of_ones_own_is_the_same_trial_as_the_form(client):
    text = yaml_of(SMALL)
    posted = client.post("/api/trial/protocol", content=text.encode(), headers=YAML)
    assert posted.status_code == 200, posted.text
    kept = posted.json()
    assert kept["own"]
    assert kept["yaml"] == text
    own = events(client.get(f"/api/trial/run?protocol={kept['hash']}").text)[-1]
    form = events(client.get(f"/api/trial/run?{QUERY}").text)[-1]
    assert own == form
    assert client.get(f"/api/trial/design?protocol={kept['hash']}").json() == kept


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "the file is empty"),
        (b"\xff\xfe\x00", "not UTF-8 text"),
        (b"a: [1, 2", "the file is not YAML"),
        (b"- 1\n- 2\n", "the file holds no keys"),
        (b"\ta: 1", "indented with a tab"),
        (b"a: !!python/object:os.system x", "types by name"),
        (b"a: " + b"[" * 200, "deep"),
        (b"a: " + b"9" * 5000, "5,000 characters"),
        (b"a: &a [1,1,1,1,1,1,1,1,1,1]\n" + b"".join(
            b"%c: &%c [%s]\n" % (k, k, b",".join([b"*%c" % (k - 1)] * 10)) for k in range(ord("b"), ord("h"))
        ), "more than 5,000 values"),
        (b"a: \"\\0\"", "control character"),
    ],
)  # fmt: skip
def test_a_text_that_is_no_protocol_is_refused_with_a_line(client, text, words):
    answer = client.post("/api/trial/protocol", content=text, headers=YAML)
    assert any(words in one["message"] for one in trouble(answer)), answer.text


def test_a_protocol_with_mistakes_says_their_lines(client):
    text = yaml_of(Design()).replace("aav_mir126,", "aav_mir12,").replace("{min: 18 years", "{min: 18")
    answer = client.post("/api/trial/protocol", content=text.encode(), headers=YAML)
    problems = answer.json()["problems"]
    lines = text.split("\n")
    assert any("aav_mir12" in lines[one["line"] - 1] and "Did you mean aav_mir126" in one["hint"] for one in problems)
    assert any("{min: 18," in lines[one["line"] - 1] and "no unit" in one["message"] for one in problems)
    assert trouble(client.get(f"/api/trial/run?protocol={answer.json()['hash']}"))


@pytest.mark.parametrize(
    ("headers", "size", "status"),
    [
        ({}, 10, 200),
        ({"origin": ""}, 10, 403),
        ({"origin": "http://evil.example"}, 10, 403),
        ({"origin": "null"}, 10, 403),
        ({"host": "evil.example"}, 10, 403),
        ({"sec-fetch-site": "cross-site"}, 10, 403),
        ({"content-type": "text/plain"}, 10, 415),
        ({"content-type": "application/x-www-form-urlencoded"}, 10, 415),
        ({"content-type": "application/yaml; charset=utf-8"}, 10, 200),
        ({}, LONGEST_TEXT + 1, 413),
        ({"transfer-encoding": "chunked"}, 10, 411),
        ({"content-length": "-1"}, 10, 411),
        ({"content-length": "9" * 30}, 10, 411),
    ],
)
def test_a_text_is_taken_from_this_machines_own_page_only(client, headers, size, status):
    text = b"schema: x".ljust(size)
    asked = {name: value for name, value in {**YAML, **headers}.items() if value}
    assert client.post("/api/trial/protocol", content=text, headers=asked).status_code == status


def test_no_other_way_takes_a_body(client):
    for path in ("/api/trial/design", "/api/trial/run", "/api/trial/protocol/x", "/api/trial/protocol/"):
        assert client.post(path, content=b"a: 1", headers=YAML).status_code == 405
    assert client.put("/api/trial/protocol", content=b"a: 1", headers=YAML).status_code == 405
    assert client.get("/api/trial/protocol").status_code in (404, 405)


def test_only_the_last_few_texts_are_kept():
    texts = Texts(2)
    names = [texts.put(text) for text in "abc"]
    assert texts.get(names[2]) == "c"
    from charcot.core.errors import Problems

    with pytest.raises(Problems, match="not here any more"):
        texts.get(names[0])


def test_the_template_of_a_design_is_never_changed():
    before = yaml_of(Design())
    yaml_of(Design(age_max="", control="7", drug="riluzole", riluzole="0", primary="survival"))
    assert yaml_of(Design()) == before
    assert read_document(templates()["aav-mir126"]).data["arms"][0]["n"] == 60
