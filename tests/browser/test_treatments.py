"""The Treatments screen in a browser."""

import math
import re

import pytest
from tests.browser import audit
from tests.browser.walk import SURVIVAL, assert_readable, changed, finding, settled, tab_to, table

from charcot.interfaces.explorer.treatment_questions import window_plan
from charcot.patients import Traits
from charcot.studies.window import sweep

CELLS = "figure svg rect.cell"
QUICK = "#/treatments?genotype=SOD1&at=24&starts=-1,0,1"
GRID = "Gain by dose and start"


def opened(open_page, explorer, link=QUICK, **options):
    page = open_page(explorer.url + link, **options)
    settled(page, CELLS)
    return settled(page, "figure svg circle.mark")


def cells(page):
    """(number of a cell's first line, sign behind it) of each cell of the first picture, row by row."""
    texts = page.locator("figure").first.locator("text.cell-text").all_text_contents()
    found = [re.fullmatch(r"([−\d.]+)(?: ([*†]))?", text) for text in texts]
    return [(float(one[1].replace("−", "-")), one[2] or "") for one in found if one]


def test_the_screen_is_readable_without_seeing_it(open_page, explorer):
    assert_readable(opened(open_page, explorer))


def test_a_key_changes_the_picture_and_the_address(open_page, explorer):
    page = opened(open_page, explorer)
    before = finding(page)
    page.get_by_role("slider", name="Age at onset, years").press("Shift+ArrowRight")
    page.wait_for_function("() => location.hash.includes('age=72')")
    changed(page, before)
    before = finding(page)
    page.get_by_label("Doses, multiples of one usual dose").fill("0.5, 1")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.wait_for_function("() => document.querySelectorAll('figure svg rect.cell').length === 6")
    changed(page, before)
    shown = finding(page)
    page.reload()
    settled(page, CELLS)
    assert finding(page) == shown
    assert "doses=0.5" in page.url


def test_two_switches_are_enough(open_page, explorer):
    """Tab and the keys of a select: to the screen, another treatment, its table, and a third one in the pairs."""
    page = settled(open_page(explorer.url))
    tab_to(page, "Treatments")
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:has-text('What a treatment gains')")
    settled(page, CELLS)
    before = finding(page)
    tab_to(page, "Riluzole")
    page.keyboard.press("ArrowDown")
    changed(page, before)
    assert "product=" in page.url
    tab_to(page, "Table: Gain by dose and start")
    page.keyboard.press("Enter")
    page.locator("caption", has_text=GRID).wait_for()
    tab_to(page, "Add a treatment to the pairs")
    page.keyboard.press("Enter")
    page.wait_for_function("() => location.hash.includes('pair=')")
    page.wait_for_function(
        "() => document.querySelectorAll('section[aria-labelledby=pairs-title] figure').length === 3"
    )


def test_every_control_says_what_it_is_and_in_which_unit(open_page, explorer):
    page = opened(open_page, explorer)
    assert page.get_by_role("slider").count() == 2
    for role, name in (
        ("slider", "Age at onset, years"),
        ("slider", "Start of the treatments, years from onset"),
        ("spinbutton", "Start of the treatments, years from onset, as a number"),
        ("combobox", "Treatment"),
        ("combobox", "What is gained"),
        ("combobox", "Read at, months after onset"),
        ("combobox", "Treatment 2 of the pairs"),
        ("textbox", "Doses, multiples of one usual dose"),
        ("textbox", "Starts, years from onset"),
    ):
        assert page.get_by_role(role, name=name, exact=True).count() == 1, name
    start = page.get_by_role("slider", name="Start of the treatments, years from onset", exact=True)
    start.press("ArrowLeft")
    page.wait_for_function("() => location.hash.includes('begin=-0.5')")
    assert start.get_attribute("aria-valuetext") == "0.5 years before onset"


HELD = """slider => {
    for (let age = 63; age <= 70; age++) {
        slider.value = age;
        slider.dispatchEvent(new Event("input", {bubbles: true}));
    }
}"""


def test_a_held_key_does_not_ask_at_each_step(open_page, explorer):
    page = opened(open_page, explorer)
    slider = page.get_by_role("slider", name="Age at onset, years")
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/api/window" in request.url else None)
    with page.expect_request(lambda request: "/api/window" in request.url and "age=70" in request.url):
        slider.evaluate(HELD)
    assert len(asked) == 1


def test_the_table_twin_has_the_plotted_numbers(open_page, explorer):
    page = opened(open_page, explorer)
    page.get_by_text(f"Table: {GRID}").click()
    rows = table(page, GRID)
    assert len(rows) == 5
    plotted = cells(page)
    values = [value for row in rows for value in row[1:-1]]
    assert len(plotted) == len(values) == 15
    for (shown, _), value in zip(plotted, values, strict=True):
        assert shown == pytest.approx(value, abs=0.051)
    figure = page.locator("section[aria-labelledby=pairs-title] figure").first
    figure.get_by_text("Table: ").click()
    (first, second, together) = table(page, "Riluzole and Edaravone, oral suspension")
    marks = [float(x) for x in figure.locator("circle.mark").evaluate_all("all => all.map(e => e.getAttribute('cx'))")]
    path = figure.locator("path.published").get_attribute("d")
    places = [*marks, float(re.match(r"M([\d.]+)", path)[1])]
    gains = [first[1], second[1], together[1], together[2]]
    assert together[2] == pytest.approx(first[1] + second[1], rel=1e-9)
    scale = (max(places) - min(places)) / (max(gains) - min(gains))
    for place, gain in zip(places, gains, strict=True):
        assert place - min(places) == pytest.approx(scale * (gain - min(gains)), abs=0.2)


def test_cells_that_nobody_was_given_have_a_sign_and_words(open_page, explorer):
    page = opened(open_page, explorer)
    signs = [sign for _, sign in cells(page)]
    assert signs == ["*"] * 3 + [""] * 9 + ["*"] * 3
    words = page.locator("figure").first.locator("text.cell-text", has_text="outside")
    assert words.count() == 6
    assert "* outside what people were given" in page.locator("figure .hint").first.inner_text()
    assert "(a dose outside what people were given)" in finding(page)
    page.get_by_text(f"Table: {GRID}").click()
    page.locator("caption", has_text=GRID).wait_for()
    last = page.locator("table", has=page.locator("caption", has_text=GRID)).locator("tbody tr td:last-child")
    assert [bool(text) for text in last.all_inner_texts()] == [True, False, False, False, True]
    before = finding(page)
    page.get_by_label("Treatment", exact=True).select_option("translation_restorer")
    changed(page, before)
    assert {sign for _, sign in cells(page)} == {"†"}
    assert "(never given to people)" in finding(page)
    page.set_viewport_size({"width": 390, "height": 900})
    page.wait_for_function("() => document.querySelector('figure svg').clientWidth < 400")
    assert {sign for _, sign in cells(page)} == {"†"}
    assert page.locator("figure").first.locator("text.tick", has_text="never given").count() > 0


CONTRAST = """() => [...document.querySelectorAll("text.cell-text")].map(text => {
    const numbers = (element, name) => getComputedStyle(element)[name].match(/[\\d.]+/g).map(Number);
    const light = colour => colour.slice(0, 3).map(c => c / 255)
        .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, k) => sum + c * [0.2126, 0.7152, 0.0722][k], 0);
    const cell = text.parentNode.querySelector("rect.cell");
    const paper = numbers(document.body, "backgroundColor");
    const share = Number(getComputedStyle(cell).fillOpacity);
    const under = numbers(cell, "fill").map((c, k) => share * c + (1 - share) * paper[k]);
    const [low, high] = [light(numbers(text, "fill")), light(under)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
})"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_number_can_be_read_on_its_cell(open_page, explorer, scheme):
    page = opened(open_page, explorer, color_scheme=scheme)
    found = page.evaluate(CONTRAST)
    assert len(found) >= 15
    assert min(found) >= 4.5


def test_nothing_of_survival_is_in_the_page_or_on_its_way_before_it_is_asked_for(open_page, explorer):
    page = opened(open_page, explorer, "#/treatments?at=24&gain=time&models=2")
    address = page.url
    page.locator("dt", has_text="Between patients").wait_for(timeout=120_000)
    for button in page.get_by_text(re.compile("^Table: ")).all():
        button.click()
    text = page.evaluate("document.documentElement.outerHTML")
    assert not SURVIVAL.search(text), SURVIVAL.search(text)
    select = page.get_by_label("What is gained", exact=True)
    assert select.input_value() == "alsfrs"
    select.select_option("time")
    panel = page.locator("section", has=page.get_by_role("heading", name="Time", exact=True))
    assert "You do not have to look at this" in panel.inner_text()
    assert not re.search(r"\d", panel.inner_text())
    assert not any("gained=time" in url for url in page.watched.asked)
    panel.get_by_role("button", name="Stay with function").click()
    assert select.input_value() == "alsfrs"
    select.select_option("time")
    panel.get_by_role("button", name="Show what is gained in months of life").click()
    title = page.locator("section[aria-labelledby=window-title] figcaption")
    title.filter(has_text=re.compile(r": [\d.]+ months\.")).wait_for()
    assert page.url == address
    assert "models=2" in address
    assert audit.axe_findings(page, audit.OF_THE_LOOK) == []
    panel.get_by_role("button", name="Hide this again").click()
    title.filter(has_text=re.compile(r": [\d.]+ points at 24 months")).wait_for()
    assert "Show what is gained in months" not in page.content()


def test_of_another_person_time_is_asked_for_anew(open_page, explorer):
    page = opened(open_page, explorer)
    page.get_by_label("What is gained", exact=True).select_option("time")
    page.get_by_role("button", name="Show what is gained in months of life").click()
    page.wait_for_function("() => /[0-9] months\\./.test(document.querySelector('figcaption')?.innerText)")
    before = len([url for url in page.watched.asked if "gained=time" in url])
    assert before > 0
    page.get_by_label("Where it begins").select_option("bulbar")
    page.wait_for_function("() => document.querySelector('figcaption')?.innerText.includes('points')")
    assert page.get_by_label("What is gained", exact=True).input_value() == "alsfrs"
    assert not any("gained=time" in url and "bulbar" in url for url in page.watched.asked)


def test_three_layers_stand_beside_each_other(open_page, explorer):
    page = opened(open_page, explorer, QUICK + "&models=2")
    section = page.locator("section", has=page.get_by_role("heading", name="How sure is this?"))
    section.locator("dt").first.wait_for(timeout=120_000)
    assert section.locator("dt").all_inner_texts() == [
        "Between patients",
        "Monte Carlo",
        "What the evidence leaves open",
    ]
    section.get_by_text(re.compile("^Table: Three layers")).click()
    rows = table(page, "Three layers")
    for row, (left, right) in zip(
        rows,
        section.locator("line.span").evaluate_all("all => all.map(e => [e.getAttribute('x1'), e.getAttribute('x2')])"),
        strict=True,
    ):
        assert math.isclose(float(left), float(right), abs_tol=0.1) is math.isclose(row[2], row[3], abs_tol=1e-6)
    assert audit.unnamed(page) == []
    page.get_by_role("slider", name="Age at onset, years").press("ArrowRight")
    section.locator("dt").first.wait_for(state="detached")
    assert "models" not in page.url


@pytest.mark.parametrize(
    ("genotype", "age", "site", "product", "person"),
    [
        ("sporadic", 55, "bulbar", "riluzole", ""),
        ("SOD1", 48, "cervical", "tofersen", "3"),
        ("FUS", 62, "lumbar", "fus_aso", ""),
    ],
)
def test_links_show_the_numbers_of_the_sweep(open_page, explorer, genotype, age, site, product, person):
    traits = Traits(genotype, float(age), site, (), int(person) if person else None)
    plan = window_plan(traits, product, "0.5,1", "-1,0.5", 24, "innervation")
    cells = sweep(plan).cells.query("endpoint == 'innervation'")
    link = f"#/treatments?genotype={genotype}&age={age}&site={site}&product={product}&doses=0.5,1&starts=-1,0.5&at=24"
    page = opened(open_page, explorer, f"{link}&gain=innervation{person and f'&seed={person}'}")
    page.get_by_text(f"Table: {GRID}").click()
    shown = [value for row in table(page, GRID) for value in row[1:-1]]
    exact = cells.sort_values(["dose_level", "start_years"])["benefit"].tolist()
    assert shown == pytest.approx(exact, abs=1e-9)


def test_a_server_that_is_killed_is_said_and_the_page_goes_on_when_it_is_back(open_page, explorer):
    page = opened(open_page, explorer, QUICK + "&age=57", calm=False)
    port = explorer.port
    explorer.kill()
    page.get_by_label("Where it begins").select_option("bulbar")
    alert = page.get_by_role("alert").filter(has_text="The explorer's server").first
    alert.wait_for(timeout=15_000)
    explorer.start(port)
    alert.wait_for(state="detached", timeout=60_000)
    settled(page, CELLS)
    assert "site=bulbar" in page.url


def test_a_long_run_can_be_cancelled(open_page, explorer):
    page = opened(open_page, explorer, QUICK + "&age=44")
    button = page.get_by_role("button", name=re.compile("Show three layers"))
    button.click()
    page.get_by_text(re.compile("Simulations under plausible models")).wait_for()
    page.get_by_role("button", name="Cancel").click()
    button.wait_for()
    assert page.locator("progress").count() == 0


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("product=rilzole", "Did you mean riluzole?"),
        ("doses=0,1", "0 times the default dose is no dose"),
        ("doses=two", "the dose 'two' is not a number"),
        ("starts=" + ",".join(str(k / 10) for k in range(20)), "100 cells cannot be simulated in the explorer"),
        ("gain=happiness", "no endpoint that is read while alive is called 'happiness'"),
        ("pair=riluzole", "1 treatments make no such pairs"),
    ],
)
def test_impossible_links_get_a_message(open_page, explorer, link, words):
    page = open_page(f"{explorer.url}#/treatments?{link}", calm=False)
    page.get_by_role("alert").filter(has_text=words).first.wait_for(timeout=60_000)
    assert "Traceback" not in page.content()
    assert all("422" in error for error in page.watched.errors)


def test_csv_is_what_is_shown(open_page, explorer):
    page = opened(open_page, explorer, accept_downloads=True)
    with page.expect_download() as csv:
        page.get_by_role("button", name=re.compile(f"^CSV: {GRID}")).click()
    lines = csv.value.path().read_text(encoding="utf-8").splitlines()
    page.get_by_text(f"Table: {GRID}").click()
    rows = table(page, GRID)
    assert [[float(cell) for cell in line.split(",")[1:4]] for line in lines[1:]] == [row[1:-1] for row in rows]
