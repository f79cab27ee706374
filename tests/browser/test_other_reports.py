"""The reports of a sweep, a fit and the board in a browser: the rules of accessibility, a phone, and paper."""

import pytest
from tests.browser import audit

from charcot.experiments.board import run_board
from charcot.experiments.reading import entries
from charcot.interfaces.report.board import board_page
from charcot.interfaces.report.compose import write_report
from charcot.interfaces.report.sections.fit import fit_key, fit_sections
from charcot.interfaces.report.sections.window import key_of, window_sections
from charcot.interfaces.report.views import Material
from charcot.studies.window import ENDPOINTS, Plan
from charcot.studies.window import sweep as run_sweep

PAPER = 624  # CSS pixels: what a letter page leaves between margins of an inch


def _number(name, value, after, verdict, side, below, above):
    return {
        "name": name, "unit": "1/day", "start": 1.0, "prior_log_spread": 0.5, "value": value, "z": 0.3,
        "posterior_log_spread": after, "verdict": verdict, "side": side, "lower_rise": below, "upper_rise": above,
    }  # fmt: skip


def a_sweep():
    plan = Plan(products=("tofersen",), pairs=False, multiples=(1.0,), starts=(-1.0, 1.0), population="SOD1",
                patient="lumbar", follow_up_years=3.0)  # fmt: skip
    window, endpoint = run_sweep(plan), ENDPOINTS[plan.endpoint]
    name = "typical SOD1 patient"
    sections = window_sections(window, endpoint, name)
    return write_report(
        Material(
            "Therapeutic window", endpoint.title, {}, sections=sections, key=key_of([(name, window)], endpoint, [""])
        )
    )


def a_fit():
    stored = {
        "command": "charcot fit", "date": "2026-01-01", "rounds": 3, "seeds": [], "evaluations": 20,
        "status": "settled",
        "remaining": 0.01, "settled": True, "cost_before": 9.0, "cost": 4.0, "log_evidence": -3.0,
        "patients_at_most": None, "experiments": ["sod1_g93a_natural_history"],
        "numbers": [
            _number("pool.death_rate", 1.2, 0.1, "bounded", "", 5.0, 6.0),
            _number("nmj.sprouting_gain", 0.8, 0.3, "one-sided", "upper", 0.3, 4.0),
            _number("glia.cytokine_gain", 1.0, 0.5, "flat", "", 0.0, 0.1),
        ],
        "figures": [
            {"name": f"sod1_g93a_natural_history: figure {k}", "unit": "day", "aim": 100.0 + k, "deviation": 5.0,
             "before": 90.0, "after": 99.0}
            for k in range(3)
        ],
    }  # fmt: skip
    return write_report(Material("Fit", "Numbers", {}, sections=fit_sections(stored), key=fit_key(stored)))


def a_board():
    return board_page(run_board([entries()["stathmin2_null"]], lambda done: None, 1))


REPORTS = {"sweep": a_sweep, "fit": a_fit, "board": a_board}


@pytest.fixture(scope="module", params=REPORTS)
def report(request, tmp_path_factory, browser):
    path = tmp_path_factory.mktemp("report") / f"{request.param}.html"
    path.write_text(REPORTS[request.param](), encoding="utf-8")
    return path.as_uri()


def test_no_rule_of_accessibility_is_broken_and_paper_holds_all(open_page, report):
    for width in (1280, 390):
        page = open_page(report, width=width)
        assert page.locator("figure svg").count() >= 1
        assert audit.axe_findings(page) == []
        assert audit.unnamed(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page = open_page(report, width=PAPER)
    page.emulate_media(media="print")
    assert audit.cut_on_paper(page) == []
