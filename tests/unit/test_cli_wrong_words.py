"""Numbers and addresses on the command line that nobody can mean are bad input, named by their option."""

import json

import pytest
from typer.testing import CliRunner

from charcot.interfaces.cli.main import app

WRONG = [
    ("population sporadic -n 9 --at|9000 years", "are beyond a life"),
    ("population sporadic -n 9 --trajectories|1e5000 weeks", "'1e5000 weeks' is too large for a number"),
    ("population sporadic -n 9 --scheduler|tcp://", "'tcp://' is not an address"),
    ("population sporadic -n 9 --scheduler|foo://x:1", "'foo://x:1' is not an address"),
    ("population sporadic -n 9 --seed|99999999999999999999", "--seed"),
    ("sweep --dry-run --size|99999999999", "a cohort cannot have 99,999,999,999 patients"),
    ("evidence gaps --dry-run --size|99999999999", "99,999,999,999 patients are too many"),
    ("compare --dry-run --draws|999999999999", "--draws"),
    ("export -o new.xml --seed-age|1e400", "cannot be seeded at inf years"),
    ("export -o new.xml --years|1e400", "up to 120"),
    ("export -o new.xml --start|soon", "'soon' is not a number with a unit"),
]


@pytest.mark.parametrize(("words", "told"), WRONG, ids=[words for words, _ in WRONG])
def test_numbers_that_nobody_can_mean_are_refused(tmp_path, monkeypatch, words, told):
    monkeypatch.chdir(tmp_path)
    front, last = words.split("|")
    result = CliRunner().invoke(app, [*front.split(), last])
    assert result.exit_code == 2, result.output
    assert told in result.output
    assert list(tmp_path.iterdir()) == []


USAGE = [
    ("trial st --models 0 --json", "'--models'", "'charcot trial -h'"),
    ("sweep -p tofersen --json --seed -1", "'--seed'", "'charcot sweep -h'"),
    ("predict list --json --floder x", "--floder", "'charcot predict list -h'"),
    ("swep --json", "swep", "'charcot -h'"),
]


@pytest.mark.parametrize(("words", "told", "remedy"), USAGE, ids=[words for words, _, _ in USAGE])
def test_words_that_no_verb_understands_are_told_as_json_too(words, told, remedy):
    result = CliRunner().invoke(app, words.split(), prog_name="charcot")
    assert result.exit_code == 2, result.output
    record = json.loads(result.stdout)
    assert (record["ok"], record["exit_code"]) == (False, 2)
    assert told in record["message"]
    assert remedy in record["problems"][0]["hint"]
    assert told.strip("'") in result.stderr  # and in words as ever
    plain = CliRunner().invoke(app, words.replace(" --json", "").split())
    assert plain.exit_code == 2
    assert plain.stdout == ""


UNREAD = [
    ("sweep -p tofersen --follow-up 10", "--follow-up: '10' has no unit"),
    ("sweep -p tofersen --at 36", "--at: '36' has no unit"),
    ("sweep -p tofersen --start=soon", "--start: 'soon' is not a number"),
    ("sweep -p tofersen --dose much", "--dose: 'much' is not a number"),
]


@pytest.mark.parametrize(("words", "told"), UNREAD, ids=[words for words, _ in UNREAD])
def test_an_option_that_cannot_be_read_is_the_only_problem(words, told):
    result = CliRunner().invoke(app, [*words.split(), "--dry-run", "--json"])
    assert result.exit_code == 2, result.output
    record = json.loads(result.stdout)
    assert len(record["problems"]) == 1, record
    assert told in record["message"]


def test_what_else_is_wrong_with_a_sweep_is_told_beside_an_option_that_cannot_be_read():
    result = CliRunner().invoke(app, ["sweep", "-p", "tofersn", "--follow-up", "10", "--dry-run", "--json"])
    codes = [problem["code"] for problem in json.loads(result.stdout)["problems"]]
    assert codes == ["bad-time", "unknown-product"]
