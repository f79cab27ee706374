"""The Trial screen in a browser."""

import re

import pytest
from tests.browser import audit
from tests.browser.walk import NUMBER, PAINTED, assert_readable, tab_to, table

from charcot.trials import load_protocol, templates

SMALL = "control=8&treated=8&duration=6"
PATIENT = f"#/trial?{SMALL}&show=7"
EVERYTHING = f"#/trial?{SMALL}&show=7&power=1&twins=100&trials=50"
ENDED = re.compile(r"Died or needed|Left the trial in|last visit in month")


def designed(page):
    page.wait_for_selector("pre.yaml", timeout=60_000)
    page.get_by_role("slider").first.wait_for(timeout=60_000)  # the form and the protocol come by themselves
    page.evaluate(PAINTED)
    return page


def simulated(page):
    page.get_by_role("heading", name="Patient by patient").wait_for(timeout=60_000)
    page.evaluate(PAINTED)
    return page


def protocol(page):
    return "\n".join(page.locator("pre.yaml .row").all_inner_texts())


def now_says(page, words):
    page.locator("pre.yaml", has_text=words).wait_for()


def at_patient(page, place):
    page.get_by_role("status").filter(has_text=f"Patient {place} of").wait_for()


def test_the_screen_is_readable_without_seeing_it(open_page, explorer):
    page = simulated(open_page(explorer.url + EVERYTHING))
    page.get_by_role("table", name="Operating characteristics").wait_for(timeout=60_000)
    assert_readable(page)


def test_every_control_has_a_name_with_its_unit(open_page, explorer):
    page = designed(open_page(explorer.url + "#/trial"))
    for name in (
        "Size of the treated arm, patients", "Size of the untreated arm, patients", "Time to the last visit, months",
        "Share who take riluzole, % of patients",
    ):  # fmt: skip
        assert page.get_by_role("slider", name=name).count() == 1
    for name in (
        "One dose, with its unit", "Age at least, years", "Age at most, years", "Time since onset at most, months",
        "Vital capacity at least, % predicted", "ALSFRS-R at least, points", "Alpha, two-sided",
    ):  # fmt: skip
        assert page.get_by_role("textbox", name=name).count() == 1
    for name in (
        "Start from",
        "Treatment of the treated arm",
        "Time between visits",
        "Primary endpoint",
        "Its analysis",
    ):
        assert page.get_by_role("combobox", name=name).count() == 1


def test_the_untouched_form_is_the_template_and_can_be_kept(open_page, explorer):
    page = designed(open_page(explorer.url + "#/trial", accept_downloads=True))
    text = templates()["aav-mir126"].read_text(encoding="utf-8")
    assert protocol(page).split() == text.split()
    with page.expect_download() as kept:
        page.get_by_role("button", name="Download the protocol").click()
    assert kept.value.suggested_filename == "aav-mir126.yaml"
    assert kept.value.path().read_text(encoding="utf-8") == text
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the protocol").click()
    page.get_by_text("Copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == text


def test_a_change_is_in_the_protocol_and_in_the_address(open_page, explorer, tmp_path):
    page = designed(open_page(explorer.url + "#/trial", accept_downloads=True))
    page.get_by_label("Treatment of the treated arm").select_option("tofersen")
    now_says(page, "product: tofersen")
    assert page.get_by_label("One dose, with its unit").input_value() == "100 mg"
    page.get_by_role("slider", name="Time to the last visit, months").press("ArrowLeft")
    page.get_by_label("Age at least, years").fill("40")
    page.get_by_label("Age at least, years").press("Enter")
    now_says(page, "min: 40 years")
    page.get_by_label("Primary endpoint").select_option("survival")
    page.get_by_label("Its analysis").select_option("survival_rmst")
    now_says(page, "- survival_rmst")
    for part in ("drug=tofersen", "duration=11.5", "age_min=40", "primary=survival_rmst"):
        assert part in page.url
    before = protocol(page)
    page.reload()
    assert protocol(designed(page)) == before
    with page.expect_download() as kept:
        page.get_by_role("button", name="Download the protocol").click()
    path = tmp_path / "protocol.yaml"
    kept.value.save_as(path)
    found = load_protocol(path)
    assert (found.name, found.endpoints[0], found.eligibility.age.min) == ("tofersen-trial", "survival_rmst", 40.0)
    page.get_by_label("Start from").select_option("edaravone-like")
    now_says(page, "product: edaravone_iv")
    assert "tofersen" not in page.url


def test_a_problem_stands_at_its_control_and_at_its_line(open_page, explorer):
    page = designed(open_page(explorer.url + "#/trial"))
    field = page.get_by_label("Age at least, years")
    field.fill("90")
    field.press("Enter")
    page.locator(".row.bad").wait_for()
    assert "min: 90 years" in page.locator(".row.bad").inner_text()
    assert field.get_attribute("aria-invalid") == "true"
    words = "the minimum 90 years is above the maximum 80 years"
    assert words in page.locator(".field", has=field).last.locator("xpath=..").inner_text()
    number = protocol(page).split("\n").index(page.locator(".row.bad").inner_text()) + 1
    assert page.get_by_text(f"Line {number}: eligibility.age: {words}").count() == 1
    assert page.get_by_role("button", name="Simulate this trial once").count() == 0
    assert audit.axe_findings(page) == []
    field.fill("18")
    field.press("Enter")
    page.locator(".row.bad").wait_for(state="detached")
    assert page.url.endswith("#/trial")


def test_too_large_a_trial_says_the_command(open_page, explorer):
    page = designed(open_page(explorer.url + "#/trial?treated=2000"))
    notice = page.get_by_role("status").filter(has_text="too much for a click")
    notice.wait_for()
    assert "charcot trial FILE" in notice.inner_text()
    assert page.get_by_role("button", name=re.compile("^(Simulate|Count)")).count() == 0


def test_deaths_are_shown_only_in_the_simulated_trial(open_page, explorer):
    page = designed(open_page(explorer.url + f"#/trial?{SMALL}"))
    assert not any("/trial/run" in url or "/trial/power" in url for url in page.watched.asked)
    assert not ENDED.search(page.locator("main").inner_html())
    page.get_by_role("button", name="Simulate this trial once").click()
    simulated(page)
    assert "show=1" in page.url
    assert ENDED.search(page.locator("main").inner_html())
    assert "NEVER GIVEN TO PEOPLE" in page.locator(".key").inner_text()


def test_patients_are_browsed_by_buttons_keys_and_links(open_page, explorer):
    page = simulated(open_page(explorer.url + PATIENT))
    at_patient(page, 7)
    page.get_by_role("button", name="Next patient").click()
    at_patient(page, 8)
    assert "show=8" in page.url
    page.keyboard.press("ArrowLeft")
    at_patient(page, 7)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    at_patient(page, 9)
    page.get_by_label("Patient", exact=True).select_option("16")
    at_patient(page, 16)
    page.get_by_role("button", name="Next patient").click()
    at_patient(page, 1)
    page.get_by_text("List: all 16 patients").click()
    page.get_by_role("button", name="Show patient 5").click()
    at_patient(page, 5)
    rows = page.locator("table", has=page.get_by_text("Randomised patients")).locator("tbody tr")
    assert rows.count() == 16
    page.get_by_role("radio", name="Completed").check()
    page.wait_for_function("() => location.hash.includes('outcome=completed')")
    assert all(
        ": " in text and text.endswith("completed")
        for text in page.get_by_label("Patient", exact=True).locator("option").all_inner_texts()
    )
    page.goto("about:blank")
    page.goto(explorer.url + PATIENT.replace("show=7", "show=99"))
    page.get_by_role("alert").filter(has_text="No patient has the number 99").wait_for(timeout=60_000)
    page.get_by_role("button", name="Next patient").click()
    at_patient(page, 1)


def test_everybody_is_in_the_tables(open_page, explorer):
    page = simulated(open_page(explorer.url + PATIENT))
    arms = table(page, "Patients by arm")
    assert all(row[1] == 8 == sum(row[2:]) for row in arms)
    told = page.get_by_text(re.compile("virtual people were drawn")).inner_text()
    drawn = int(re.match(r"[\d,]+", told).group().replace(",", ""))
    assert sum(row[1] for row in table(page, "First reason")) == drawn - 16
    page.get_by_text("Table: People who were not randomised").click()
    assert len(table(page, "People who were not randomised")) == drawn - 16


def test_the_table_has_the_plotted_visits(open_page, explorer):
    page = simulated(open_page(explorer.url + PATIENT))
    page.get_by_text("Table: ALSFRS-R at the visits of patient 7").click()
    rows = table(page, "ALSFRS-R at the visits of patient 7")
    figure = page.locator("figure", has=page.get_by_text("Table: ALSFRS-R at the visits")).first
    dots = figure.locator("circle.mark").evaluate_all(
        "all => all.map(e => [Number(e.getAttribute('cx')), Number(e.getAttribute('cy'))])"
    )
    seen = [(float(row[0]), row[2]) for row in rows if row[2] is not None]
    assert len(dots) == len(seen)
    assert all(value == int(value) for _, value in seen)  # a recorded total is whole, a true one is not
    (x0, _), (x1, _) = dots[0], dots[-1]
    scale = (x1 - x0) / (seen[-1][0] - seen[0][0])
    ys = [value for _, value in seen]
    high, low = max(range(len(ys)), key=ys.__getitem__), min(range(len(ys)), key=ys.__getitem__)
    for (month, value), (x, y) in zip(seen, dots, strict=True):
        assert x == pytest.approx(x0 + scale * (month - seen[0][0]), abs=0.2)
        share = (value - ys[low]) / (ys[high] - ys[low])
        assert y == pytest.approx(dots[low][1] + share * (dots[high][1] - dots[low][1]), abs=0.2)
    path = figure.locator("path.line.plain").get_attribute("d")
    assert len(re.findall("[ML]", path)) == sum(row[1] is not None for row in rows)


def test_power_is_counted_with_its_error_and_can_be_cancelled(open_page, explorer):
    page = designed(open_page(explorer.url + f"#/trial?{SMALL}&twins=100&trials=50"))
    page.get_by_role("button", name="Count power: 100 people, 50 trials").click()
    page.get_by_text("Table: Power and type I error").click(timeout=60_000)
    rows = table(page, "Power and type I error")
    assert [row[0].rpartition(": ")[2] for row in rows] == ["power", "type I error"] * (len(rows) // 2)
    assert all(row[3] <= row[1] <= row[4] and row[2] > 0 and row[5] == 50 for row in rows)
    assert page.get_by_text("charcot power FILE --models shows it").count() == 1
    assert page.get_by_text("charcot power aav-mir126.yaml --people 100 --replicates 50").count() == 1
    marks = page.locator("figure", has=page.get_by_text("Table: Power and type I error")).locator("circle.mark")
    places = marks.evaluate_all("all => all.map(e => Number(e.getAttribute('cx')))")
    far, near = max(rows, key=lambda row: row[1]), min(rows, key=lambda row: row[1])
    ends = [places[rows.index(near)], places[rows.index(far)]]
    for row, place in zip(rows, places, strict=True):
        share = (row[1] - near[1]) / (far[1] - near[1])
        assert place == pytest.approx(ends[0] + share * (ends[1] - ends[0]), abs=0.2)
    page.get_by_role("slider", name="Size of the library, people drawn").press("End")
    page.get_by_role("button", name=re.compile("Count power: 1000 people")).click()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name=re.compile("Count power: 1000 people")).wait_for()
    assert page.locator("progress").count() == 0


def test_another_design_takes_what_was_simulated_away(open_page, explorer):
    page = simulated(open_page(explorer.url + PATIENT))
    page.get_by_role("slider", name="Size of the treated arm, patients").press("ArrowRight")
    page.get_by_role("button", name="Simulate this trial once").wait_for()
    assert "show" not in page.url
    assert not ENDED.search(page.locator("main").inner_html())


def test_a_protocol_of_ones_own_is_read_and_simulated(open_page, explorer, tmp_path):
    text = (
        templates()["aav-mir126"]
        .read_text(encoding="utf-8")
        .replace("n: 60", "n: 6")
        .replace("name: aav-mir126", "name: my-own")
    )
    page = designed(open_page(explorer.url + "#/trial"))
    page.get_by_text("Use a protocol of your own").click()
    page.get_by_label("Or pasted here (YAML)").fill(text)
    page.get_by_role("button", name="Read this protocol").click()
    now_says(page, "name: my-own")
    assert re.search(r"protocol=[0-9a-f]{16}$", page.url)
    assert audit.unnamed(page) == []
    assert audit.axe_findings(page) == []
    assert audit.small_targets(page) == []
    page.get_by_role("button", name="Simulate this trial once").click()
    simulated(page)
    assert "of 12" in page.get_by_role("status").filter(has_text="Patient 1 of").inner_text()
    page.get_by_role("button", name="Back to the form").click()
    now_says(page, "name: aav-mir126")
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace("name: my-own", "name: from-a-file"), encoding="utf-8")
    page.get_by_label("From a file (YAML)").set_input_files(path)
    page.wait_for_function("() => document.querySelector('textarea').value.includes('from-a-file')")
    page.get_by_role("button", name="Read this protocol").click()
    now_says(page, "name: from-a-file")


def test_a_text_that_is_no_protocol_gets_a_message_with_its_line(open_page, explorer):
    page = designed(open_page(explorer.url + "#/trial", calm=False))
    page.get_by_text("Use a protocol of your own").click()
    page.get_by_label("Or pasted here (YAML)").fill("name: x\narms: [1, 2\n")
    page.get_by_role("button", name="Read this protocol").click()
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "the file is not YAML" in alert.inner_text()
    assert "Line 3" in alert.inner_text()
    assert "protocol=" not in page.url
    page.get_by_label("Or pasted here (YAML)").fill("x" * 70_000)
    page.get_by_role("alert").filter(has_text="too long").wait_for()


def test_two_switches_are_enough(open_page, explorer):
    """One switch goes on (Tab), the other one chooses (Enter): to the Trial screen, a simulated trial, its next patient
    and the table of its visits."""
    page = open_page(explorer.url + f"#/neuron?{SMALL}")
    page.get_by_role("link", name="Trial", exact=True).wait_for(timeout=60_000)
    tab_to(page, "Trial")
    page.keyboard.press("Enter")
    designed(page)
    tab_to(page, "Simulate this trial once")
    page.keyboard.press("Enter")
    simulated(page)
    tab_to(page, "Next patient")
    page.keyboard.press("Enter")
    at_patient(page, 2)
    tab_to(page, "Table: ALSFRS-R at the visits of patient 2")
    page.keyboard.press("Enter")
    page.wait_for_selector("caption:has-text('ALSFRS-R at the visits of patient 2')")
    assert any(NUMBER.fullmatch(str(cell)) for cell in table(page, "ALSFRS-R at the visits")[0][1:])


def test_a_server_that_is_killed_is_said_and_the_page_goes_on_when_it_is_back(open_page, explorer):
    page = designed(open_page(f"{explorer.url}#/trial?{SMALL}", calm=False))
    port = explorer.port
    explorer.kill()
    page.get_by_label("Treatment of the treated arm").select_option("edaravone_oral")
    alert = page.get_by_role("alert").filter(has_text="The explorer's server").first
    alert.wait_for(timeout=15_000)
    explorer.start(port)
    alert.wait_for(state="detached", timeout=60_000)
    now_says(page, "product: edaravone_oral")
