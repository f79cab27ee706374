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
charcot patient --age 62 --site lumbar --months 24 --json > patient.json
charcot init my-trial --template aav-mir126
charcot trial my-trial --replicates 1 --set arms.0.n=8 --set arms.1.n=8 --set simulate.screened_per_replicate=200 --out runs > trial.txt
python - <<'PYTHON'
import json
import sys
from pathlib import Path

from charcot.interfaces.opened import open_run

# What must hold whatever the numbers of the model are: the score has 48 points and is lost, intervals hold their estimates.
score = [value for value in json.load(open("patient.json"))["series"][0]["untreated"] if value is not None]
if not (48 >= score[0] > 40 and 0 <= score[-1] < score[0] - 5):
    sys.exit(f"a person with disease in the legs goes from {score[0]} to {score[-1]} points in two years")
run = open_run(next(Path("runs").iterdir()))
rows = run["estimates"].dropna(subset=["estimate", "lower", "upper"])
wrong = rows[(rows["lower"] > rows["estimate"]) | (rows["estimate"] > rows["upper"])]
if rows.empty or len(wrong) or len(run["ADSL"]) != 16 or run.report is None:
    sys.exit(f"the trial's tables are not as they should be: {run}\n{rows}")
PYTHON
echo "the wheel works outside the checkout, with $(python --version)"
