"""Pictures are drawn by a process of their own: when it dies, a report has words in their place, and its tables."""

from __future__ import annotations

import resource
import subprocess
import sys

import altair
import pandas as pd
import pytest

from charcot.interfaces.report import picture

FRAME = pd.DataFrame({"month": [0.0, 1.0], "score": [40.0, 38.0]})


@pytest.fixture
def chart():
    return altair.Chart(FRAME).mark_line().encode(x="month:Q", y="score:Q")


@pytest.fixture
def renderer(monkeypatch):
    own = picture._Renderer()
    monkeypatch.setattr(picture, "_renderer", own)
    yield own
    if own._process is not None:
        own._process.kill()
        own._process.wait()


def test_one_process_draws_all(chart, renderer):
    first = picture.draw(chart, "one", "It falls.", "A line.")
    process = renderer._process
    second = picture.draw(chart, "one", "It falls.", "A line.")
    assert first == second
    assert 'role="img"' in first
    assert "<path" in first
    assert renderer._process is process
    assert process.poll() is None


def test_a_process_that_dies_costs_a_picture_and_no_more(chart, renderer, monkeypatch):
    starts = []

    def dying():
        starts.append(1)
        return subprocess.Popen(
            [sys.executable, "-c", "import os; input(); os.abort()"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)),
        )  # fmt: skip

    monkeypatch.setattr(renderer, "_start", dying)
    with pytest.warns(picture.PictureMissing, match=r"its table is kept: the process that draws ended \(code -6\)"):
        svg = picture.draw(chart, "one", "It falls.", "A line.")
    assert svg.startswith("<svg")
    assert "This picture could not be drawn: the process that draws ended (code -6)" in svg
    with pytest.warns(picture.PictureMissing):
        picture.draw(chart, "two", "It falls.", "A line.")
    assert len(starts) == 1


def test_a_process_that_hangs_is_ended(chart, renderer, monkeypatch):
    monkeypatch.setattr(picture, "PATIENCE", 0.5)
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    hang = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    monkeypatch.setattr(renderer, "_start", lambda: hang)
    with pytest.warns(picture.PictureMissing, match="was ended after"):
        picture.draw(chart, "one", "It falls.", "A line.")
    assert hang.poll() == -9


def test_a_chart_that_is_wrong_is_said_and_the_next_is_drawn(chart, renderer):
    with pytest.raises(picture.NotDrawn):
        renderer.svg({"mark": {"type": "no such mark"}, "data": {"values": 3}, "encoding": 5}, "6.1")
    assert "<path" in picture.draw(chart, "one", "It falls.", "A line.")


def test_limited_memory_ends_the_process_that_draws_alone(chart, renderer):
    """As with ``ulimit -v``: the renderer aborts, this process goes on."""
    limited = subprocess.Popen(
        [sys.executable, "-P", picture.__file__.replace("picture.py", "renderer.py")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20)),
    )  # fmt: skip
    renderer._process = limited
    with pytest.warns(picture.PictureMissing):
        assert "could not be drawn" in picture.draw(chart, "one", "It falls.", "A line.")
    assert limited.poll() not in (None, 0)
