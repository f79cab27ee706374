"""A report in a browser: the rules of accessibility, a phone, and paper."""

import re

import pytest
from tests.browser import audit
from tests.unit.test_report_material import material

from charcot.interfaces.report.compose import write_report

PAPER = 624  # CSS pixels: what a letter page leaves between margins of an inch


@pytest.fixture(scope="module")
def report(tmp_path_factory, browser):
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(write_report(material()), encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize("width", [1280, 390])
def test_no_rule_of_accessibility_is_broken(open_page, report, width):
    page = open_page(report, width=width)
    assert page.locator("figure svg").count() >= 12
    assert audit.axe_findings(page) == []
    assert audit.unnamed(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_is_wider_than_a_phone_is_scrolled_by_keys(open_page, report):
    page = open_page(report, width=390)
    canvas = page.locator(".canvas").first
    assert canvas.evaluate("e => e.scrollWidth > e.clientWidth")
    canvas.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('.canvas').scrollLeft > 0")


BROKEN = {
    "svg-img-alt": "document.querySelector('figure svg g').setAttribute('role', 'graphics-symbol')",
    "scrollable-region-focusable": "document.querySelector('.canvas').removeAttribute('tabindex')",
    "color-contrast": "document.querySelector('nav a').style.color = '#ccc'",
}


def test_the_rules_find_what_is_broken_on_purpose(open_page, report):
    page = open_page(report, width=390)
    for break_it in BROKEN.values():
        page.evaluate(break_it)
    assert {name for name, _ in audit.axe_findings(page)} == set(BROKEN)


def test_on_paper_every_picture_is_whole_and_nothing_waits_for_a_click(open_page, report):
    page = open_page(report, width=PAPER)
    page.emulate_media(media="print")
    cut = page.evaluate(
        """[...document.querySelectorAll("figure svg")].filter(svg => svg.getBoundingClientRect().right > innerWidth
            || svg.closest(".canvas").scrollWidth > svg.closest(".canvas").clientWidth).length"""
    )
    assert cut == 0
    assert audit.cut_on_paper(page) == []
    assert page.locator("nav").is_hidden()
    assert page.locator("summary").first.is_hidden()
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))) > 3
