"""Power of the Trial screen, from a small library of twins: the engine of ``charcot power``, bounded to a click."""

from __future__ import annotations

import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from charcot.core.errors import Problem, Problems, raise_if_any
from charcot.interfaces.explorer import trial_shapes as made
from charcot.interfaces.explorer.people import Tell
from charcot.interfaces.explorer.trial import key_of
from charcot.interfaces.explorer.trial_protocol import MOST_PATIENTS, Written
from charcot.interfaces.power_asked import Asked, Measured, endpoint_titles, library_name, not_assured
from charcot.interfaces.report.layers import NOT_SHOWN
from charcot.interfaces.report.names import plain_unit
from charcot.interfaces.report.sections.power import MONTE_CARLO, Words
from charcot.interfaces.report.sections.power import key_of as message_of
from charcot.interfaces.report.views import records
from charcot.trials.estimands import ESTIMANDS
from charcot.trials.library.job import LibraryJob
from charcot.trials.library.twins import Library, build
from charcot.trials.power.grid import Grid
from charcot.trials.power.operating import Bench, characteristics, library_job
from charcot.trials.protocol import Protocol
from charcot.trials.real_world import RealWorld

PEOPLE, TRIALS = 400, 200
FEWEST_PEOPLE, MOST_PEOPLE = 20, 1_000
FEWEST_TRIALS, MOST_TRIALS = 20, 400
MOST_LIBRARIES = 4  # in memory
FOLDER = "charcot-explorer-"  # how a temporary folder begins
CHUNK = 50  # people simulated before progress is told and a cancelled run ends
LIMITS = made.TrialLimits(
    most_patients=MOST_PATIENTS, most_people=MOST_PEOPLE, fewest_people=FEWEST_PEOPLE, most_trials=MOST_TRIALS,
    fewest_trials=FEWEST_TRIALS,
)  # fmt: skip


class Libraries:
    """The last few libraries of twins, in memory, so that another size or endpoint of the same trial simulates nobody
    again. Each is written to a temporary folder of its own, which is gone as soon as it was read, or cancelled; no name
    of a folder comes from a request."""

    def __init__(self, most: int = MOST_LIBRARIES) -> None:
        self._most = most
        self._libraries: OrderedDict[str, Library] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, job: LibraryJob, progress: Callable[[int], None]) -> Library:
        """The library of a job, built unless it is held."""
        name = library_name(job)
        with self._lock:
            found = self._libraries.get(name)
        if found is not None:
            progress(job.size)
            return found
        with tempfile.TemporaryDirectory(prefix=FOLDER, ignore_cleanup_errors=True) as place:
            found = build(job, Path(place) / "twins", 1, progress, CHUNK)
        with self._lock:
            self._libraries[name] = found
            while len(self._libraries) > self._most:
                self._libraries.popitem(last=False)
        return found


def checked(people: int, replicates: int) -> tuple[int, int]:
    """How many people and trials; raises Problems where that is too many or too few."""
    hint = "More is a run of its own: charcot power FILE --people {} --replicates {}."
    problems = [
        Problem("bad-size", f"{count:,} {what} cannot be simulated at a click", None,
                f"Give {least:,} to {most:,}. {hint.format(people, replicates)}")
        for count, what, least, most in (
            (people, "people", FEWEST_PEOPLE, MOST_PEOPLE), (replicates, "trials", FEWEST_TRIALS, MOST_TRIALS),
        ) if not least <= count <= most
    ]  # fmt: skip
    raise_if_any(problems, "this cannot be simulated")
    return people, replicates


def power(asked: Written, people: int, replicates: int, libraries: Libraries, tell: Tell) -> made.TrialPower:
    """Operating characteristics of every endpoint of a protocol: as ``charcot power FILE`` with as many people and
    trials, to the last bit.

    Raises:
        Problems: the protocol is wrong or too large, or too few people may enter.
    """
    checked(people, replicates)
    protocol = asked.protocol()
    grid = Grid(protocol)
    total, done = people + 2 * replicates * len(grid.cells()), 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        tell(done, total)

    tell(0, total)
    library = libraries.get(library_job(grid, people, RealWorld()), advance)
    try:
        with Bench(grid, library) as bench:
            table = characteristics(bench, grid.cells(), replicates, advance)
            eligible = bench.eligible(grid.cells()[0].entry)
    except Problems as error:
        raise _with_people(error, people) from None
    note = f"{NOT_SHOWN}, at a click (assurance: 'charcot power FILE --models')"
    measured = Measured(table, None, None, None, not_assured(note), len(library), library.drawn, library.lost)
    question = Asked(people, replicates, protocol.endpoints[0], 0, 0)
    words = Words(endpoint_titles(protocol.endpoints), {arm.id: arm.title or arm.id for arm in protocol.arms})
    return made.TrialPower(
        hash=asked.hash(answer="power", people=people, trials=replicates),
        key=key_of(message_of(measured, question, protocol, words), protocol),
        command=f"charcot power {protocol.name}.yaml --people {people} --replicates {replicates}",
        drawn=library.drawn,
        eligible=eligible,
        lost=library.lost,
        patients=protocol.size,
        trials=replicates,
        lines=[_line(row, words) for row in records(table)],
        words=_words(protocol, eligible, library),
    )


def _with_people(error: Problems, people: int) -> Problems:
    """Refused for too few people: what helps at a click."""
    hint = f"Widen the rule that excludes most, or draw more people (now {people:,}; {MOST_PEOPLE:,} at most here)."
    return Problems([Problem(p.code, p.message, p.where, hint) for p in error.problems], error.title)


def _line(row: dict[str, object], words: Words) -> made.PowerLine:
    endpoint, arm = str(row["estimand"]), str(row["arm"])
    known = {name: row[name] for name in made.PowerLine.model_fields if name in row}
    unit = plain_unit(ESTIMANDS[endpoint].unit)
    return made.PowerLine.model_validate(
        {**known, "endpoint": endpoint, "title": words.titles[endpoint], "arm": words.arms.get(arm, arm), "unit": unit}
    )


def _words(protocol: Protocol, eligible: int, library: Library) -> list[str]:
    """What bounds the figures."""
    said = [
        MONTE_CARLO,
        "Type I error is that of the same trials of the same people with nobody treated.",
        "Power holds for one model. What it is when the numbers of the model are others that the evidence allows as "
        "well (assurance) is not shown at a click: charcot power FILE --models shows it.",
    ]
    if protocol.size > eligible:
        said.append(
            f"The trial has {protocol.size:,} patients and the library {eligible:,} people who may enter: each trial "
            "meets some of them again. More people make this better."
        )
    if library.lost:
        said.append(f"{library.lost} simulations failed and are left out.")
    if protocol.analysis.interim is not None:
        said.append("The looks before the end are not simulated here: charcot power FILE simulates them.")
    return said
