"""Numbers and addresses on the command line that nobody can mean are bad input, named by their option."""

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
