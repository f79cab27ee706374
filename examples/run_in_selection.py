"""What the run-in of MCI186-19 selects: the latent decline of those enrolled with and without its rule.

    python examples/run_in_selection.py

Prints points of the ALSFRS-R lost per month: as recorded in the run-in (noise included), and in truth during the run-in
and in the 24 weeks after it, in four trials of 137 untreated patients from one pool of 2,500 people.
"""

import numpy as np

from charcot.core.units import DAYS_PER_MONTH
from charcot.trials import load_protocol, published_protocols
from charcot.trials.conduct import enrol
from charcot.trials.enrolment import Recruiter
from charcot.trials.pool import SharedPool
from charcot.trials.real_world import RealWorld

PATH = published_protocols()["mci186_19"]
TRIALS, FOLLOW_UP = 4, 168.0  # days

pool = None
for name, rule in (("with the rule", {}), ("without it", {"screening.run_in.decline": {}})):
    protocol = load_protocol(PATH, {**rule, "arms.edaravone.treatments": [], "simulate.screened_per_replicate": 2500})
    pool = pool or SharedPool(protocol, RealWorld(), 1)
    pool.protocol = protocol
    recorded, during, after = [], [], []
    for number in range(TRIALS):
        randomised = enrol(protocol, pool.reordered(number), Recruiter(protocol), number)
        recorded.append(randomised.subjects["run_in_decline"])
        for entry in randomised.enrolled:
            clocks = entry.screened.clocks.take(entry.screened.rows)
            days = np.column_stack([clocks.screening, clocks.randomisation, clocks.randomisation + FOLLOW_UP])
            total = entry.screened.courses.at("clinic.alsfrs_r.total", days)[entry.course_rows]
            during.append(total[:, 0] - total[:, 1])
            after.append(total[:, 1] - total[:, 2])
    run_in = protocol.screening.run_in.duration / DAYS_PER_MONTH
    rates = (
        np.concatenate(recorded).mean() / run_in,
        np.concatenate(during).mean() / run_in,
        np.nanmean(np.concatenate(after)) / (FOLLOW_UP / DAYS_PER_MONTH),
    )
    words = ("recorded in the run-in", "true in the run-in", "true after it")
    print(f"{name}:", ", ".join(f"{word} {rate:.2f}" for word, rate in zip(words, rates, strict=True)))
