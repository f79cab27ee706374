"""The example of the README runs as it stands there, and says what its text promises."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def test_the_python_example_of_the_readme_runs():
    code = re.search(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
    assert code is not None
    done = subprocess.run([sys.executable, "-c", code.group(1)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    days = [float(line.split()[0]) for line in done.stdout.splitlines()]
    assert len(days) == 2
    assert 300 < days[0] < days[1] < 2000
