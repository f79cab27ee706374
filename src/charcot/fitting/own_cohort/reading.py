"""A cohort from its tables: visits and subjects, with everything that is wrong by line, and nothing left out unsaid.

Any number of tables is read. A table with a column of days has visits (ALSFRS-R, vital capacity, NfL may be tables of
their own, as in PRO-ACT; what is said of one day is put together); one without has subjects and their events.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from charcot.clinic.observation import ITEMS, TOTAL_MAXIMUM
from charcot.core.errors import Problem, Severity, Where, readable
from charcot.core.units import DAYS_PER_YEAR
from charcot.fitting.own_cohort.columns import DAYS, Columns
from charcot.fitting.own_cohort.tables import UNREAD, Line, Table, personal, read_table, warning

SILENT = 0.5  # days by which two tables may differ about the same event
FAR = 40 * DAYS_PER_YEAR  # days between two visits, or an onset and a visit, of which one must be on another clock
RISE = 8.0  # points by which a total may rise from one visit to the next before it is pointed out


@dataclass(frozen=True)
class Subject:
    """One subject; days are on the own clock of the visits, NaN where not known.

    Attributes:
        days: (visits,) ascending; ``total``, ``svc``, ``nfl``: (visits,) in points, % predicted, pg/mL; NaN where not
            measured; ``items``: (visits, 12) in the order of ``charcot.clinic.observation.ITEMS``.
        end: the last day that is known of; ``died``: it ended in death or permanent ventilation.
        site: bulbar, cervical, lumbar, thoracic, limb or empty; ``riluzole``: yes, no or empty.
    """

    name: str
    days: np.ndarray
    total: np.ndarray
    items: np.ndarray
    svc: np.ndarray
    nfl: np.ndarray
    onset: float = np.nan
    diagnosis: float = np.nan
    age: float = np.nan
    sex: str = ""
    site: str = ""
    riluzole: str = ""
    died: bool = False
    end: float = np.nan

    @property
    def scored(self) -> np.ndarray:
        """(visits,) bool: visits with an ALSFRS-R total."""
        return np.asarray(np.isfinite(self.total))

    def until(self, day: float) -> Subject:
        """What was known of the subject on a day: earlier visits, alive."""
        keep = self.days <= day
        parts = {name: getattr(self, name)[keep] for name in ("days", "total", "items", "svc", "nfl")}
        gone = self.died and self.end <= day
        return replace(self, **parts, died=gone, end=min(self.end, day))


@dataclass
class OwnCohort:
    """What was read.

    Attributes:
        subjects: with at least one ALSFRS-R total, by name; ``unscored``: names of those without.
        problems: errors and warnings; ``counts``: of rows, visits, subjects and measures; ``set_aside``: how many rows
            are not used, by the code of what is wrong; ``unread``: columns of each file that are no field.
    """

    subjects: tuple[Subject, ...]
    unscored: tuple[str, ...]
    problems: list[Problem]
    counts: dict[str, int]
    set_aside: dict[str, int] = field(default_factory=dict)
    unread: tuple[tuple[str, str], ...] = ()

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.severity is Severity.ERROR]

    @property
    def misspelt(self) -> list[Problem]:
        """Warnings of columns that are not read for their spelling."""
        return [problem for problem in self.problems if problem.code == UNREAD]


def read_cohort(files: Sequence[Path], columns: Columns | None = None) -> OwnCohort:
    """Read the tables of a cohort. What is wrong is in ``problems``; the cohort holds what is sound."""
    problems: list[Problem] = []
    tables = [read_table(path, columns or Columns(), problems) for path in files]
    visits = [table for table in tables if table.visits]
    people: dict[str, dict[str, float | str]] = {}
    said: dict[tuple[str, str], Where] = {}
    at: dict[str, dict[float, Line]] = {}
    for table in visits:
        _collect_visits(table, at, people, said, problems)
    if not at and not any(p.severity is Severity.ERROR for p in problems):
        where = Where(str(files[0]), 1)
        problems.append(Problem("no-visits", "no table has visits", where, "Give one with subject, days and a total."))
    for table in tables:
        if not table.visits:
            _collect_people(table, at, people, said, problems)
    _say_similar_names(at, problems)
    subjects, unscored = [], []
    for name in sorted(at, key=_natural):
        one = _subject(name, at[name], people.get(name, {}), said, problems)
        if one.scored.any():
            subjects.append(one)
        else:
            unscored.append(name)
    counts = {
        "rows": sum(table.rows for table in tables),
        "subjects": len(subjects),
        "subjects without a score": len(unscored),
        "visits with a score": sum(int(one.scored.sum()) for one in subjects),
        "visits with all items": sum(int(np.isfinite(one.items).all(axis=1).sum()) for one in subjects),
        "vital capacities": sum(int(np.isfinite(one.svc).sum()) for one in subjects),
        "NfL values": sum(int(np.isfinite(one.nfl).sum()) for one in subjects),
        "deaths": sum(one.died for one in subjects),
        "onsets known": sum(bool(np.isfinite(one.onset)) for one in subjects),
    }
    bad = {(p.where.file, p.where.line, p.code) for p in problems if p.where and p.severity is Severity.ERROR}
    aside = Counter(code for _, line, code in bad if line > 1)
    unread = tuple((table.file, name) for table in tables for name in table.unread)
    return OwnCohort(tuple(subjects), tuple(unscored), problems, counts, dict(sorted(aside.items())), unread)


def _say_similar_names(at: Mapping[str, Mapping[float, Line]], problems: list[Problem]) -> None:
    """Subjects whose names differ by capitals or leading zeros only are different ones here, which may not be meant."""
    first: dict[str, str] = {}
    for name, lines in at.items():
        other = first.setdefault(name.casefold().lstrip("0"), name)
        if other != name:
            message = f"subjects {readable(other)!r} and {readable(name)!r} are taken as two"
            where = min(lines.values(), key=lambda line: line.where.line).where
            problems.append(warning("similar-names", message, where, "Write both alike if they are one."))


def _natural(name: str) -> tuple[int, int, str]:
    return (0, int(name), "") if name.isascii() and name.isdigit() and len(name) < 19 else (1, 0, name)


def _collect_visits(
    table: Table,
    at: dict[str, dict[float, Line]],
    people: dict[str, dict[str, float | str]],
    said: dict[tuple[str, str], Where],
    problems: list[Problem],
) -> None:
    here: dict[tuple[str, float], Where] = {}
    last: dict[str, float] = {}
    back: list[Line] = []
    for line in table.lines:
        day = line.numbers[DAYS]
        if day < last.get(line.subject, day):
            back.append(line)
        last[line.subject] = day
        first = here.setdefault((line.subject, day), line.where)
        if first is not line.where:
            message = f"subject {line.subject}, day {day:g} already stands in line {first.line}"
            problems.append(Problem("visit-twice", message, line.where, "Remove one of the two rows."))
            continue
        if not _sums(line, problems):
            continue
        _say_of(line, people, said, problems)
        before = at.setdefault(line.subject, {}).get(day)
        if before is not None and any(line.numbers[k] != v for k, v in before.numbers.items() if k in line.numbers):
            message = f"subject {line.subject}, day {day:g}: another value stands in {before.where}"
            problems.append(Problem("contradiction", message, line.where, "Keep one of the two."))
            continue
        merged = line if before is None else replace(before, numbers={**before.numbers, **line.numbers})
        at[line.subject][day] = merged
    if back:
        message = f"day {back[0].numbers[DAYS]:g} of subject {back[0].subject} stands below a later day" + (
            f", and so do {len(back) - 1:,} rows more" if len(back) > 1 else ""
        )
        problems.append(warning("not-in-order", message, back[0].where, "Visits are put in order. Are the days right?"))


def _sums(line: Line, problems: list[Problem]) -> bool:
    """Whether the items of a row make its total; rows that have no score are told by their kind."""
    numbers = line.numbers
    items = [numbers[item] for item in ITEMS if item in numbers]
    if len(items) == len(ITEMS) and "total" in numbers and sum(items) != numbers["total"]:
        hint = "Mend the item or the total that is wrong; leave the total empty to have it summed."
        message = f"the items sum to {sum(items):g}, and the total is {numbers['total']:g}"
        problems.append(Problem("wrong-sum", message, line.where, hint))
        return False
    measured = {"total", "svc", "nfl"} & set(numbers)
    if not measured and len(items) < len(ITEMS):
        if "total_40" in numbers or len(items) == 10:
            message = "the row has a score of the scale before its revision (10 items), which is not used"
            problems.append(warning("old-scale", message, line.where))
        elif items:
            absent = ", ".join(item for item in ITEMS if item not in numbers)
            problems.append(warning("items-missing", f"no total can be made: {absent} missing", line.where))
        else:
            problems.append(warning("nothing-measured", "the row has no score, svc or nfl", line.where))
    return True


def _say_of(
    line: Line, people: dict[str, dict[str, float | str]], said: dict[tuple[str, str], Where], problems: list[Problem]
) -> None:
    """Take what a line says of its subject; two lines that differ are a problem."""
    known = people.setdefault(line.subject, {})
    for name, value in personal(line).items():
        before = known.get(name)
        if before is None:
            known[name], said[line.subject, name] = value, line.where
        elif before != value and not (isinstance(value, float) and abs(value - float(before)) <= SILENT):
            first = said[line.subject, name]
            message = f"{name} of subject {line.subject} is {value}, and {before} in {first}"
            problems.append(Problem("contradiction", message, line.where, "Make both the same, or remove one."))


def _collect_people(
    table: Table,
    at: dict[str, dict[float, Line]],
    people: dict[str, dict[str, float | str]],
    said: dict[tuple[str, str], Where],
    problems: list[Problem],
) -> None:
    known_here: set[str] = set()
    for line in table.lines:
        if line.subject not in at:
            message = f"subject {line.subject} has no visit"
            problems.append(Problem("unknown-subject", message, line.where, "Mend the name, or remove the row."))
            continue
        known_here.add(line.subject)
        _say_of(line, people, said, problems)
    if table.lines:
        for name in sorted(set(at) - known_here, key=_natural):
            first = min(at[name].values(), key=lambda line: line.numbers[DAYS])
            message = f"subject {name} has no sound row in {table.file}"
            problems.append(warning("not-in-table", message, first.where, "What is not known is left open."))


def _subject(
    name: str,
    lines: dict[float, Line],
    person: dict[str, float | str],
    said: dict[tuple[str, str], Where],
    problems: list[Problem],
) -> Subject:
    died = person.get("died", "yes" if "end" in person else "no") == "yes"
    end = float(person.get("end", np.nan))
    if died and np.isnan(end):
        where = said[name, "died"]
        problems.append(Problem("no-end", f"subject {name} died on no day", where, "Give the day, or 'no'."))
        died = False
    last = end if died else np.inf
    for day in sorted(lines):
        if day > last:
            message = f"subject {name} is seen on day {day:g}, after the end on day {end:g}"
            hint = f"Mend the day, or the end in {said[name, 'end']}."
            problems.append(Problem("after-death", message, lines[day].where, hint))
    days = np.array([day for day in sorted(lines) if day <= last])
    for day in days[days - days[:1] > FAR]:
        message = f"subject {name} is seen on days {days[0]:g} and {day:g}, more than 40 years apart"
        problems.append(Problem("units", message, lines[day].where, "Are both days on one clock, and no dates?"))
    days = days[days - days[:1] <= FAR]

    def column(field_name: str) -> np.ndarray:
        return np.array([lines[day].numbers.get(field_name, np.nan) for day in days], dtype=float)

    items = np.stack([column(item) for item in ITEMS], axis=1) if len(days) else np.full((0, len(ITEMS)), np.nan)
    total = column("total")
    total = np.where(np.isfinite(total), total, items.sum(axis=1))
    for k in np.flatnonzero(np.diff(total) > RISE):
        message = f"subject {name}: the total rises by {total[k + 1] - total[k]:g} points since the visit before"
        problems.append(warning("large-rise", message, lines[days[k + 1]].where, "Is it right? It is used as it is."))
    if len(total) and np.isfinite(total).sum() == 1:
        message = f"subject {name} has one visit with a score: how fast it falls rests on the onset and the cohort"
        problems.append(warning("one-visit", message, lines[days[np.isfinite(total)][0]].where))
    onset, diagnosis = (float(person.get(key, np.nan)) for key in ("onset", "diagnosis"))
    first = days[0] if len(days) else np.nan
    for what, day, limit, other in (
        ("onset", onset, first, "the first visit"),
        ("onset", onset, diagnosis, "the diagnosis"),
    ):
        seen = total[:1] if len(total) else np.array([TOTAL_MAXIMUM])
        if day > limit and (other != "the first visit" or seen[0] < TOTAL_MAXIMUM):
            hint = "Both are days on the clock of the visits; an onset before day 0 is negative."
            message = f"{what} of subject {name}, day {day:g}, is after {other}, day {limit:g}"
            problems.append(Problem("wrong-order", message, said[name, what], hint))
            onset = np.nan
    if first - onset > FAR:
        message = f"onset of subject {name}, day {onset:g}, is more than 40 years before the first visit"
        hint = "Is it in days, on the clock of the visits, and no date?"
        problems.append(Problem("units", message, said[name, "onset"], hint))
        onset = np.nan
    return Subject(
        name, days, total, items, column("svc"), column("nfl"), onset, diagnosis, float(person.get("age", np.nan)),
        str(person.get("sex", "")), str(person.get("site", "")), str(person.get("riluzole", "")), died,
        end if np.isfinite(end) else (days[-1] if len(days) else np.nan),
    )  # fmt: skip
