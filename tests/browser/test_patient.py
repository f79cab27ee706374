"""The Patient screen in a browser."""

import re

import pytest
from tests.browser import audit
from tests.browser.walk import SURVIVAL, assert_readable, changed, finding, settled, tab_to, table

TREATED = "#/patient?treat=riluzole::0"


def test_the_screen_is_readable_without_seeing_it(open_page, explorer):
    assert_readable(settled(open_page(explorer.url + TREATED)))


def test_the_audit_finds_each_label_that_is_taken_away(open_page, explorer):
    page = settled(open_page(explorer.url + TREATED))
    found = audit.unnamed(page)
    assert found == []
    for break_it in (
        "document.querySelector('label[for]').remove()",
        "document.querySelector('input[type=range]').removeAttribute('aria-valuetext')",
        "document.querySelector('figure svg').removeAttribute('aria-label')",
        "document.querySelector('fieldset label').replaceChildren(document.querySelector('fieldset label input'))",
    ):
        page.evaluate(break_it)
        before, found = found, audit.unnamed(page)
        assert len(found) > len(before), break_it


def test_a_key_changes_the_picture_and_the_address(open_page, explorer):
    page = settled(open_page(explorer.url + "#/patient"))
    before = finding(page)
    slider = page.get_by_role("slider", name="Age at onset, years")
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "() => document.querySelector('input[type=range]').getAttribute('aria-valuetext') === '63 years'"
    )
    assert "age=63" in page.url
    page.keyboard.press("Shift+ArrowRight")
    page.wait_for_function("() => location.hash.includes('age=73')")
    changed(page, before)
    page.reload()
    settled(page)
    assert page.get_by_role("slider", name="Age at onset, years").get_attribute("aria-valuetext") == "73 years"


def test_two_switches_are_enough(open_page, explorer):
    """One switch goes on (Tab), the other one chooses (Enter): to the Patient screen, a treatment, and its table."""
    page = settled(open_page(explorer.url))
    tab_to(page, "Patient")
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:has-text('One virtual patient')")
    settled(page)
    tab_to(page, "Add a treatment")
    page.keyboard.press("Enter")
    page.wait_for_function("() => location.hash.includes('treat=riluzole')")
    page.wait_for_selector("svg path.line.second")
    tab_to(page, "Table: ALSFRS-R over time")
    page.keyboard.press("Enter")
    page.wait_for_selector("caption:has-text('ALSFRS-R over time')")


def test_the_table_twin_has_the_plotted_numbers(open_page, explorer):
    page = settled(open_page(explorer.url + TREATED))
    page.get_by_text("Table: ALSFRS-R over time").click()
    rows = table(page, "ALSFRS-R over time")
    path = page.locator("figure").first.locator("path.line.first").get_attribute("d")
    points = [(float(x), float(y)) for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", path)]
    values = [row[1] for row in rows if row[1] is not None]
    assert len(points) == len(values)
    (high, low) = (max(values), min(values))
    top, bottom = points[values.index(high)][1], points[values.index(low)][1]
    for value, (_, y) in zip(values, points, strict=True):
        assert y == pytest.approx(bottom + (value - low) / (high - low) * (top - bottom), abs=0.11)


def test_nothing_of_survival_is_in_the_page_before_it_is_asked_for(open_page, explorer):
    page = settled(open_page(explorer.url + "#/patient?treat=riluzole::0&persons=20"))
    page.wait_for_selector("text=Monte Carlo", timeout=60_000)
    for button in page.get_by_text(re.compile("^Table: ")).all():
        button.click()
    text = page.evaluate("document.documentElement.outerHTML")
    before = re.sub(r"(?i)medians?( by chance)?|the order statistics", "", text)  # of the ALSFRS-R, over people
    assert not SURVIVAL.search(before), SURVIVAL.search(before)
    assert not any("prognosis" in url for url in page.watched.asked)
    for button in page.get_by_text(re.compile("^Table: ")).all():
        button.click()
    section = page.locator("section", has=page.get_by_role("heading", name="Time", exact=True))
    section.get_by_role("button", name="Show the group only").click()
    section.get_by_role("heading", name=re.compile("^Group: ")).wait_for(timeout=60_000)
    assert not re.search(r"\d+(\.\d+)? months", section.inner_text())
    assert section.locator("svg").count() == 0
    section.get_by_role("button", name=re.compile("middle")).click()
    section.get_by_text(re.compile("half of such virtual people live")).first.wait_for(timeout=60_000)
    assert section.locator("svg").count() == 0
    section.get_by_role("button", name=re.compile("curve")).click()
    section.locator("svg path.line").first.wait_for(timeout=60_000)
    assert audit.axe_findings(page) == []
    section.get_by_role("button", name="Hide this again").click()
    assert section.locator("svg").count() == 0
    assert not re.search(r"\d+(\.\d+)? months", section.inner_text())


def test_a_long_run_can_be_cancelled(open_page, explorer):
    page = settled(open_page(explorer.url + "#/patient?genotype=FUS&age=51"))
    page.get_by_role("button", name=re.compile("such people differ")).click()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name=re.compile("such people differ")).wait_for()
    assert page.locator("progress").count() == 0


def test_csv_and_svg_are_what_is_shown(open_page, explorer):
    page = settled(open_page(explorer.url + TREATED, accept_downloads=True))
    with page.expect_download() as csv:
        page.get_by_role("button", name="CSV: ALSFRS-R over time").click()
    lines = csv.value.path().read_text(encoding="utf-8").splitlines()
    page.get_by_text("Table: ALSFRS-R over time").click()
    rows = table(page, "ALSFRS-R over time")
    assert [[float(cell) for cell in line.split(",")[1:]] for line in lines[1:]] == [row[1:] for row in rows]
    with page.expect_download() as svg:
        page.get_by_role("button", name="SVG: ALSFRS-R over time").click()
    picture = svg.value.path().read_text(encoding="utf-8")
    assert finding(page) in picture.replace("&amp;", "&")
    assert 'stroke="rgb' in picture


def test_what_the_evidence_leaves_open_stands_beside_the_other_layers(open_page, explorer):
    """A link asks for it: three named ranges, whose numbers are those of the table; a key asks for it anew."""
    page = settled(open_page(explorer.url + "#/patient?treat=riluzole::0&months=24&models=2"))
    heading = page.get_by_role("heading", name="Three layers of uncertainty")
    heading.wait_for(timeout=120_000)
    section = page.locator("section", has=heading)
    assert section.locator("dt").all_inner_texts() == [
        "Between patients",
        "Monte Carlo",
        "What the evidence leaves open",
    ]
    assert not SURVIVAL.search(section.inner_html())
    section.get_by_text("Table: Three layers, ALSFRS-R, gained by the treatment").click()
    rows = table(page, "Three layers, ALSFRS-R, gained by the treatment")
    assert len(rows) == 3
    figure = section.locator("figure", has=page.get_by_text("Table: Three layers, ALSFRS-R, gained"))
    ends = figure.locator("line.span").evaluate_all("all => all.map(e => [e.getAttribute('x1'), e.getAttribute('x2')])")
    for (_, _, low, high), (left, right) in zip(rows, ends, strict=True):
        scale = (float(ends[0][1]) - float(ends[0][0])) / (rows[0][3] - rows[0][2])
        assert float(right) - float(left) == pytest.approx(scale * (high - low), abs=0.1)
    assert audit.axe_findings(page, audit.OF_THE_LOOK) == []
    assert audit.unnamed(page) == []
    page.get_by_role("slider", name="Age at onset, years").press("ArrowRight")
    heading.wait_for(state="detached")
    assert "models" not in page.url
    tab_to(page, "Show what the evidence leaves open")
    page.keyboard.press("Enter")
    page.get_by_text("People simulated under plausible models").wait_for()
    assert "models=6" in page.url
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Show what the evidence leaves open").wait_for()
