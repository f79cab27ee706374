"""The catalogue of planted faults is in step with the source: run by hand, it must still fit."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.mutants.catalogue import MUTANTS  # noqa: E402


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_fits_the_source(mutant):
    text = (ROOT / "src" / "charcot" / mutant.file).read_text(encoding="utf-8")
    assert text.count(mutant.old) == 1
    changed = text.replace(mutant.old, mutant.new)
    assert changed != text
    ast.parse(changed)
    for test in mutant.tests:
        assert (ROOT / "tests" / test.split("::")[0]).is_file(), test


def test_the_catalogue_is_whole():
    assert len(MUTANTS) >= 34
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
