"""The tutorials run as they stand: files are written, commands and Python run, and what a page promises is printed.

``make site`` runs this file before it builds the pages; it is no part of ``make test``, which stays short.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
STEP = re.compile(
    r"^```(?P<kind>bash|python|\{code-block\} \w+)\n(?::caption: (?P<file>\S+)\n\n)?(?P<body>.*?)^```\n"
    r"(?P<prints>(?:<!-- prints: [^\n]+ -->\n)*)",
    re.M | re.S,
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a copy of the sources and examples, in which ``charcot`` is the copy."""
    for name in ("src", "examples/lookalikes"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "bin").mkdir()
    for name, words in (("charcot", "-m charcot.interfaces.cli.main "), ("python", "")):
        command = tmp_path / "bin" / name
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words}"$@"\n', encoding="utf-8")
        command.chmod(0o755)
    return tmp_path


def run(step: re.Match[str], place: Path) -> None:
    if step["file"]:
        path = place / step["file"]
        assert path.parent.is_dir(), step["file"]
        path.write_text(step["body"], encoding="utf-8")
        return
    words = ["bash", "-euo", "pipefail", "-c"] if step["kind"] == "bash" else [sys.executable, "-c"]
    environment = os.environ | {
        "PYTHONPATH": str(place / "src"),
        "PATH": f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "160",
    }
    done = subprocess.run(
        [*words, step["body"]], cwd=place, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{step['body']}\n{done.stdout}\n{done.stderr}"
    for promised in re.findall(r"prints: (.+) -->", step["prints"]):
        assert promised in done.stdout, f"{step['body']}\n{done.stdout}"


def snapshot(place: Path) -> dict[str, bytes]:
    files = (p for p in (place / "src").rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    return {str(p.relative_to(place)): p.read_bytes() for p in files}


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_runs_as_it_stands_and_edits_nothing_that_is_there(tutorial: Path, place: Path):
    text = tutorial.read_text(encoding="utf-8")
    steps = list(STEP.finditer(text))
    assert len(steps) == len(re.findall(r"^```\S", text, re.M)) >= 3
    before = snapshot(place)
    for step in steps:
        run(step, place)
    after = snapshot(place)
    assert {name for name, content in before.items() if after.get(name) != content} == set()
    added = {name for name in after if name not in before}
    assert bool(added) == (tutorial.stem in ("own-mechanism", "own-product"))
