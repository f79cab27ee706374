"""The Neuron screen in a browser."""

import re

from tests.browser.walk import assert_readable, changed, finding, settled


def test_the_screen_is_readable_without_seeing_it(open_page, explorer):
    page = settled(open_page(explorer.url + "#/neuron?month=12&mechanism=mir126.mir126_loop"), "text=Evidence against")
    assert_readable(page)


def test_a_part_opens_its_claim_equation_numbers_and_evidence(open_page, explorer):
    page = settled(open_page(explorer.url + "#/neuron"))
    before = finding(page)
    page.get_by_role("slider", name="Time, months since onset").fill("36")
    changed(page, before)
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
