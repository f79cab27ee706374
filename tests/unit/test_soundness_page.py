"""Every test that docs/soundness.md names is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`(\w+/test_\w+\.py)::(test_\w+)`")


def test_every_named_test_is_there():
    named = NAMED.findall((ROOT / "docs" / "soundness.md").read_text(encoding="utf-8"))
    assert len(named) > 70
    missing = [f"{file}::{name}" for file, name in named if f"def {name}(" not in (ROOT / "tests" / file).read_text()]
    assert missing == []


def test_each_item_has_a_row():
    text = (ROOT / "docs" / "soundness.md").read_text(encoding="utf-8")
    items = [f"A{k}" for k in range(1, 12)] + [f"A2.{k}" for k in range(1, 7)] + [f"B{k}" for k in range(1, 10)]
    assert [item for item in items if f"\n| {item} |" not in text] == []
