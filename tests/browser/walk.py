"""Walking through the explorer's pages: waiting for a picture, reading its numbers, and what every screen must be."""

import re

from tests.browser import audit

# until two pictures of the screen have been drawn: what changes with the answer has changed
PAINTED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
NUMBER = re.compile(r"-?\d+(\.\d+)?(e[-+]?\d+)?")
SURVIVAL = re.compile(r"surviv|hazard|\bdie\b|\bdeath|half of such virtual|median|years to live|risk group:", re.I)
PICTURE = "figure svg path.line, figure svg rect.bar, figure svg circle.mark, figure svg rect.cell, svg.drawing"


def settled(page, until=PICTURE):
    page.wait_for_selector(until, timeout=60_000)
    page.evaluate(PAINTED)
    return page


def assert_readable(page):
    """What every screen must be: at 1280 pixels, at 390 in the dark, at 320 in forced colours, and in print."""
    for width, scheme, rules in ((1280, "light", None), (390, "dark", audit.OF_THE_LOOK)):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        page.evaluate(PAINTED)
        assert audit.unnamed(page) == []
        assert audit.axe_findings(page, rules) == []
        assert audit.small_targets(page) == []
        named = audit.figures(page)
        assert named
        assert all(name == title for name, title in named)
        assert no_wider_than_the_window(page)
    page.set_viewport_size({"width": 320, "height": 900})
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    page.evaluate(PAINTED)
    assert no_wider_than_the_window(page)
    moving = "[...document.querySelectorAll('*')].filter(e => parseFloat(getComputedStyle(e).transitionDuration) > 0)"
    assert page.evaluate(f"{moving}.length") == 0
    page.emulate_media(media="print")
    assert page.locator("nav").is_hidden()
    assert page.locator("figure svg").first.is_visible()


def no_wider_than_the_window(page):
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def finding(page, place=0):
    return page.locator("figcaption").nth(place).inner_text()


def changed(page, before, place=0):
    """Waits until a figure tells something else than before."""
    words = "([was, k]) => document.querySelectorAll('figcaption')[k].innerText !== was"
    page.wait_for_function(words, arg=[before, place])


def tab_to(page, words, name="", most=200):
    """Presses Tab until what has the focus holds these words, and is called so in its form."""
    for _ in range(most):
        page.keyboard.press("Tab")
        told = page.evaluate("(e => [e.textContent || e.ariaLabel || '', e.name || ''])(document.activeElement)")
        if words in told[0] and name in told[1]:
            return
    raise AssertionError(f"Tab never comes to {words or name!r}")


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
    return [[row[0], *(float(cell) if NUMBER.fullmatch(cell) else None for cell in row[1:])] for row in found]
