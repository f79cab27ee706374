"""The Evidence screen in a browser: each of its boards."""

import pytest
from tests.browser.walk import assert_readable, changed, finding, settled, tab_to, table

BOARDS = ("experiments&group=validation&verdict=missed", "trials", "patients&kind=validation&verdict=missed", "gaps")


@pytest.mark.parametrize("board", BOARDS)
def test_each_board_is_readable_without_seeing_it(open_page, explorer, board):
    assert_readable(settled(open_page(f"{explorer.url}#/evidence?board={board}")))


def test_a_board_is_chosen_by_keys_and_its_pictures_follow_the_choice(open_page, explorer):
    page = settled(open_page(explorer.url + "#/evidence"))
    before = finding(page)
    tab_to(page, "", name="board")
    page.keyboard.press("ArrowDown")
    page.wait_for_function("() => location.hash.includes('board=trials')")
    changed(page, before)
    arms = page.locator("figcaption").nth(1)
    before = arms.inner_text()
    tab_to(page, "Vital capacity")
    page.keyboard.press("ArrowDown")
    changed(page, before, 1)
    assert "quantity=" in page.url
    shown = finding(page, 1)
    page.reload()
    settled(page)
    assert finding(page, 1) == shown
    page.go_back()
    page.get_by_role("heading", name="The board").wait_for()


def test_a_placebo_arm_that_is_missed_has_the_mark_and_the_row_of_one_that_is_hit(open_page, explorer):
    page = settled(open_page(explorer.url + "#/evidence?board=trials&quantity=decline"))
    figure = page.locator("figure", has=page.get_by_text("Table: Placebo arms: Decline"))
    figure.get_by_text("Table: Placebo arms: Decline").click()
    rows = table(page, "Placebo arms: Decline")
    marks = figure.locator("path.published")
    assert marks.count() == len(rows) > 10
    held = [row[0].endswith(": hit") for row in rows]
    assert held == ["held" in one for one in marks.evaluate_all("all => all.map(e => e.getAttribute('class'))")]
    boxes = marks.evaluate_all("all => all.map(e => e.getBBox().width)")
    assert max(boxes) - min(boxes) < 0.5
    assert 0 < held.count(False) < len(held)
    for row, hit in zip(rows, held, strict=True):
        assert (row[4] <= row[1] <= row[5]) is hit


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("board=nothing", "No board is called “nothing”"),
        ("board=trials&quantity=nothing", "No figure is called “nothing”"),
        ("board=patients&kind=nothing", "No kind of figure is called “nothing”"),
        ("board=gaps&endpoint=nothing", "No endpoint is called “nothing”"),
    ],
)
def test_a_board_that_is_not_there_is_said(open_page, explorer, link, words):
    page = open_page(f"{explorer.url}#/evidence?{link}")
    page.get_by_role("alert").filter(has_text=words).wait_for(timeout=30_000)
