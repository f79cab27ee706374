"""How much the El Escorial category at diagnosis tells of survival, for spreads of the loss at which signs are found.

python examples/category_hazards.py [patients]

Hazard ratios against possible, of incident patients; European registers: definite 2.09, probable 1.49,
laboratory-supported 1.38 (dossier_clinical). Signs are found alike in everybody where the spread is zero.
"""

import sys

import numpy as np

from charcot.clinic import criteria
from charcot.core.random import stream
from charcot.core.units import DAYS_PER_MONTH
from charcot.patients import load_population
from charcot.patients.people import READOUTS, simulate_people
from charcot.trials.statistics.time_to_event import cox

people = int(sys.argv[1]) if len(sys.argv) > 1 else 1500
known = criteria.values()
shipped = known["sign_spread_of_people"]  # between people, and between regions as well

store = simulate_people(load_population("incident"), people, 5, workers=2)
last = np.minimum(store.death[0], store.end[0])
rows = np.flatnonzero(np.isfinite(store.diagnosis) & (last > store.diagnosis) & ~store.failed)
month = (store.diagnosis[rows] / DAYS_PER_MONTH).astype(int)
upper, lower = (
    np.stack([store.values[0, READOUTS.index(name), rows, month] for name in names], axis=1)
    for names in (criteria.UPPER, criteria.LOWER)
)
left, died = last[rows] - store.diagnosis[rows], np.isfinite(store.death[0, rows])
draws = np.array([stream(5, f"patient {row}", "signs").standard_normal(10) for row in rows])
print(f"{len(rows)} patients at diagnosis; hazard ratio against possible, and share of patients in %")
for spread in (0.0, shipped, 1.0, 1.5):
    spreads = {"sign_spread_of_people": spread, "sign_spread_of_regions": spread}
    criteria.values = lambda numbers=known | spreads: numbers
    rank = criteria.el_escorial(upper, lower, criteria.doubt_of(draws))
    words = []
    for k in (4, 3, 2):
        two = np.isin(rank, (1, k))
        ratio = np.exp(cox(left[two], died[two], rank[two] == k).log_ratio)
        words.append(f"{criteria.CATEGORIES[k]} {ratio:.1f} ({100 * np.mean(rank == k):.0f})")
    print(f"spread {spread}{' (shipped)' if spread == shipped else ''}: {'; '.join(words)}")
