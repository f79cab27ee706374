"""From an Altair chart to an inline SVG that is safe beside others in one page and readable without eyes."""

from __future__ import annotations

import contextlib
import html
import json
import re
import signal
import subprocess
import sys
import textwrap
import threading
import warnings
from pathlib import Path
from typing import Any

from charcot.core.errors import CharcotWarning
from charcot.interfaces.report.theme import config

PATIENCE = 120.0  # seconds for one picture; most take a fraction of one
_ID = re.compile(r'\bid="([^"]+)"')
_ROOT = re.compile(r"<svg\b[^>]*>")
_INNER = re.compile(r"<(?!svg\b)[a-zA-Z][^<>]*>")
_TOLD = re.compile(r'\s(?:role|aria-[a-z]+)="[^"]*"')
_SIZE = re.compile(r'viewBox="0 0 ([0-9.]+) ([0-9.]+)"')


class PictureMissing(CharcotWarning):
    """A report has words in the place of a picture."""


class NotDrawn(Exception):
    """A picture could not be drawn; the text says why."""


class _Renderer:
    """The process that draws, started at the first picture; once it has died, no further one is tried."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._trouble = ""
        self._lock = threading.Lock()

    def svg(self, specification: Any, version: str) -> str:
        """The picture of a specification; raises :class:`NotDrawn`."""
        with self._lock:
            if self._trouble:
                raise NotDrawn(self._trouble)
            try:
                answer = json.loads(self._ask(json.dumps({"specification": specification, "version": version})))
            except (OSError, ValueError) as error:
                self._trouble = self._reason(error)
                raise NotDrawn(self._trouble) from None
        if "error" in answer:
            raise NotDrawn(str(answer["error"]))
        return str(answer["svg"])

    def _ask(self, line: str) -> str:
        if self._process is None:
            self._process = self._start()
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        watch = threading.Timer(PATIENCE, process.kill)
        watch.start()
        try:
            process.stdin.write(line + "\n")
            process.stdin.flush()
            return process.stdout.readline()
        finally:
            watch.cancel()

    @staticmethod
    def _start() -> subprocess.Popen[str]:
        # in a session of its own: Ctrl-C is for us, and the end of its input ends it however we end
        return subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name("renderer.py"))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8",
            start_new_session=True,
        )  # fmt: skip

    def _reason(self, error: Exception) -> str:
        """Why the process gave no answer, after making sure that it has ended."""
        if self._process is None:
            return f"the process that draws could not be started ({error})"
        with contextlib.suppress(OSError):
            self._process.kill()
        code = self._process.wait()
        if code == -getattr(signal, "SIGKILL", 9):
            return f"the process that draws was ended after {PATIENCE:.0f} s, or by the system"
        return f"the process that draws ended (code {code}), as it does where memory is limited (ulimit -v)"


_renderer = _Renderer()


def draw(chart: Any, name: str, finding: str, label: str) -> str:
    """Render ``chart``, without a browser and without the network. What cannot be drawn is said in its place."""
    import altair

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        specification = chart.configure(**config()).to_dict()
    try:
        svg = _renderer.svg(specification, ".".join(altair.SCHEMA_VERSION.lstrip("v").split(".")[:2]))
    except NotDrawn as error:
        warnings.warn(f"A picture was not drawn, its table is kept: {error}.", PictureMissing, stacklevel=2)
        svg, label = _said(str(error)), f"This picture could not be drawn: {error}."
    return dress(svg, name, finding, label)


def _said(reason: str) -> str:
    """A picture that says why there is none."""
    lines = textwrap.wrap(f"This picture could not be drawn: {reason}. Its numbers are in the table.", 90)
    words = "".join(f'<tspan x="10" dy="20">{html.escape(line)}</tspan>' for line in lines)
    height = 20 * len(lines) + 20
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 {height}">'
        f'<text font-family="sans-serif" font-size="13" y="0">{words}</text></svg>'
    )


def dress(svg: str, name: str, finding: str, label: str) -> str:
    """Give an SVG its role, its name for screen readers, private identifiers and a width that follows the page.

    The picture is one image with one name: the roles that the renderer gives to marks and groups, which have no names
    of their own, are taken off.
    """
    svg = _INNER.sub(lambda tag: _TOLD.sub("", tag.group()), svg)
    for number, identifier in enumerate(dict.fromkeys(_ID.findall(svg))):  # the renderer's own numbers run on and on
        private = f"{name}-part-{number}"
        svg = svg.replace(f'id="{identifier}"', f'id="{private}"')
        svg = svg.replace(f"url(#{identifier})", f"url(#{private})")
        svg = svg.replace(f'href="#{identifier}"', f'href="#{private}"')
    size = _SIZE.search(svg)
    width, height = size.groups() if size else ("800", "400")
    text = html.escape(f"{finding} {label}".strip(), quote=True)
    root = (
        f'<svg role="img" aria-label="{text}" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'preserveAspectRatio="xMidYMid meet" class="picture">'
    )
    return _ROOT.sub(lambda _: root, svg, count=1)
