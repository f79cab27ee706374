"""``charcot list``: the names of every kind, and what is said of a kind that is none."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from charcot.interfaces.cli import entries
from charcot.interfaces.cli.kinds import KINDS
from charcot.interfaces.cli.main import app

ONE_OF = {
    "products": "aav_mir126",
    "populations": "sporadic",
    "genotypes": "SOD1",
    "mechanisms": "tdp43.condensate",
    "ports": "nmj.innervation",
    "numbers": "transport.granule_velocity",
    "systems": "sod1-g93a",
    "experiments": "tnf_knockout",
    "hypotheses": "energy_failure_first",
    "sources": "piol2023",
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


KNOWN = {  # a name of each kind, and what the page must say of it
    "tdp43.condensate": ("mechanism", "writes", "axon.condensate"),
    "tofersen": ("product", "acts_on", "sod1.synthesis"),
    "SOD1": ("genotype", "seed", "soma.sod1"),
    "lead": ("exposure", "odds_ratio", 2.31),
    "sod1-g93a": ("system", "species", "mouse"),
    "energy_failure_first": ("hypothesis", "numbers", "energy.harm_limit = 4 1"),
    "tnf_knockout": ("experiment", "run_it", "charcot reproduce tnf_knockout"),
    "claim_m3": ("claim", "run_it", "charcot reproduce claim_m3"),
    "piol2023": ("source", "grade", ": "),
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_name_of_any_kind_is_explained(name):
    what, key, content = KNOWN[name]
    told = json.loads(CliRunner().invoke(app, ["explain", name, "--json"]).stdout)
    assert (told["what"], told["name"]) == (what, name)
    value = told["facts"][key]
    if isinstance(content, float):
        assert value == content
    else:
        assert content in (value if isinstance(value, str) else "\n".join(value))
    shown = CliRunner().invoke(app, ["explain", name], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert f"{name}, {what}" in shown.stdout


def test_the_keys_of_a_kind_are_those_of_the_page_about_them():
    page = (Path(__file__).parents[2] / "docs" / "explain.md").read_text(encoding="utf-8")
    for names, look in entries.KINDS.values():
        entry = look(next(iter(names())))
        (row,) = [line for line in page.splitlines() if line.startswith(f"| {entry.what} |")]
        assert row.split("`")[1::2] == list(entry.facts), entry.what


def test_an_unknown_name_gives_near_ones_of_other_kinds_and_a_product_takes_no_assumption():
    result = CliRunner().invoke(app, ["explain", "tofersan", "--json"])
    assert result.exit_code == 2
    assert "tofersen" in json.loads(result.stdout)["problems"][0]["hint"]
    result = CliRunner().invoke(app, ["explain", "tofersen", "--assume", "death_direction=counter_claim", "--json"])
    assert result.exit_code == 2
    assert "tofersen is a product" in json.loads(result.stdout)["problems"][0]["message"]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("charcot explain lumbar.nmj.innerv", "lumbar.nmj.innervation"),
        ("charcot init mine --template aav", "aav-mir126"),
        ("charcot patient --genotype SOD1-A", "SOD1-A4V"),
        ("charcot list exp", "experiments"),
        ("charcot sweep --product tof", "tofersen"),
        ("charcot reproduce rnls8_transgene_of", "rnls8_transgene_off"),
    ],
)
def test_a_shell_is_offered_the_names_that_begin_so(words, offered):
    place = str(len(words.split()) - 1)
    environment = {"_CHARCOT_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": place}
    result = CliRunner().invoke(app, [], prog_name="charcot", env=environment)
    assert offered in result.output.splitlines()
    assert all(line.startswith(words.split()[-1]) for line in result.output.splitlines())
