"""What is shipped of the explorer's pages: built from the sources that stand here, small, and without any address."""

import gzip
import hashlib
import re
from pathlib import Path

from charcot.interfaces.explorer.schema import schema_text

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web"
ASSETS = ROOT / "src" / "charcot" / "interfaces" / "explorer" / "assets"
MADE = {"node_modules", "schema.d.ts"}
MOST_SCRIPT = 150_000  # bytes, compressed


def sources():
    for path in WEB.rglob("*"):
        parts = path.relative_to(WEB).parts
        if path.is_file() and not MADE & set(parts) and not any(part.startswith(".") for part in parts):
            yield path


def test_the_shipped_pages_are_built_from_these_sources():
    digest = hashlib.sha256()
    for path in sorted(sources(), key=lambda one: one.relative_to(WEB).as_posix()):
        digest.update(path.relative_to(WEB).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    assert (ASSETS / "built-from.txt").read_text().strip() == digest.hexdigest(), "run make web and commit the result"


def test_the_typed_client_is_of_the_servers_schema():
    assert (WEB / "schema.json").read_text(encoding="utf-8") == schema_text(), "run make web and commit the result"


def test_the_script_is_small():
    size = sum(len(gzip.compress(path.read_bytes())) for path in ASSETS.glob("*.js"))
    assert 0 < size <= MOST_SCRIPT


def test_the_pages_load_nothing_from_elsewhere():
    for path in ASSETS.iterdir():
        found = set(re.findall(r"https?://[^\s\"'`)]+", path.read_text(encoding="utf-8")))
        assert found <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1998/Math/MathML",
                         "http://www.w3.org/1999/xhtml", "http://www.w3.org/1999/xlink"}, path.name  # fmt: skip


def test_the_lock_names_no_registry():
    text = (WEB / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in text
    assert "integrity" in text
