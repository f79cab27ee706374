"""The kernel of the whole model loads wherever the process has room left."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCATTERED = """
import mmap
from charcot.engine import compiled
from charcot.patients import program

stored, held = compiled.compile_program(program()), []
for number in range(60):  # small holes, each far from the next, as in a process with many threads
    small = [mmap.mmap(-1, 4096) for _ in range(number % 9 + 1)]
    held.append(mmap.mmap(-1, 3 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000))
    small[number % len(small)].close()
    held += [*small, compiled.Kernel(*stored)]
print("loaded")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="MAP_NORESERVE has another number elsewhere")
def test_the_kernel_loads_where_memory_is_scattered():
    """Sections more than 2 GiB apart would abort the process."""
    done = subprocess.run([sys.executable, "-c", SCATTERED], capture_output=True, text=True, check=False)
    assert done.stdout == "loaded\n", done.stderr[-500:]
