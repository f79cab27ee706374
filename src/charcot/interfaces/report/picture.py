"""From an Altair chart to an inline SVG that is safe beside others in one page and readable without eyes."""

from __future__ import annotations

import functools
import html
import re
import warnings
from typing import Any

from charcot.interfaces.report.theme import config

_ID = re.compile(r'\bid="([^"]+)"')
_ROOT = re.compile(r"<svg\b[^>]*>")
_SIZE = re.compile(r'viewBox="0 0 ([0-9.]+) ([0-9.]+)"')


@functools.cache
def _schema_version() -> str | None:
    """Which Vega-Lite the installed Altair writes, as ``6.4``; None (the newest) where the renderer lacks it."""
    import altair
    import vl_convert

    version = ".".join(altair.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    return version if version in vl_convert.get_vegalite_versions() else None


def draw(chart: Any, name: str, finding: str, label: str) -> str:
    """Render ``chart`` once, without a browser and without the network."""
    import vl_convert

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        specification = chart.configure(**config()).to_dict()
    svg = vl_convert.vegalite_to_svg(specification, vl_version=_schema_version(), allowed_base_urls=[])
    return dress(svg, name, finding, label)


def dress(svg: str, name: str, finding: str, label: str) -> str:
    """Give an SVG its role, its name for screen readers, private identifiers and a width that follows the page."""
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
