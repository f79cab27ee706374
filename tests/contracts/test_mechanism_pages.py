"""The pages of the mechanisms are what the code and its tables say today."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from charcot import patients
from charcot.experiments import bearing
from charcot.experiments.reading import entries
from charcot.interfaces import pages
from charcot.studies.ablation import mechanism_names, population_for

FOLDER = Path(__file__).parents[2] / "docs" / "mechanisms"
REMEDY = "run 'charcot docs'"


@pytest.fixture(scope="module")
def stored():
    return pages.read_ablations(FOLDER)


@pytest.fixture(scope="module")
def made(stored):
    return pages.pages(stored)


def test_every_page_is_up_to_date(made):
    stale = [n for n, text in made.items() if not (FOLDER / n).is_file() or (FOLDER / n).read_text("utf-8") != text]
    assert stale == [], REMEDY


def test_no_page_is_left_of_a_mechanism_that_is_gone(made):
    assert {path.name for path in FOLDER.glob("*.md")} == set(made), REMEDY
    assert {path.stem for path in FOLDER.glob("*.svg")} == set(mechanism_names()), REMEDY


def test_the_simulations_are_of_todays_program(stored):
    assert stored is not None
    assert stored.program == patients.program().hash, REMEDY
    assert set(stored.results) == set(mechanism_names())
    assert all(int(row["failed"]) == 0 for row in stored.results.values())


def test_every_mechanism_says_why_its_absence_changes_the_course_as_it_does():
    reasons = pages.reasons()
    assert set(reasons) == set(mechanism_names())
    assert all(len(text) > 40 for text in reasons.values())


def test_a_page_holds_claim_place_equations_numbers_evidence_and_experiments(made):
    for mechanism in patients.definition().mechanisms:
        page = made[f"{mechanism.name}.md"]
        assert f"**{mechanism.claim}**" in page
        for part in ("## Its place in the chain", "## Switched off alone", "## Equations", "## Numbers", "## Evidence",
                     "## Experiments"):  # fmt: skip
            assert part in page, (mechanism.name, part)
        for key in (*mechanism.sources, *mechanism.against):
            assert key in page or key == "free", (mechanism.name, key)
        for argument in mechanism.arguments:
            rows = [n for n in patients.definition().numbers if n.name.replace(".", "_") == argument]
            assert all(f"`{n.name}`" in page for n in rows), (mechanism.name, argument)


def test_every_link_of_a_page_leads_somewhere(made):
    for name, page in made.items():
        for target in re.findall(r"\]\(([^)#]+)\)", page):
            assert (FOLDER / target).is_file() or target.startswith("http"), (name, target)


def test_a_page_of_one_gene_shows_its_carriers(made):
    assert population_for("genetic.sod1_misfolding") == "sod1"
    assert "carriers of SOD1 mutations" in made["genetic.sod1_misfolding.md"]
    assert population_for("tdp43.condensate") == "sporadic"


def test_a_changed_number_changes_a_page(monkeypatch, made):
    real = pages.number_text
    monkeypatch.setattr(pages, "number_text", lambda v: real(v * 2))
    assert pages.pages(None)["delivery.delivery.md"] != made["delivery.delivery.md"]
    assert "Not simulated yet" in pages.pages(None)["delivery.delivery.md"]


def test_a_page_says_which_experiments_it_meets_and_misses_and_why(made):
    page = made["genetic.sod1_turnover.md"].split("## Experiments")[1]
    assert "- hit (calibration), `tofersen_100_mg`" in page
    page = made["tdp43.shuttling.md"].split("## Experiments")[1]
    content = entries()["rnls8_low_doxycycline_onset"].content
    assert (
        f"- **MISS** (validation), `rnls8_low_doxycycline_onset`: {content.title}; through `tdp43.transgene`." in page
    )
    assert content.miss in page


def test_a_verdict_on_a_page_is_that_of_the_stored_board(monkeypatch, made):
    real = bearing.baseline()
    monkeypatch.setattr(bearing, "baseline", lambda: real | {"tofersen_100_mg": False})
    page = pages.pages(None)["genetic.sod1_turnover.md"]
    assert "- **MISS** (calibration), `tofersen_100_mg`" in page


def test_a_page_without_any_experiment_says_so(made):
    for name in (m.name for m in patients.definition().mechanisms):
        part = made[f"{name}.md"].split("## Experiments")[1]
        assert ("`" in part) != ("No experiment or claim of the board acts on it, shares" in part), name
