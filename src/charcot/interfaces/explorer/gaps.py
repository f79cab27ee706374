"""What to measure next, of few persons: the same ranking as ``charcot evidence gaps``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from charcot import __version__
from charcot.core.errors import Problem, raise_if_any
from charcot.core.hashing import hash_json
from charcot.interfaces.explorer import shapes
from charcot.interfaces.explorer.people import Tell
from charcot.interfaces.report.names import plain_unit
from charcot.interfaces.report.views import records
from charcot.studies import gaps as room

MOST_PERSONS = 50
SHOWN = 40


@dataclass(frozen=True)
class Asked:
    endpoint: str
    persons: int

    def question(self) -> room.Question:
        return room.Question(n=self.persons, endpoint=self.endpoint)

    def check(self) -> None:
        """Raises :class:`charcot.core.errors.Problems` with all that is wrong."""
        problems = room.check_question(self.question())
        if self.persons > MOST_PERSONS:
            hint = f"Give {MOST_PERSONS} at most; more is a run of its own: charcot evidence gaps -n {self.persons}."
            problems.append(Problem("bad-size", f"{self.persons:,} persons are too many here", None, hint))
        raise_if_any(problems, "these gaps cannot be found")

    def hash(self) -> str:
        from charcot.patients import laboratory

        return hash_json(["gaps", self.endpoint, self.persons, __version__, laboratory().hash])


def gaps(asked: Asked, tell: Tell) -> shapes.Gaps:
    """Move every number up and down and rank what the endpoint does."""
    total = room.simulations(asked.question())
    done = 0

    def progress(count: int) -> None:
        nonlocal done
        done += count
        tell(done, total)

    tell(0, total)
    found = room.find_gaps(asked.question(), 1, progress)
    own = found.table[found.table["endpoint"] == asked.endpoint].head(SHOWN)
    return ranking(asked.endpoint, asked.hash(), found.patients, records(own))


def ranking(name: str, mark: str, patients: int, rows: Sequence[Mapping[str, Any]]) -> shapes.Gaps:
    """Rows of the table of gaps, widest first, as an answer; ``mark``: the hash of what made them."""
    endpoint = room.ENDPOINTS[name]
    return shapes.Gaps(
        hash=mark,
        endpoint=endpoint.title,
        unit=plain_unit(endpoint.unit),
        patients=patients,
        rows=[
            shapes.Gap(
                rank=int(row["rank"]),
                number=str(row["number"]),
                title=str(row["title"]),
                grade=str(row["grade"]),
                unit=plain_unit(str(row["value_unit"])),
                width=float(row["prior_log_spread"]),
                sensitivity=row["sensitivity"],
                gap=row["gap"],
                error=row["gap_error"],
                reason=str(row["prior_reason"]),
            )
            for row in rows
        ],
    )
