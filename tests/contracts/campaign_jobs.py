"""A job without biology, importable by the workers of a cluster; and a look at the bytes of a folder.

As a program: ``python campaign_jobs.py FOLDER`` runs or resumes the job there, to be killed by a test.
"""

from __future__ import annotations

import hashlib
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow

from charcot.core.random import normals
from charcot.engine.campaign import ArraySpec, Block, Folder, run


@dataclass(frozen=True)
class Draws:
    """One draw for each patient, and an array of its powers; each block takes ``pause`` seconds."""

    size: int = 300
    seed: int = 1
    pause: float = 0.0
    machine: str = "this"
    broken: int = -1  # a patient at whom the computation breaks down

    def description(self):
        return {"size": self.size, "seed": self.seed}

    def fingerprint(self):
        return {"machine": self.machine}

    def arrays(self):
        return (ArraySpec("powers", (3,), ("power",), {"unit": "1"}),)

    def block(self, first, last):
        time.sleep(self.pause)
        if first <= self.broken < last:
            raise ZeroDivisionError("the toy is broken")
        patients = range(first, last)
        draws = normals(self.seed, patients, "toy")
        table = pyarrow.table({"patient": list(patients), "draw": draws})
        return Block(table, {"powers": draws[:, None] ** [1, 2, 3]})


def contents(folder: Path) -> dict[str, str]:
    """Every file of a campaign with its checksum; the lock says nothing."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


if __name__ == "__main__":
    job = Draws(pause=0.05)
    run(job, Folder.begin(Path(sys.argv[1]), job, 10), workers=2)
