"""The days on which courses are reported: a regular grid, the days of events, and the days asked for.

Between two reported days a read-out is interpolated. Something that happens in between would be smeared over the days
before it, so that every event has a row of its own with the values before it, and a second one just after it for
read-outs that jump there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from charcot.core.expression import symbols_of
from charcot.core.program import Program
from charcot.core.schedule import EventKind, Schedule


def output_days(
    grid: np.ndarray,
    happens: Schedule,
    model: Program,
    readouts: Sequence[str],
    asked: Sequence[np.ndarray] = (),
    until: np.ndarray | None = None,
) -> np.ndarray:
    """(patients, rows) in days, ascending, filled up with NaN; the grid itself, (rows,), where nothing is added.

    Args:
        grid: (times,) days that everybody is reported on.
        happens: what happens to each patient.
        asked: further days, each (patients,) or (patients, k). Those outside of the grid, and those that are not
            finite, are left out.
        until: (patients,) days; a patient's last one is the first of the grid from it on, and at least the second.
    """
    last = np.full(happens.patients, grid[-1])
    if until is not None:
        last = grid[np.clip(np.searchsorted(grid, until), min(1, len(grid) - 1), len(grid) - 1)]
    everyone = np.arange(happens.patients)
    owner = np.repeat(everyone, np.diff(happens.offsets))
    inside = (happens.times >= grid[0]) & (happens.times < last[owner])
    jumps = inside & _jumping(happens, model, readouts)
    pieces = [(owner[inside], happens.times[inside]), (owner[jumps], np.nextafter(happens.times[jumps], np.inf))]
    for days in asked:
        table = np.asarray(days, dtype=float).reshape(happens.patients, -1)
        wanted = np.isfinite(table) & (table >= grid[0]) & (table <= last[:, None])
        pieces.append((np.nonzero(wanted)[0], table[wanted]))
    if until is None and not any(len(times) for _, times in pieces):
        return grid
    regular = np.tile(grid, (happens.patients, 1))
    shown = regular <= last[:, None]
    pieces.append((np.nonzero(shown)[0], regular[shown]))
    owner, times = (np.concatenate(column) for column in zip(*pieces, strict=True))
    order = np.lexsort((times, owner))
    owner, times = owner[order], times[order]
    new = np.ones(len(times), dtype=bool)
    new[1:] = (np.diff(times) > 0) | (np.diff(owner) > 0)
    owner, times = owner[new], times[new]
    counts = np.bincount(owner, minlength=happens.patients)
    rows = np.full((happens.patients, counts.max()), np.nan)
    rows[owner, np.arange(len(times)) - np.repeat(np.cumsum(counts) - counts, counts)] = times
    return rows


def _jumping(happens: Schedule, model: Program, readouts: Sequence[str]) -> np.ndarray:
    """(events,) bool: after which of the events one of the read-outs has another value at once."""
    read = symbols_of([model.readouts[model.index("readout", name)].expression for name in readouts])
    names = {int(EventKind.ADD): model.state_names, int(EventKind.SET): model.input_names}
    found = np.zeros(len(happens.times), dtype=bool)
    for kind, known in names.items():
        mine = happens.kinds == kind
        direct = np.array([name in read for name in known], dtype=bool)
        found[mine] = direct[happens.targets[mine]] if len(known) else False
    return found
