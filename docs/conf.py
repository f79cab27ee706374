"""How the site is built: ``make site`` (Sphinx, MyST for Markdown, furo). Nothing is asked of the network."""

from __future__ import annotations

import sys
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from charcot import __version__

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import generated  # noqa: E402  (beside this file)

project = "Charcot"
author = "the authors of Charcot"
project_copyright = "the authors of Charcot, Apache 2.0"
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = f"Charcot {__version__}"
html_static_path: list[str] = []
html_show_sphinx = False
html_copy_source = False
exclude_patterns = ["generated.py", "conf.py"]
nitpicky = True
myst_heading_anchors = 4
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
nitpick_ignore_regex = [("py:.*", r"(collections|numpy|pandas|pyarrow|xarray)\..*")]  # their own sites hold these
# References of docstrings that name what stands in the same module, of which the room offers a part.
nitpick_ignore = [("py:class", "Definition"), ("py:data", "OPERATIONS")]
nitpick_ignore += [("py:exc", name) for name in ("CampaignError", "FolderInTheWay", "Problems", "Refusal")]
myst_fence_as_directive = ["mermaid"]


class Diagram(Directive):
    """A diagram that GitHub draws by a script; the sentences below each say the same, and the site runs no script."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        return []


def _plain_type(
    _app: Sphinx, _env: BuildEnvironment, node: addnodes.pending_xref, words: nodes.Element
) -> nodes.Element | None:
    """A type in a signature that has no entry here (of NumPy, or of an inner room) is plain text. A reference that
    somebody wrote in a text has to lead somewhere."""
    above = node.parent
    while above is not None:
        if isinstance(above, addnodes.desc_signature):
            return words
        above = above.parent
    return None


def _no_type_in_prose(_app: Sphinx, what: str, _name: str, _object: object, _options: object, lines: list[str]) -> None:
    """A property's first sentence may hold a colon; Napoleon would take what stands before it as a type."""
    if what in ("attribute", "property") and lines:
        lines[:0] = [".. prose", ""]


def setup(app: Sphinx) -> None:
    """Write the pages that are made from the program, and leave types in signatures plain."""
    generated.write(HERE / "reference")
    app.add_directive("mermaid", Diagram)
    app.connect("autodoc-process-docstring", _no_type_in_prose, priority=100)
    app.connect("missing-reference", _plain_type)
