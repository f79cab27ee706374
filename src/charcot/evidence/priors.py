"""What the evidence leaves open about a number: its prior.

The prior is log-normal with the number's value as median. Its width (the standard deviation of the natural logarithm)
comes from one table, ``grades.csv``, and from nothing else but what is stated here:

1. Each *independent* source in which a number was read has the width of the worse of two grades: the number's own (how
   well the number follows from its sources) and the source's (where it was read).
2. Sources are independent when they share no author, no paper, no record and no laboratory that their citations name;
   of those that share one, only the best counts. A review, a label or a model counts only where no primary source does.
   A source in which only a direction was read supports the mechanism, not the value, and narrows nothing.
3. Independent sources are combined by inverse variance: 1 / w^2 = sum of 1 / w_i^2, but never below ``FLOOR`` times
   the width of the number's grade: what all sources may have wrong together (the species, the preparation, the
   transfer to this model) does not average out.
4. A number that no such source gives keeps the width of its grade. A free number (grade F) cannot be narrowed.
5. The spread written in the number's row is the spread that its evidence leaves open. It widens the prior where it is
   wider (sources that disagree, a range that was read). It narrows the prior only for the numbers listed with their
   reason in ``narrow.csv``.
6. An effect that may not exist at all says so (``chance_of_none``): its prior is zero with that chance, and as above
   otherwise.
7. The spread *between patients* is no uncertainty of the mean. It never enters.

A number that is zero, true by definition, or whose row says a spread of zero (a relative scale, a port for a treatment)
has no width. The prior is cut off at the bounds that the tables declare for the number: a share between 0 and 1.
"""

from __future__ import annotations

import csv
import functools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from scipy.special import ndtr, ndtri

from charcot.core.bounds import Bounds
from charcot.core.errors import Problem, Where
from charcot.core.identifiers import did_you_mean
from charcot.evidence.library import Grade, Source, grades, sources

NARROW_FILE = Path(__file__).parent / "narrow.csv"
DEFINITION = "definition"  # a source that needs no paper: the number is true by definition
FLOOR = 0.5  # as if no more than four sources of the number's own grade could be independent
SECONDARY = ("review", "label", "model")


class Numbered(Protocol):
    """What :func:`prior` needs to know of a number; a row of the model's tables fits."""

    @property
    def name(self) -> str: ...
    @property
    def value(self) -> float: ...
    @property
    def spread(self) -> float: ...
    @property
    def sources(self) -> tuple[str, ...]: ...
    @property
    def grade(self) -> str: ...
    @property
    def bounds(self) -> Bounds: ...


@dataclass(frozen=True)
class Prior:
    """A log-normal distribution: ``median`` before it is cut off, ``log_spread`` (SD of ln value), cut off at
    ``bounds``; with the chance ``none`` the value is zero instead.

    ``sources`` are the independent sources that set the width; ``reason`` says in a sentence how it came about.
    """

    median: float
    log_spread: float
    bounds: Bounds
    sources: tuple[str, ...]
    reason: str
    none: float = 0.0

    def quantile(self, p: np.ndarray | float) -> np.ndarray:
        """Values below which a share ``p`` of the prior lies."""
        share = np.asarray(p, dtype=float)
        if self.none:
            rest = replace(self, none=0.0).quantile(np.clip((share - self.none) / (1 - self.none), 0.0, 1.0))
            return np.where(share <= self.none, 0.0, rest)
        if self.log_spread == 0 or self.median == 0:
            return np.full(share.shape, self.median)
        sign = math.copysign(1.0, self.median)
        share = share if sign > 0 else 1 - share
        low, high = self._ends()
        return np.asarray(self.median * np.exp(self.log_spread * ndtri(low + share * (high - low))))

    def _ends(self) -> tuple[float, float]:
        """The shares of the uncut distribution that lie below its lower and its upper end, away from zero."""
        ends = (self.bounds.lower, self.bounds.upper)
        low, high = ends if self.median > 0 else (-ends[1], -ends[0])
        size, width = abs(self.median), self.log_spread
        below = float(ndtr(math.log(low / size) / width)) if low > 0 else 0.0
        return below, float(ndtr(math.log(high / size) / width)) if math.isfinite(high) else 1.0

    def interval(self, share: float = 0.95) -> tuple[float, float]:
        """The central interval that holds ``share`` of the prior."""
        low, high = self.quantile(np.array([(1 - share) / 2, (1 + share) / 2]))
        return float(low), float(high)


def prior(
    number: Numbered,
    known_sources: Mapping[str, Source] | None = None,
    known_grades: Mapping[str, Grade] | None = None,
    narrow: Mapping[str, str] | None = None,
) -> Prior:
    """The prior of a number, by the rule that this module states."""
    belief = _of_size(number, known_sources, known_grades, narrow)
    none = float(getattr(number, "chance_of_none", 0.0))
    if not none:
        return belief
    return replace(belief, none=none, reason=f"{belief.reason}; with a chance of {none:g} there is no effect at all")


def _of_size(
    number: Numbered,
    known_sources: Mapping[str, Source] | None,
    known_grades: Mapping[str, Grade] | None,
    narrow: Mapping[str, str] | None,
) -> Prior:
    library = sources() if known_sources is None else known_sources
    table = grades() if known_grades is None else known_grades
    reasons = narrow_reasons() if narrow is None else narrow
    bounds = number.bounds
    if number.sources == (DEFINITION,):
        return Prior(number.value, 0.0, bounds, (), "true by definition")
    if number.value == 0:
        return Prior(0.0, 0.0, bounds, (), "zero: a switch, or a port for a treatment")
    if number.spread == 0:
        return Prior(number.value, 0.0, bounds, (), "fixed: its row says a spread of zero")
    grade = table[number.grade]
    giving = independent([library[key] for key in number.sources if key in library], table)
    widths = [max(grade.log_spread, table[source.grade].log_spread) for source in giving]
    width, reason = _from_grade(grade, widths, [source.key for source in giving])
    if number.spread > width:
        width, reason = number.spread, f"the row's own spread, wider than the {width:.2g} of {reason}"
    elif number.name in reasons and number.spread < width:
        width, reason = number.spread, f"the row's own spread: {reasons[number.name]} (else {width:.2g})"
    return Prior(number.value, width, bounds, tuple(source.key for source in giving), reason)


def _from_grade(grade: Grade, widths: Sequence[float], keys: Sequence[str]) -> tuple[float, str]:
    if len(widths) < 2:
        one = f", one source ({keys[0]})" if keys else ", no source gives its value"
        return (widths[0] if widths else grade.log_spread), f"grade {grade.letter}{one}"
    combined = 1 / math.sqrt(sum(1 / width**2 for width in widths))
    words = f"grade {grade.letter}, {len(widths)} independent sources ({', '.join(keys)})"
    floor = FLOOR * grade.log_spread
    return (combined, words) if combined > floor else (floor, f"{words}, at half the width of the grade: the floor")


def independent(found: Iterable[Source], table: Mapping[str, Grade] | None = None) -> list[Source]:
    """Of the sources in which a number was read, those that are independent of each other, best first."""
    known = grades() if table is None else table
    giving = [source for source in found if source.gives_a_number]
    primary = [source for source in giving if source.system not in SECONDARY]
    kept: list[Source] = []
    for source in sorted(primary or giving, key=lambda s: (known[s.grade].log_spread, s.key)):
        if all(shared(source, other) is None for other in kept):
            kept.append(source)
    return kept


_NO_NAMES = frozenset(
    [
        "and", "others", "the", "for", "name", "recalled", "author", "not", "named", "dossier", "review", "preprint",
        "table", "comment", "trial", "study", "laboratory",
    ]
)  # fmt: skip
_PAPER = re.compile(r"10\.\d{4,9}/\S+|PMC\d+|PMID ?\d+|NCT\d+|GSE\d+|BNID ?\d+", re.I)


def shared(a: Source, b: Source) -> str | None:
    """What keeps two sources from being independent: a paper, a record, an author; None when nothing does."""
    papers = {p.lower().rstrip(";") for p in _PAPER.findall(a.identifier)} & {
        p.lower().rstrip(";") for p in _PAPER.findall(b.identifier)
    }
    if papers:
        return f"the record {min(papers)}"
    names = authors(a) & authors(b)
    if names:
        return f"the author {min(names)}"
    return None


def authors(source: Source) -> frozenset[str]:
    """The surnames that a citation names before its year or its title."""
    head = re.split(r"\b(?:19|20)\d\d\b", source.citation)[0]
    if head == source.citation:  # no year: a label, a registry, an institution
        return frozenset()
    words = [word.strip(".,;()") for word in re.split(r"[\s,]+", head)]
    return frozenset(
        w for w in words if len(w) > 2 and w[0].isupper() and w.lower() not in _NO_NAMES and w != w.upper()
    )


@functools.cache
def narrow_reasons() -> Mapping[str, str]:
    """Number -> why its own spread, narrower than its grade's, is kept."""
    with NARROW_FILE.open(newline="", encoding="utf-8") as handle:
        return {row["number"]: row["reason"] for row in csv.DictReader(handle)}


def check_narrow(numbers: Iterable[Numbered]) -> list[Problem]:
    """Rows of ``narrow.csv`` that name no number, or that give no reason, or that narrow nothing."""
    known = {number.name: number for number in numbers}
    problems: list[Problem] = []
    with NARROW_FILE.open(newline="", encoding="utf-8") as handle:
        reader = csv.DictReader(handle)
        for row in reader:
            where = Where.of(NARROW_FILE.name, reader.line_num)
            if row["number"] not in known:
                problems.append(
                    Problem("unknown-number", f"there is no number {row['number']!r}", where,
                            did_you_mean(row["number"], known))
                )  # fmt: skip
            elif not row["reason"]:
                problems.append(Problem("no-reason", f"{row['number']} is narrowed without a reason", where))
    return problems
