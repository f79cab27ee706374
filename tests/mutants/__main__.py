"""``python -m tests.mutants [words]``: plant every mutant (or those whose name holds the words) and run its tests.

Run it from the root of the project; it takes some minutes. It exits with 1 when a mutant survives.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
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


def killed(mutant: Mutant) -> tuple[bool, str]:
    """Whether a test fails with the fault (or the package no longer imports), and pytest's closing line."""
    with tempfile.TemporaryDirectory() as folder:
        source = planted(mutant, Path(folder))
        command = [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", "-p", "no:xdist"]
        command += [str(ROOT / "tests" / test) for test in mutant.tests]
        environment = {**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}
        run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    closing = next((line for line in reversed(run.stdout.splitlines()) if line.strip()), run.stderr[-200:])
    return run.returncode not in (0, 5), closing


def main() -> int:
    words = " ".join(sys.argv[1:])
    chosen = [mutant for mutant in MUTANTS if words in mutant.name]
    survivors = 0
    for number, mutant in enumerate(chosen, 1):
        dead, closing = killed(mutant)
        survivors += not dead
        print(f"{number:2d}/{len(chosen)} {'killed  ' if dead else 'SURVIVES'} {mutant.name} ({closing})", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} mutants killed")
    return 1 if survivors or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
