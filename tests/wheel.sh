#!/bin/sh
# The wheel as a stranger gets it: built, installed from its own bounds and not from the lock, used outside the checkout.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
unset PYTHONPATH
"${PYTHON:-python3}" -m venv "$place/venv"
"$place/venv/bin/python" -m pip wheel --quiet --disable-pip-version-check --no-deps -w "$place/wheel" "$root"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$place"/wheel/*.whl
cd "$place"
PATH="$place/venv/bin:$PATH"
python - "$root/src/charcot" "$place" <<'PYTHON'
import sys
from pathlib import Path

import charcot

source, place, installed = Path(sys.argv[1]), Path(sys.argv[2]), Path(charcot.__file__).parent
if place.resolve() not in installed.resolve().parents:
    sys.exit(f"charcot was imported from {installed}, not from the wheel")
kept = (p.relative_to(source) for p in source.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
missing = sorted(str(p) for p in kept if not (installed / p).is_file())
if missing:
    sys.exit("the wheel lacks " + ", ".join(missing))
PYTHON
charcot --version
charcot check
charcot explain lumbar.nmj.innervation > explained.txt
test -s explained.txt
echo "the wheel works outside the checkout, with $(python --version)"
