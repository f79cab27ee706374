"""What a person who does not see the page, or does not use a mouse, needs of it: read from the accessibility tree."""

import re
from importlib.resources import files

CONTROLS = {"slider", "spinbutton", "combobox", "textbox", "checkbox", "radio", "button", "link", "DisclosureTriangle"}
AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OF_THE_LOOK = ["color-contrast", "target-size", "scrollable-region-focusable"]  # what a width or colours can change
TARGET = 44  # CSS pixels


def axe_findings(page, rules=None):
    """What axe finds at A and AA, or by some of its rules only."""
    page.evaluate(AXE)
    result = page.evaluate(f"axe.run({{runOnly: {rules or RULES}, resultTypes: ['violations']}})")
    return [(one["id"], [node["target"] for node in one["nodes"]]) for one in result["violations"]]


def tree(page):
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    return [node for node in nodes if not node.get("ignored")]


def _text(node, field):
    return str(node.get(field, {}).get("value", "") or "").strip()


def unnamed(page):
    """Controls without a name, sliders whose value has no unit, images without a sentence as name."""
    found = []
    for node in tree(page):
        role, name = _text(node, "role"), _text(node, "name")
        if role in CONTROLS and not name:
            found.append(f"a {role} has no name")
        if role in ("image", "img") and not name.endswith("."):
            found.append(f"an image is called {name!r}, which is no finding")
    # The protocol's tree repeats the bare number of a native slider: its words are read where they stand.
    for text in page.evaluate("[...document.querySelectorAll('input[type=range]')].map(e => e.ariaValueText)"):
        if not re.search(r"[a-z]", text or ""):
            found.append(f"a slider says {text!r}: no unit")
    return found


def figures(page):
    """(the picture's name, the title of its figure) of each figure."""
    return page.evaluate(
        """[...document.querySelectorAll("figure")].map(figure => [
            figure.querySelector("svg").getAttribute("aria-label"),
            figure.querySelector("figcaption").textContent.trim(),
        ])"""
    )


def small_targets(page):
    """Buttons, fields, summaries and links of their own line that are too small for a finger or an eye."""
    return page.evaluate(
        f"""[...document.querySelectorAll("button, select, summary, nav a, .mechanisms a, input")]
            .filter(one => one.offsetParent !== null)
            .map(one => [one, (one.matches("input[type=checkbox], input[type=radio]") ? one.closest("label") : one)
                .getBoundingClientRect()])
            .filter(([, box]) => box.height < {TARGET} - 0.5 || box.width < {TARGET} - 0.5)
            .map(([one, box]) => `${{one.tagName}} ${{one.textContent || one.id}} ${{box.width}} x ${{box.height}}`)"""
    )


def cut_on_paper(page):
    """Tables that reach beyond the sheet, which nobody can scroll; those in closed details are not printed."""
    return page.evaluate(
        """[...document.querySelectorAll("table")].filter(one => one.checkVisibility({contentVisibilityAuto: true}))
            .map(one => [one.innerText.slice(0, 40), one.getBoundingClientRect().right])
            .filter(([, right]) => right > innerWidth + 1)"""
    )
