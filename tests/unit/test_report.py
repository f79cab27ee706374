"""The report page: complete, self-contained, readable without seeing it."""

from __future__ import annotations

import dataclasses
import math
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from test_report_material import material

from charcot.interfaces.report.charts.lines import spread
from charcot.interfaces.report.compose import DISCLAIMER, compose, key_message, to_html, write_report
from charcot.interfaces.report.content import Figure, Table, cell_text, number_text, say
from charcot.interfaces.report.gather import not_estimable, verdict
from charcot.interfaces.report.kaplan_meier import at_risk_table, kaplan_meier, survival_table
from charcot.interfaces.report.picture import dress

ANCHORS = (
    "key", "typical", "chain", "flow", "baseline", "alsfrs-r", "published", "estimates", "survival", "biomarkers",
    "natural-history", "ablations", "methods", "evidence", "failures", "manifest",
)  # fmt: skip
VOID = {"meta", "br", "hr", "img", "link", "input"}


class Page(HTMLParser):
    """Collects what the tests ask about, and checks that tags close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.svgs: list[dict[str, str | None]] = []
        self.tags: dict[str, int] = {}
        self.headers_without_scope = 0
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags[tag] = self.tags.get(tag, 0) + 1
        if tag not in VOID:
            self.open.append(tag)
        for name in ("src", "href", "xlink:href", "srcset", "data", "action"):
            address = values.get(name)
            if address is None:
                continue
            if address.startswith("#"):
                self.links.append(address[1:])
            else:
                self.loads.append((tag, address))
        if values.get("id"):
            self.ids.append(str(values["id"]))
        if tag == "svg":
            self.svgs.append(values)
        if tag == "th" and "scope" not in values:
            self.headers_without_scope += 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page_text() -> str:
    return write_report(material())


@pytest.fixture(scope="module")
def page(page_text: str) -> Page:
    return Page(page_text)


def test_every_section_is_there(page: Page) -> None:
    assert [anchor for anchor in ANCHORS if anchor not in page.ids] == []
    assert not page.open


def test_nothing_is_loaded_from_anywhere(page: Page, page_text: str) -> None:
    assert page.loads == []
    assert page.tags.get("script", 0) == 0
    assert page.tags.get("link", 0) == 0
    assert "@import" not in page_text
    assert re.findall(r"url\((?!#)", page_text) == []


def test_identifiers_are_unique_and_links_arrive(page: Page) -> None:
    assert len(page.ids) == len(set(page.ids))
    assert set(page.links) <= set(page.ids)


def test_every_picture_has_a_role_a_name_and_a_table(page: Page) -> None:
    assert len(page.svgs) == page.tags["figure"] >= 12
    assert all(svg["role"] == "img" and len(svg["aria-label"] or "") > 40 for svg in page.svgs)
    assert page.tags["details"] == page.tags["figure"]
    assert page.headers_without_scope == 0


def test_every_title_is_one_sentence_and_every_figure_has_numbers() -> None:
    figures = [b for section in compose(material()).sections for b in section.blocks if isinstance(b, Figure)]
    for figure in figures:
        assert figure.finding.endswith("."), figure.finding
        assert figure.table.rows, figure.name
        assert "nan" not in figure.finding.lower().split()


def test_the_page_says_what_it_is_not(page_text: str) -> None:
    assert page_text.count(DISCLAIMER) == 2
    assert "no medical device" in DISCLAIMER
    assert "Model risk" in page_text


def test_a_miss_is_shown_and_named(page_text: str) -> None:
    assert "1 of 2 published values lies inside the middle 95 % of 200 simulated trials; 1 does not." in page_text
    assert "published is 0.34 steeper: a miss" in page_text


def test_the_key_message_says_what_was_never_given_to_people(page_text: str) -> None:
    key = page_text[page_text.index('id="key"') : page_text.index("no medical device")]
    assert "AAV: NEVER GIVEN TO PEOPLE." in key
    assert "Never given to people: Gene therapy with miR-126 (AAV)." in page_text
    untreated = write_report(dataclasses.replace(material(), trial=None, typical=None, given=()))
    assert "No treatment is given in this run." in untreated


def test_the_interval_of_the_key_message_is_the_one_of_the_row() -> None:
    whole = material()
    assert whole.trial is not None
    frame = whole.trial.comparison.assign(interval="95 % confidence interval of the mixed model")
    view = dataclasses.replace(whole.trial, comparison=frame, replicates=1)
    text = write_report(dataclasses.replace(whole, trial=view))
    assert "0.11 to 0.7 points/month (95 % confidence interval of the mixed model)" in text
    assert "middle 95 % of 1 " not in text
    assert "simulated trials" not in text.replace("simulated trials as", "")


@pytest.mark.parametrize(
    ("slopes", "unit", "told"),
    [
        (
            (-0.43, -0.82),
            "points/month",
            "In the model drug −0.43, placebo −0.82 points/month: 48 % slower. Significant",
        ),
        (
            (-0.9, -0.6),
            "points/month",
            "In the model drug −0.9, placebo −0.6 points/month: 50 % faster. Significant",
        ),
        (
            (-4.9, -7.2),
            "points",
            "In the model drug −4.9, placebo −7.2 points. Significant in 3 of 4 ",
        ),
    ],
)
def test_the_answer_names_both_arms_and_what_it_means(slopes: tuple[float, float], unit: str, told: str) -> None:
    rows = [("drug", "", slopes[0]), ("placebo", "", slopes[1]), ("drug", "placebo", 0.39)]
    frame = pd.DataFrame(
        [
            {"title": "Slope", "who": f"{arm} against {reference}" if reference else arm, "arm": arm, "unit": unit,
             "reference": reference, "simulated": value, "contrast": bool(reference), "power": 0.75,
             "lower": np.nan, "upper": np.nan, "published": np.nan}
            for arm, reference, value in rows
        ]
    )  # fmt: skip
    whole = material()
    view = dataclasses.replace(whole.trial, comparison=frame, replicates=4)
    answer = key_message(dataclasses.replace(whole, trial=view)).answer
    assert told in answer
    alone = dataclasses.replace(view, comparison=frame[frame["contrast"]], replicates=1)
    assert key_message(dataclasses.replace(whole, trial=alone)).answer == f"drug against placebo: 0.39 {unit} (Slope)."


def test_why_an_earlier_dose_need_not_win_is_said_with_its_measurement(page_text: str) -> None:
    assert "Months since the onset of the untreated course" in page_text
    assert "Months since symptom onset, " not in page_text
    assert "It fades: what it makes halves every 8 years (grade F: set by hand)." in page_text
    assert "alive (AAV-miR-126 at month 6), dead at month 45 (AAV-miR-126 at month 24)" in page_text
    whole = material()
    late_wins = {**whole.typical.events, "AAV-miR-126 at month 6": {"treatment_start": 6.0, "death": 40.0}}
    text = write_report(dataclasses.replace(whole, typical=dataclasses.replace(whole.typical, events=late_wins)))
    assert "The earlier dose does not give the longer life here, because the vector fades" in text


def test_a_treated_course_that_never_ends_or_fails_breaks_no_report() -> None:
    whole = material()
    events = {
        **whole.typical.events,
        "AAV-miR-126 at month 6": {"treatment_start": 6.0, "death": np.inf},
        "AAV-miR-126 at month 24": {"treatment_start": 24.0, "death": np.nan},
    }
    lasting = {"AAV-miR-126 at month 6": np.inf, "AAV-miR-126 at month 24": np.nan}
    typical = dataclasses.replace(whole.typical, events=events, lasting=lasting)
    text = write_report(dataclasses.replace(whole, typical=typical))
    assert "Months from the dose to death: never (AAV-miR-126 at month 6), – (AAV-miR-126 at month 24)" in text
    assert "unknown, as the simulation failed (AAV-miR-126 at month 24)" in text


def test_published_values_are_not_called_missed_by_too_few_trials() -> None:
    whole = material()
    assert whole.trial is not None
    frame = whole.trial.comparison.assign(judged=False, inside=False)
    view = dataclasses.replace(whole.trial, comparison=frame, replicates=3)
    text = write_report(dataclasses.replace(whole, trial=view))
    assert "3 simulated trials are set beside 2 published values; 2 are not judged" in text
    assert "published values lie" not in text
    frame = whole.trial.comparison.assign(judged=[True, False, False])
    text = write_report(dataclasses.replace(whole, trial=dataclasses.replace(whole.trial, comparison=frame)))
    assert "1 of 1 published values lies inside the middle 95 % of 200 simulated trials; 0 do not; 1 is not" in text


def test_failures_without_a_mechanism_are_shown(page_text: str) -> None:
    table = page_text[page_text.index("One mechanism switched off at a time") :]
    row = table[table.index("toxic microglia") :]
    assert "Failed" in table[: table.index("toxic microglia")]
    assert ">7<" in row[: row.index("Less harm from glia")]


def test_failures_are_counted_also_when_there_are_none(page_text: str) -> None:
    assert "No simulation failed" in page_text
    failed = dataclasses.replace(material(), trial=None, typical=None, history=None, failures={"step too small": 3})
    assert "3 simulated patients failed" in write_report(failed)


def test_a_report_without_a_trial_still_answers() -> None:
    text = write_report(dataclasses.replace(material(), trial=None))
    assert "Median survival from onset: 33.1 months, published 24 to 48." in text
    assert 'id="flow"' not in text


def test_one_replicate_claims_no_range() -> None:
    whole = material()
    assert whole.trial is not None
    frame = whole.trial.comparison.assign(lower=np.nan, upper=np.nan, inside=False)
    text = write_report(
        dataclasses.replace(whole, trial=dataclasses.replace(whole.trial, comparison=frame, replicates=1))
    )
    assert "one trial gives no range" in text


def test_a_trial_without_published_values_draws_its_effects() -> None:
    whole = material()
    assert whole.trial is not None
    frame = whole.trial.comparison.assign(published=np.nan, inside=False, verdict="")
    view = dataclasses.replace(whole.trial, comparison=frame)
    text = write_report(dataclasses.replace(whole, trial=view, typical=None, history=None))
    assert 'id="published"' not in text
    assert "significant in 82 % of the trials" in text


def test_names_of_users_cannot_break_the_page() -> None:
    whole = dataclasses.replace(material(), title="<script>alert(1)</script>", trial=None, typical=None, history=None)
    text = write_report(whole)
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_two_reports_of_one_material_are_the_same(page_text: str) -> None:
    assert to_html(compose(material())) == page_text


def test_dressing_makes_identifiers_private() -> None:
    svg = '<svg xmlns="x" viewBox="0 0 10 20"><clipPath id="clip0"></clipPath><g clip-path="url(#clip0)"></g></svg>'
    dressed = dress(svg, "scores", 'A "quoted" finding.', "Label.")
    assert 'id="scores-part-0"' in dressed
    assert "url(#scores-part-0)" in dressed
    assert "&quot;quoted&quot;" in dressed


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (1.0, "1.00"), (33.14, "33.1"), (-0.974, "−0.97"), (1234.5, "1,234"), (0.0123, "0.012"),
     (4.2e-7, "4.20e−07"), (float("inf"), "never"), (float("nan"), "–")],
)  # fmt: skip
def test_numbers_are_printed_for_readers(value: float, text: str) -> None:
    assert number_text(value) == text


def test_sentences_have_no_idle_zeros_and_cells_no_nan() -> None:
    assert [say(38.0), say(0.5), say(100.0)] == ["38", "0.5", "100"]
    assert [cell_text(None), cell_text(float("nan")), cell_text(-3), cell_text("x")] == ["–", "–", "−3", "x"]
    assert Table.of(("a", "b"), [("x", 1.0), ("y", None)]).numeric == (False, True)


def test_labels_are_moved_apart_and_stay_inside() -> None:
    placed = spread([100.0, 101.0, 102.0], 17, 8, 120)
    assert placed == sorted(placed)
    assert np.diff(placed).min() >= 17
    assert max(placed) <= 120
    assert spread([], 17, 8, 120) == []


def test_a_verdict_names_side_distance_and_miss() -> None:
    assert verdict(-1.0, -1.2, -0.8, -1.1, "points/month") == "inside the range: model 0.1 points/month above"
    assert verdict(-1.0, -1.2, -0.8, -0.5, "points") == "MISS: model 0.5 points below"
    assert verdict(1.0, float("nan"), float("nan"), 0.5, "") == "model 0.5 above"
    assert verdict(1.0, 0.0, 2.0, 1.0, "points") == "inside the range: model equals published"
    assert verdict(1.0, 0.0, 2.0, float("nan"), "points") == ""


def test_kaplan_meier_agrees_with_lifelines() -> None:
    from lifelines import KaplanMeierFitter

    generator = np.random.default_rng(3)
    time = np.ceil(generator.exponential(100, 200))
    event = generator.random(200) < 0.6
    grid = np.linspace(0, 300, 40)
    ours, _ = kaplan_meier(time, event, grid)
    theirs = KaplanMeierFitter().fit(time, event).predict(grid)
    np.testing.assert_allclose(ours, np.asarray(theirs), atol=1e-12)


def test_kaplan_meier_with_nobody_dying_or_everybody() -> None:
    grid = np.array([0.0, 5.0, 10.0])
    alive, error = kaplan_meier(np.array([10.0, 10.0]), np.array([False, False]), grid)
    assert alive.tolist() == [1, 1, 1]
    assert error.tolist() == [0, 0, 0]
    alive, error = kaplan_meier(np.array([5.0, 5.0]), np.array([True, True]), grid)
    assert alive.tolist() == [1, 0, 0]
    assert np.isfinite(error).all()


def test_survival_tables_of_several_replicates() -> None:
    events = pd.DataFrame(
        {
            "replicate": [0, 0, 1, 1],
            "time": [30.0, 90.0, 90.0, 90.0],
            "event": [True, False, False, False],
            "series": "A",
        }
    )
    table = survival_table(events, ["A"])
    assert table["y"].iloc[0] == 1
    assert table["y"].iloc[-1] == pytest.approx(0.75)
    risk = at_risk_table(events, ["A"])
    assert risk["count"].iloc[0] == 2
    assert risk["count"].iloc[-1] == 2  # 3 of 4 in two replicates, rounded


def test_what_cannot_be_estimated_is_counted_in_trials_for_each_arm_and_contrast():
    rows = [(replicate, "slope", "active", reference, math.nan, "one patient")
            for replicate in (1, 2) for reference in (None, "placebo", None)]  # fmt: skip
    rows.append((3, "slope", "active", "placebo", -1.0, ""))
    table = pd.DataFrame(rows, columns=["replicate", "estimand", "arm", "reference", "estimate", "note"])
    assert not_estimable(table, {"active": "Drug", "placebo": "Placebo"}) == (
        "Not estimable in 2 trial(s): slope, Drug: one patient.",
        "Not estimable in 2 trial(s): slope, Drug against Placebo: one patient.",
    )
