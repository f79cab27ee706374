"""The explorer as a whole in a browser: links show the command line's numbers, impossible ones get a message, and a
server that is killed is said."""

import json
import math
import os
import random
import re

import pytest
from tests.browser import audit
from tests.browser.walk import settled, table
from typer.testing import CliRunner

from charcot.interfaces.cli.main import app as command_line

LINKS = 50 if os.environ.get("CHARCOT_BROWSER") == "all" else 15  # each is simulated twice: all in `make browser`


def random_questions(count):
    rng = random.Random(13)
    for _ in range(count):
        asked = {"genotype": rng.choice(["sporadic", "C9orf72", "SOD1", "TARDBP", "FUS"]), "age": rng.randint(40, 80)}
        asked |= {"site": rng.choice(["bulbar", "cervical", "thoracic", "lumbar"]), "months": rng.choice([24, 36, 60])}
        if rng.random() < 0.5:
            asked["seed"] = rng.randint(0, 10_000)
        if rng.random() < 0.7:
            product = rng.choice(["riluzole", "edaravone_oral", "tofersen", "niv", "aav_mir126"])
            asked["treat"] = f"{product}::{rng.randint(-12, 24)}"
        yield asked


def test_random_links_show_the_numbers_of_the_command_line(open_page, explorer):
    page = open_page(
        explorer.url, calm=False
    )  # a person who does not fall ill is refused with 422, which a console tells
    shown = refused = 0
    for asked in random_questions(LINKS):
        options = [word for name, value in asked.items() for word in (f"--{name}", str(value))]
        result = CliRunner().invoke(command_line, ["patient", *options, "--json"])
        printed = json.loads(result.stdout)
        page.goto("about:blank")
        page.goto(explorer.url + "#/patient?" + "&".join(f"{name}={value}" for name, value in asked.items()))
        if result.exit_code:
            page.wait_for_selector("[role=alert]")
            assert printed["problems"][0]["message"] in page.locator("[role=alert]").inner_text()
            refused += 1
            continue
        page.wait_for_selector("figure svg path.line")
        page.get_by_text("Table: ALSFRS-R over time").click()
        total = printed["series"][0]
        arms = [total["untreated"], *([total["treated"]] if total["treated"] else [])]
        told = table(page, "ALSFRS-R over time")
        assert [[row[k] for row in told] for k in range(1, len(arms) + 1)] == [close_to(arm) for arm in arms], asked
        milestones = table(page, "Milestones")
        assert [row[2] for row in milestones] == close_to([one["untreated"] for one in printed["milestones"]]), asked
        shown += 1
    assert shown >= 0.8 * LINKS
    assert shown + refused == LINKS
    others = [error for error in page.watched.errors if "422" not in error]
    assert others == []


class close_to(list):
    """Equal to numbers within 1e-9, and to nothing where there is nothing."""

    def __eq__(self, other):
        return len(self) == len(other) and all(
            a is b if a is None or b is None else math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)
            for a, b in zip(self, other, strict=True)
        )


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("#/patient?treat=rilzole::0", "Did you mean riluzole?"),
        ("#/patient?age=300", "an age at onset of 300 years is not possible here"),
        ("#/patient?persons=10000000", "10,000,000 persons cannot be simulated in the explorer"),
        ("#/patient?models=10000", "10,000 plausible models"),
        ("#/treatments?product=rilzole", "Did you mean riluzole?"),
        ("#/treatments?doses=0", "0 times the default dose is no dose"),
        ("#/neuron?mechanism=nothing", "no mechanism is called 'nothing'"),
        ("#/trial?template=aav", "no template is called 'aav'"),
        ("#/trial?show=1&treated=10000000", "above the most that is possible, 100,000"),
        ("#/trial?power=1&twins=10000000", "10,000,000 people cannot be simulated at a click"),
        ("#/trial?show=1&protocol=0123456789abcdef", "this protocol is not here any more"),
        ("#/neuron?genotype=%3Cscript%3E", "no genotype is called '<script>'"),
    ],
)
def test_impossible_links_get_a_message(open_page, explorer, link, words):
    page = open_page(explorer.url + link, calm=False)
    page.get_by_role("alert").filter(has_text=words).first.wait_for(timeout=30_000)
    assert "Traceback" not in page.content()
    assert audit.axe_findings(page) == []


def test_a_server_that_is_killed_is_said_and_the_page_goes_on_when_it_is_back(open_page, explorer):
    page = settled(open_page(explorer.url + "#/patient?genotype=SOD1", calm=False))
    page.get_by_role("button", name=re.compile("such people differ")).click()
    page.get_by_role("status").filter(has_text=re.compile("People simulated: .* of 60")).wait_for()
    port = explorer.port
    explorer.kill()
    alert = page.get_by_role("alert").filter(has_text="The explorer's server")
    alert.wait_for(timeout=15_000)
    assert "charcot explore" in alert.inner_text()
    explorer.start(port)
    alert.wait_for(state="detached", timeout=60_000)
    page.wait_for_selector("text=Monte Carlo", timeout=60_000)
