"""``charcot list``: the names of every kind, and what is said of a kind that is none."""

import json

import pytest
from typer.testing import CliRunner

from charcot.interfaces.cli.listing import KINDS
from charcot.interfaces.cli.main import app

ONE_OF = {
    "products": "aav_mir126",
    "populations": "sporadic",
    "genotypes": "SOD1",
    "readouts": "clinic.alsfrs_r.total",
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_names(kind):
    shown = CliRunner().invoke(app, ["list", kind])
    told = json.loads(CliRunner().invoke(app, ["list", kind, "--json"]).stdout)
    assert shown.exit_code == 0
    assert shown.stdout.split("\n")[:-1] == told["names"]
    assert told["count"] == len(set(told["names"])) > 0
    assert ONE_OF.get(kind, told["names"][0]) in told["names"]


def test_an_unknown_kind_names_all_kinds():
    result = CliRunner().invoke(app, ["list", "xyz", "--json"])
    assert result.exit_code == 2
    (problem,) = json.loads(result.stdout)["problems"]
    assert all(kind in problem["hint"] for kind in KINDS)
