"""The explorer in a browser: every screen loads, changes, and can be read and used without seeing it or a mouse."""

import json
import math
import os
import random
import re

import pytest
from tests.browser import audit
from typer.testing import CliRunner

from charcot.interfaces.cli.main import app as command_line

SCREENS = {
    "neuron": "#/neuron?month=12",
    "mechanism": "#/neuron?month=12&mechanism=mir126.mir126_loop",
    "patient": "#/patient?treat=riluzole::0",
    "evidence": "#/evidence?group=validation",
}
# until two pictures of the screen have been drawn: what changes with the answer has changed
PAINTED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
LINKS = 50 if os.environ.get("CHARCOT_BROWSER") == "all" else 15  # each is simulated twice: all in `make browser`
SURVIVAL = re.compile(r"surviv|hazard|\bdie\b|\bdeath|half of such virtual|median|years to live|risk group:", re.I)


def settled(page, screen):
    page.wait_for_selector("figure svg path.line, figure svg rect.bar, svg.drawing", timeout=60_000)
    if screen == "mechanism":
        page.wait_for_selector("text=Evidence against", timeout=60_000)
    page.evaluate(PAINTED)
    return page


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_each_screen_is_readable_without_seeing_it(open_page, explorer, screen, width, scheme):
    page = settled(open_page(explorer.url + SCREENS[screen], width=width, color_scheme=scheme), screen)
    assert audit.unnamed(page) == []
    assert audit.axe_findings(page) == []
    assert audit.small_targets(page) == []
    named = audit.figures(page)
    assert named
    assert all(name == title for name, title in named)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("screen", SCREENS)
def test_each_screen_reflows_at_400_per_cent_and_lives_in_forced_colours(open_page, explorer, screen):
    page = settled(
        open_page(explorer.url + SCREENS[screen], width=320, forced_colors="active", reduced_motion="reduce"), screen
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    moving = page.evaluate(
        "[...document.querySelectorAll('*')].filter(e => parseFloat(getComputedStyle(e).transitionDuration) > 0).length"
    )
    assert moving == 0
    page.emulate_media(media="print")
    assert page.locator("nav").is_hidden()
    assert page.locator("figure svg").first.is_visible()


def test_the_audit_finds_each_label_that_is_taken_away(open_page, explorer):
    page = settled(open_page(explorer.url + SCREENS["patient"]), "patient")
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


def finding(page, place=0):
    return page.locator("figcaption").nth(place).inner_text()


def test_a_key_changes_the_picture_and_the_address(open_page, explorer):
    page = settled(open_page(explorer.url + "#/patient"), "patient")
    before = finding(page)
    slider = page.get_by_role("slider", name="Age at onset, years")
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('input[type=range]').getAttribute('aria-valuetext') === '63 years'")
    assert "age=63" in page.url
    page.keyboard.press("Shift+ArrowRight")
    page.wait_for_function("location.hash.includes('age=73')")
    page.wait_for_function("was => document.querySelector('figcaption').innerText !== was", arg=before)
    page.reload()
    settled(page, "patient")
    assert page.get_by_role("slider", name="Age at onset, years").get_attribute("aria-valuetext") == "73 years"


def tab_to(page, words, most=200):
    for _ in range(most):
        page.keyboard.press("Tab")
        if words in page.evaluate("document.activeElement.textContent || document.activeElement.ariaLabel || ''"):
            return
    raise AssertionError(f"Tab never comes to {words!r}")


def test_two_switches_are_enough(open_page, explorer):
    """One switch goes on (Tab), the other one chooses (Enter): to the Patient screen, a treatment, and its table."""
    page = settled(open_page(explorer.url), "neuron")
    tab_to(page, "Patient")
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:has-text('One virtual patient')")
    settled(page, "patient")
    tab_to(page, "Add a treatment")
    page.keyboard.press("Enter")
    page.wait_for_function("location.hash.includes('treat=riluzole')")
    page.wait_for_selector("svg path.line.second")
    tab_to(page, "Table: ALSFRS-R over time")
    page.keyboard.press("Enter")
    page.wait_for_selector("caption:has-text('ALSFRS-R over time')")


def test_the_table_twin_has_the_plotted_numbers(open_page, explorer):
    page = settled(open_page(explorer.url + SCREENS["patient"]), "patient")
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


def table(page, caption):
    """The numbers of a table as its cells carry them: the first column as text, the others exact."""
    page.locator("caption", has_text=caption).first.wait_for()
    found = page.evaluate(
        """caption => {
            const one = [...document.querySelectorAll("table")].find(t => t.caption.textContent.startsWith(caption));
            const rows = [...one.tBodies[0].rows];
            return rows.map(row => [...row.cells].map(cell => cell.dataset.value ?? cell.textContent));
        }""",
        caption,
    )
    return [[row[0], *(float(cell) if re.match(r"^-?[\d.]", cell) else None for cell in row[1:])] for row in found]


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


def test_nothing_of_survival_is_in_the_page_before_it_is_asked_for(open_page, explorer):
    page = settled(open_page(explorer.url + "#/patient?treat=riluzole::0&persons=20"), "patient")
    page.wait_for_selector("text=The chance of the draw", timeout=60_000)
    for button in page.get_by_text(re.compile("^Table: ")).all():
        button.click()
    text = page.evaluate("document.documentElement.outerHTML")
    before = re.sub(r"(?i)medians?( by chance)?|the order statistics", "", text)  # of the ALSFRS-R, over people
    assert not SURVIVAL.search(before), SURVIVAL.search(before)
    assert not any("prognosis" in url for url in page.watched.asked)
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


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("#/patient?treat=rilzole::0", "Did you mean riluzole?"),
        ("#/patient?age=300", "an age at onset of 300 years is not possible here"),
        ("#/patient?persons=10000000", "10,000,000 persons cannot be simulated in the explorer"),
        ("#/neuron?mechanism=nothing", "no mechanism is called 'nothing'"),
        ("#/neuron?genotype=%3Cscript%3E", "no genotype is called '<script>'"),
    ],
)
def test_impossible_links_get_a_message(open_page, explorer, link, words):
    page = open_page(explorer.url + link, calm=False)
    page.get_by_role("alert").filter(has_text=words).first.wait_for(timeout=30_000)
    assert "Traceback" not in page.content()
    assert audit.axe_findings(page) == []


def test_a_server_that_is_killed_is_said_and_the_page_goes_on_when_it_is_back(open_page, new_server):
    server = new_server()
    page = settled(open_page(server.url + "#/patient", calm=False), "patient")
    page.get_by_role("button", name=re.compile("such people differ")).click()
    page.get_by_role("status").filter(has_text=re.compile("People simulated: .* of 60")).wait_for()
    server.kill()
    alert = page.get_by_role("alert").filter(has_text="The explorer's server")
    alert.wait_for(timeout=15_000)
    assert "charcot explore" in alert.inner_text()
    new_server(server.port)
    alert.wait_for(state="detached", timeout=30_000)
    page.wait_for_selector("text=The chance of the draw", timeout=60_000)


def test_a_long_run_can_be_cancelled(open_page, explorer):
    page = settled(open_page(explorer.url + "#/patient?genotype=FUS&age=51"), "patient")
    page.get_by_role("button", name=re.compile("such people differ")).click()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name=re.compile("such people differ")).wait_for()
    assert page.locator("progress").count() == 0


def test_csv_and_svg_are_what_is_shown(open_page, explorer):
    page = settled(open_page(explorer.url + SCREENS["patient"], accept_downloads=True), "patient")
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


def test_a_part_opens_its_claim_equation_numbers_and_evidence(open_page, explorer):
    page = settled(open_page(explorer.url + "#/neuron"), "neuron")
    before = finding(page)
    page.get_by_role("slider", name="Time, months since onset").fill("36")
    page.wait_for_function("was => document.querySelector('figcaption').innerText !== was", arg=before)
    page.get_by_role("radio", name="Muscle", exact=True).check()
    page.get_by_role("heading", name="Muscle", exact=True).wait_for()
    page.locator(".mechanisms a").first.click()
    panel = page.locator("section", has=page.locator("#mechanism-title"))
    panel.get_by_role("heading", name="Equation").wait_for(timeout=60_000)
    for heading in ("Numbers", "Evidence for", "Evidence against", re.compile("hit, .* missed")):
        assert panel.get_by_role("heading", name=heading).first.is_visible()
    assert "mechanism=" in page.url
    page.go_back()
    page.locator("#mechanism-title").wait_for(state="detached")
