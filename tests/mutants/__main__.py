"""``python -m tests.mutants [words]``: plant every mutant (or those whose name holds the words) and run its tests.

Run it from the root of the project; it takes some minutes. It exits with 1 when a mutant survives.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.mutants.catalogue import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]


def planted(mutant: Mutant, folder: Path) -> Path:
    """A copy of the source with the fault in it."""
    source = folder / "src"
    shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
    file = source / "charcot" / mutant.file
    file.write_text(file.read_text(encoding="utf-8").replace(mutant.old, mutant.new), encoding="utf-8")
    return source


def run(tests: Sequence[str], source: Path) -> tuple[int, str]:
    """Pytest's exit code and closing line for some tests of this checkout on a source."""
    command = [sys.executable, "-m", "pytest", "-x", "-p", "no:xdist", *(str(ROOT / "tests" / test) for test in tests)]
    environment = {**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    closing = next((line for line in reversed(done.stdout.splitlines()) if line.strip()), done.stderr[-200:])
    return done.returncode, closing


def killed(mutant: Mutant) -> tuple[bool, str]:
    """Whether a test fails with the fault (or the package no longer imports), and pytest's closing line."""
    with tempfile.TemporaryDirectory() as folder:
        code, closing = run(mutant.tests, planted(mutant, Path(folder)))
    return code not in (0, 5), closing


def main() -> int:
    words = " ".join(sys.argv[1:])
    chosen = [mutant for mutant in MUTANTS if words in mutant.name]
    if not chosen:
        print(f"No mutant is called so: {words}")
        return 2
    # A test that fails without a fault kills nothing.
    code, closing = run(sorted({test for mutant in chosen for test in mutant.tests}), ROOT / "src")
    if code != 0:
        print(f"The tests do not pass as they are: {closing}")
        return 2
    survivors = 0
    for number, mutant in enumerate(chosen, 1):
        dead, closing = killed(mutant)
        survivors += not dead
        print(f"{number:2d}/{len(chosen)} {'killed  ' if dead else 'SURVIVES'} {mutant.name} ({closing})", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} mutants killed")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
