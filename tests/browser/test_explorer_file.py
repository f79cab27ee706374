"""The explorer as one file: it opens without a server, with networking off, and has the numbers of the explorer."""

import pytest
from tests.browser import audit
from tests.browser.walk import SURVIVAL, table

from charcot.interfaces.explorer.export import Grid, page
from charcot.interfaces.explorer.patient import patient
from charcot.interfaces.explorer.questions import question

SMALL = Grid(("sporadic", "SOD1"), (62,), ("lumbar",), ("riluzole", "tofersen"), (0,))


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    told = []
    path = tmp_path_factory.mktemp("explorer") / "page.html"
    path.write_text(page(SMALL, told.append), encoding="utf-8")
    assert told == [1] * SMALL.size
    return path


def test_it_opens_from_the_disk_with_networking_off(open_page, file):
    shown = open_page(file.as_uri(), offline=True)
    shown.wait_for_selector("svg.drawing")
    assert audit.unnamed(shown) == []
    assert audit.axe_findings(shown) == []
    before = shown.locator("figcaption").first.inner_text()
    shown.get_by_role("slider", name="Time, months since onset").focus()
    shown.keyboard.press("Shift+ArrowRight")
    shown.wait_for_function("was => document.querySelector('figcaption').innerText !== was", arg=before)
    shown.locator(".mechanisms a").first.click()
    shown.get_by_text("Evidence against").wait_for()
    shown.get_by_role("link", name="Evidence", exact=True).click()
    shown.get_by_role("heading", name="The board").wait_for()
    assert audit.axe_findings(shown) == []
    assert all(url.startswith("file:") for url in shown.watched.asked)


def test_its_numbers_are_those_of_the_explorer(open_page, file):
    shown = open_page(file.as_uri() + "#/patient", offline=True)
    shown.get_by_label("Gene").select_option("SOD1")
    shown.get_by_role("button", name="Add a treatment").click()
    shown.get_by_label("Treatment 1").select_option("tofersen")
    shown.wait_for_selector("path.line.second")
    shown.get_by_text("Table: ALSFRS-R over time").click()
    told = table(shown, "ALSFRS-R over time")
    total = patient(question("SOD1", treat=["tofersen::0"])).series[0]
    months = [month for month in range(-12, 61) if month % 3 == 0]
    assert len(told) == len(months)
    for row, month in zip(told, months, strict=True):
        for value, exact in zip(row[1:], (total.untreated[month + 12], total.treated[month + 12]), strict=True):
            assert value == pytest.approx(exact, rel=1e-3, abs=1e-5)
    assert not SURVIVAL.search(shown.locator("main").inner_html())


def test_what_it_does_not_hold_is_said(open_page, file):
    shown = open_page(file.as_uri() + "#/patient?age=45", offline=True)
    alert = shown.get_by_role("alert")
    alert.wait_for()
    assert "This one is not in it" in alert.inner_text()
    assert "charcot explore" in alert.inner_text()


def test_the_treatments_screen_says_that_it_needs_the_explorer(open_page, file):
    shown = open_page(file.as_uri() + "#/treatments", offline=True)
    notice = shown.locator("p.notice", has_text="need the explorer itself")
    notice.wait_for()
    assert "charcot explore" in notice.inner_text().replace("\n", " ")
    assert shown.locator("figure").count() == 0
    assert audit.axe_findings(shown) == []


def test_trials_are_protocols_to_read_and_are_not_simulated(open_page, file):
    shown = open_page(file.as_uri() + "#/trial?show=3&power=1", offline=True)
    shown.locator("pre.yaml", has_text="product: aav_mir126").wait_for()
    notice = shown.get_by_text("are not in this page")
    assert "charcot explore" in notice.inner_text()
    assert shown.get_by_role("button", name="Simulate this trial once").count() == 0
    shown.get_by_label("Start from").select_option("edaravone-like")
    shown.locator("pre.yaml", has_text="product: edaravone_iv").wait_for()
    assert audit.axe_findings(shown) == []
    assert audit.unnamed(shown) == []
