"""A library of twins as a job for :mod:`charcot.engine.campaign`: people drawn by number, screened, and simulated once
untreated and once in each treated arm from the day of their randomisation on.

Both twins share every draw (common random numbers), so that they differ by the treatment alone. A person's screening
day, ratings and treatment belong to the library and not to a replicate: replicates draw people from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from charcot.clinic.measurements import measurements
from charcot.clinic.observation import ITEMS
from charcot.core.units import DAYS_PER_MONTH
from charcot.engine.campaign import ArraySpec, Block
from charcot.engine.campaign.machine import made_by
from charcot.trials.conduct import in_arm, subjects_of
from charcot.trials.enrolment import Enrolled, Screened, Verdicts, judge_clocks, judge_visits, seen_on
from charcot.trials.pool import Batch, Latent, Pool, asks_for_signs, latent_at
from charcot.trials.protocol import AgeRange, Protocol
from charcot.trials.screening import Clocks, clocks_of, see
from charcot.trials.world import Courses, World

if TYPE_CHECKING:
    import pyarrow

ADDRESS = "library"
UNTREATED = 0  # the first of the kinds of twin; the others are the treated arms in the protocol's order
# Subjects' columns as the table of the library holds them; the others are numbers.
WORDS = ("sex", "genotype", "onset_region", "background")


def addresses_of(numbers: Iterable[int]) -> list[str]:
    """The address of each person's draws."""
    return [f"{ADDRESS}, patient {number}" for number in numbers]


def days_of(lengths: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """The days after randomisation that a library for these plans of visits holds: every visit, and every month to the
    last one, so that a course can be read on the line between them."""
    last = max(visits[-1] for visits in lengths)
    months = np.arange(0.0, last + DAYS_PER_MONTH, DAYS_PER_MONTH)
    return tuple(sorted({float(day) for visits in lengths for day in visits} | {float(day) for day in months}))


@dataclass(frozen=True)
class LibraryJob:
    """``size`` people, of whom those are stored whom at least one of ``protocols`` lets in.

    Attributes:
        protocols: of one trial under several entry rules; they differ in ``eligibility`` and in the decline that a
            run-in asks for. Arms' sizes, endpoints, dropout and analysis do not matter.
        days: (days,) after randomisation, ascending from 0, on which true values are stored.
        world: where products, cohorts and courses come from.
    """

    protocols: tuple[Protocol, ...]
    size: int
    days: tuple[float, ...]
    world: World

    @property
    def kinds(self) -> tuple[int, ...]:
        """The treated arms by number, in the order of the kinds of twin after the untreated one."""
        return tuple(number for number, arm in enumerate(self.protocols[0].arms) if arm.treatments)

    # what the campaign asks --------------------------------------------------------------------------------------

    def description(self) -> dict[str, Any]:
        """What is asked for, JSON-able."""
        words = [protocol.resolved() for protocol in self.protocols]
        first = words[0]
        return {
            "population": first["population"],
            "screening": [one["screening"] for one in words],
            "eligibility": [one.get("eligibility", {}) for one in words],
            "treatments": [first["arms"][arm]["treatments"] for arm in self.kinds],
            "seed": self.protocols[0].simulate.seed,
            "size": self.size,
            "days": list(self.days),
            "world": self.world.key,
        }

    def fingerprint(self) -> dict[str, str]:
        """The code, the libraries and the kind of processor that decide the last bit."""
        return made_by()

    def arrays(self) -> tuple[ArraySpec, ...]:
        """True values on ``days`` of the untreated twin and of each treated one, and the ratings of screening."""
        kinds, days = 1 + len(self.kinds), len(self.days)
        return (
            ArraySpec("items", (kinds, days, len(ITEMS)), ("kind", "day", "item"), {"unit": "point"}),
            *(
                ArraySpec(name, (kinds, days), ("kind", "day"), {"unit": one.unit})
                for name, one in measurements().items()
            ),
            ArraySpec("screened", (len(ITEMS),), ("item",), {"unit": "point"}),
        )

    def block(self, first: int, last: int) -> Block:
        """People ``first`` to ``last - 1``."""
        pool = Pool(self._loosest, self.world, ADDRESS, 1)
        batch = pool.batch(first, last - first)
        addresses = addresses_of(batch.numbers)
        clocks = clocks_of(self._loosest, batch, addresses, self.world)
        verdicts = [judge_clocks(protocol, batch, clocks, addresses) for protocol in self.protocols]
        rows = np.flatnonzero(np.any([one.reason == "" for one in verdicts], axis=0))
        seen = clocks.take(rows)
        courses = pool.with_background(batch, rows, seen_on(self._loosest, seen))
        visit = see(self._loosest, seen, courses, [addresses[row] for row in rows])
        for protocol, one in zip(self.protocols, verdicts, strict=True):
            judge_visits(protocol, one, seen, courses, visit, rows)
        people = np.flatnonzero(np.any([one.reason == "" for one in verdicts], axis=0))
        screened = Screened(batch, clocks, verdicts[0], rows, courses, visit, [])
        twins = self._twins(pool, batch, clocks, courses, rows, people)
        subjects = subjects_of(Enrolled(screened, people, batch.size)) if len(people) else pd.DataFrame()
        arrays = {
            "items": _spread([twin.items for twin in twins], people, batch.size),
            **{name: _spread([twin.measured[name] for twin in twins], people, batch.size) for name in measurements()},
            "screened": _placed(visit.items[np.searchsorted(rows, people)], people, batch.size),
        }
        return Block(self._table(batch, clocks, verdicts, people, subjects, twins), arrays)

    # how a block is computed ---------------------------------------------------------------------------------------

    @cached_property
    def _loosest(self) -> Protocol:
        """The trial under rules that need no more than any of the protocols: who is simulated, and what is read."""
        rules = [protocol.eligibility for protocol in self.protocols]
        oldest = [one.age.max for one in rules]
        top = None if None in oldest else max(age for age in oldest if age is not None)
        age = AgeRange.model_construct(min=None, max=top)  # the number is read already
        asking = next((p for p in self.protocols if asks_for_signs(p)), self.protocols[0])
        rule = asking.eligibility.model_copy(update={"age": age})
        return asking.model_copy(update={"eligibility": rule, "visits": self.days})

    def _twins(
        self, pool: Pool, batch: Batch, clocks: Clocks, courses: Courses, rows: np.ndarray, people: np.ndarray
    ) -> list[Latent]:
        """True values of ``people`` on the days: untreated, and in each treated arm."""
        start, days = clocks.randomisation, np.array(self.days)
        untreated = latent_at(courses, start[rows][:, None] + days).take(np.searchsorted(rows, people))
        twins = [untreated]
        for number in self.kinds:
            if len(people):
                treated = pool.in_arm(batch, people, number, start[people])
                twins.append(in_arm(pool.protocol.arms[number], treated, start[people], days, untreated))
            else:
                twins.append(untreated)
        return twins

    def _table(
        self, batch: Batch, clocks: Clocks, verdicts: list[Verdicts], people: np.ndarray, subjects: pd.DataFrame,
        twins: list[Latent],
    ) -> pyarrow.Table:  # fmt: skip
        """A row for each person drawn: why each protocol leaves the person out (``""``: it does not), and of those who
        are stored what they are at baseline and when each twin dies, in days from randomisation."""
        import pyarrow

        size, stored = batch.size, np.isin(np.arange(batch.size), people)
        columns: dict[str, pyarrow.Array] = {
            "number": pyarrow.array(batch.numbers.astype(np.int64)),
            "stored": pyarrow.array(stored),
        }
        for k, one in enumerate(verdicts):
            columns[f"reason.{k}"] = pyarrow.array([str(text) for text in one.reason], pyarrow.string())
        for name in SUBJECTS:
            if name in WORDS:
                texts = np.full(size, None, dtype=object)
                texts[people] = [str(text) for text in subjects[name]] if len(people) else []
                columns[name] = pyarrow.array(texts.tolist(), pyarrow.string())
            else:
                values = subjects[name].to_numpy(dtype=float) if len(people) else np.zeros(0)
                columns[name] = pyarrow.array(_placed(values, people, size))
        for kind, twin in enumerate(twins):
            death = twin.death - clocks.randomisation[people]
            columns[f"death.{kind}"] = pyarrow.array(_placed(death, people, size))
            columns[f"failed.{kind}"] = pyarrow.array(_placed(twin.failed.astype(float), people, size) == 1)
        return pyarrow.table(columns)


# What a library keeps of each person at baseline: the columns of :func:`charcot.trials.conduct.subjects_of`.
SUBJECTS = (
    "sex", "genotype", "onset_region", "screening_age", "age", "onset", "recalled_onset", "diagnosis", "screening",
    "randomisation", "background", "screening_total", "total_score", "run_in_decline", "involved_regions",
    "screening_vital_capacity", "vital_capacity",
)  # fmt: skip


def _placed(values: np.ndarray, people: np.ndarray, size: int) -> np.ndarray:
    """``values`` of some people among all, (size, ...), NaN elsewhere."""
    out = np.full((size, *values.shape[1:]), np.nan)
    out[people] = values
    return out


def _spread(kinds: list[np.ndarray], people: np.ndarray, size: int) -> np.ndarray:
    """(size, kinds, ...) of (people, ...) for each kind."""
    return _placed(np.stack(kinds, axis=1), people, size)
