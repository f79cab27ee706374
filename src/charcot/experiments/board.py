"""The board: every published experiment and every claim, run, scored and compared with what the board showed before."""

from __future__ import annotations

import csv
import functools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from charcot.core import pieces
from charcot.core.identifiers import did_you_mean
from charcot.disease.systems import system
from charcot.experiments import cohorts
from charcot.experiments.arms import SHIPPED, RunFailed, Trace, forget_traces, reads_of, trace
from charcot.experiments.cohorts import WORKERS, Group, failures_of, forget_courses, statistic_of
from charcot.experiments.definition import Arm, Claim, Conduct, Experiment, Measure, Outcome
from charcot.experiments.forms import SHARES
from charcot.experiments.formula import evaluate, why_no_number
from charcot.experiments.reading import FRESH_SETS, Entry, at_strength, entries
from charcot.experiments.strengths import ENDS
from charcot.patients import Assumed

BASELINE = Path(__file__).parent / "published" / "baseline.csv"
_TAKES: dict[str, Callable[[np.ndarray], float]] = {"highest": np.max, "lowest": np.min, "mean": np.mean}
GROUPS = ("calibration", "validation", "fresh", "negative_controls")
KINDS = ("size", "direction")  # of outcomes


@dataclass(frozen=True)
class Verdict:
    """One outcome beside its expectation. ``ends``: what comes out at the low and high end of strengths, if any;
    ``reason``: why ``simulated`` is no number, where it should be one."""

    outcome: Outcome
    simulated: float
    passed: bool
    ends: tuple[float, float] | None = None
    reason: str = ""


@dataclass(frozen=True)
class Curve:
    """One arm of a picture."""

    arm: str
    days: Sequence[float]
    values: Sequence[float]


@dataclass(frozen=True)
class Scored:
    """An experiment or claim with its verdicts. ``failure`` says why it could not be run at all; ``failed`` how many
    simulations failed and are in no statistic: arm of the cohort -> way -> patients. ``fresh``: which fresh set it is
    of, counted from one, or 0; ``outside``: it is of a file outside of the package, which is called ``file``."""

    name: str
    content: Experiment
    verdicts: tuple[Verdict, ...]
    curves: tuple[Curve, ...]
    failure: str = ""
    failed: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    fresh: int = 0
    outside: bool = False
    file: str = ""

    @property
    def title(self) -> str:
        """The title, with the name of a file outside of the package: copies of one file often keep its title."""
        return f"{self.content.title} ({self.file})" if self.file else self.content.title

    @property
    def passed(self) -> bool:
        return not self.failure and all(v.passed for v in self.verdicts)

    @property
    def group(self) -> str:
        """``claims``, or the group in which the experiment counts; what is fresh and for calibration counts there."""
        return "fresh" if self.fresh and self.content.use == "validation" else group_of(self.content)

    @property
    def verdict(self) -> str:
        """The words for it: hit or miss; for a claim reproduced, contradicted, hypothesis."""
        return verdict_of(self.content, self.passed)

    @property
    def why(self) -> str:
        """Why it misses, where that is known or said: it could not be run, has no number, or what its file says."""
        if self.passed:
            return ""
        none = dict.fromkeys(f"No number: {v.reason} ({v.outcome.what})." for v in self.verdicts if v.reason)
        return self.failure or " ".join([*none, *filter(None, [self.content.reason])])


def group_of(content: Experiment) -> str:
    """``claims``, or the group in which an experiment counts."""
    if isinstance(content, Claim):
        return "claims"
    return "negative_controls" if content.negative_control else content.use


def verdict_of(content: Experiment, passed: bool) -> str:
    """The words for a verdict: hit or miss; for a claim reproduced, contradicted, hypothesis."""
    if not isinstance(content, Claim):
        return "hit" if passed else "MISS"
    return content.standing if passed else "contradicted"


@dataclass(frozen=True)
class Board:
    """All that was run."""

    scored: tuple[Scored, ...]

    def counts(self) -> dict[str, dict[str, int]]:
        """``passed`` and ``total`` of each group; a negative control counts in its own group only."""
        out = {}
        for group in (*GROUPS, "claims"):
            members = [s for s in self.scored if s.group == group]
            out[group] = {"passed": sum(s.passed for s in members), "total": len(members)}
        return out

    def fresh_sets(self) -> list[dict[str, int]]:
        """``passed`` and ``total`` of each fresh set by itself, the first one first; :meth:`counts` has their sum."""
        members = [s for s in self.scored if s.group == "fresh"]
        of_set = [[s for s in members if s.fresh == number] for number in range(1, len(FRESH_SETS) + 1)]
        return [{"passed": sum(s.passed for s in own), "total": len(own)} for own in of_set]

    def kinds(self) -> dict[str, dict[str, int]]:
        """``met`` and ``total`` of the outcomes that are sizes and of those that are directions; those of experiments
        that could not be run are not met."""
        out = {kind: {"met": 0, "total": 0} for kind in KINDS}
        for scored in self.scored:
            passed = [v.passed for v in scored.verdicts] or [False] * len(scored.content.outcomes)
            for outcome, met in zip(scored.content.outcomes, passed, strict=False):
                out[outcome.kind]["met"] += met
                out[outcome.kind]["total"] += 1
        return out

    def as_first_registered(self) -> dict[str, int]:
        """Validation with the experiments that were moved to calibration counted as missed."""
        validation = self.counts()["validation"]
        moved = sum(bool(s.content.moved) for s in self.scored)
        return {"passed": validation["passed"], "total": validation["total"] + moved, "moved": moved}

    def lost(self) -> list[str]:
        """Experiments that the stored baseline has as passed and that are missed now, or are not there any more. Files
        outside of the package, whatever they are called, are none of them."""
        now = {s.name: s.passed for s in self.scored if not s.outside}
        known = entries()
        return [
            name
            for name, passed in baseline().items()
            if (name not in known and name not in now) or (passed and now.get(name) is False)
        ]


def baseline() -> dict[str, bool]:
    """Which experiments passed when the baseline was stored."""
    if not BASELINE.exists():
        return {}
    with BASELINE.open(newline="", encoding="utf-8") as handle:
        return {row["name"]: row["passed"] == "yes" for row in csv.DictReader(handle)}


def store_baseline(board: Board) -> None:
    """Make this board what later boards are compared with, without the fresh sets, which are compared with nothing."""
    with BASELINE.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(("name", "group", "passed"))
        for s in sorted((s for s in board.scored if not s.fresh), key=lambda s: s.name):
            writer.writerow((s.name, s.group, "yes" if s.passed else "no"))


def run_board(
    wanted: Iterable[str | Entry[Experiment]] = (), progress: Callable[[int], None] | None = None, workers: int = 1
) -> Board:
    """Run all of the board, or what is wanted: its own by name, others as they were read (the fresh set, files).

    An unknown name raises :class:`KeyError` with the nearest.
    """
    known = entries()
    chosen = list(wanted) or list(known)
    for name in chosen:
        if isinstance(name, str) and name not in known:
            raise KeyError(f"no experiment or claim is called {name!r}. {did_you_mean(name, known)}")
    WORKERS.set(workers)
    scored = []
    for entry in (known[one] if isinstance(one, str) else one for one in chosen):
        scored.append(pieces.piece("experiments", [entry.name, entry.outside], functools.partial(score, entry)))
        if progress:
            progress(1)
    return Board(tuple(scored))


def score(entry: Entry[Experiment], under: Assumed = SHIPPED, ends: bool = True) -> Scored:
    """Run one experiment; what cannot be run is a miss that says why. ``under``: what is changed in the model.

    ``ends``: with what comes out at both ends of its strengths too; the verdict is that of the middle.
    """
    file = Path(entry.document.file).name if entry.outside else ""
    of = functools.partial(Scored, entry.name, entry.content, fresh=entry.fresh, outside=bool(entry.outside), file=file)
    try:
        bench = Bench(entry.content, under)
        verdicts = tuple(bench.verdict(outcome) for outcome in entry.content.outcomes)
        if entry.content.strengths and ends:
            low, high = (Bench(at_strength(entry, level), under) for level in ENDS)
            between = [(low.verdict(v.outcome).simulated, high.verdict(v.outcome).simulated) for v in verdicts]
            verdicts = tuple(replace(v, ends=pair) for v, pair in zip(verdicts, between, strict=True))
        return of(verdicts, bench.curves(), failed=bench.failures())
    except Exception as error:  # whatever it is: one experiment does not stop the board, and the reason is shown
        return of((), (), f"{type(error).__name__}: {error}")


def forget() -> None:
    """Let go of the trajectories and courses that are kept."""
    forget_traces()
    forget_courses()


class Bench:
    """Runs the arms that the measures of one experiment ask for, each once."""

    def __init__(self, content: Conduct, under: Assumed = SHIPPED) -> None:
        self.content, self.under = content, under
        self.measured: dict[str, float] = {}
        self.traces: dict[str, Trace] = {}
        self.open: list[str] = []
        self.people = Group.of(content.cohort, content.measures, under) if content.cohort else None
        self.arms = {label: self._resolved(arm) for label, arm in content.arms.items()}
        self.reads = self._reads()

    def _resolved(self, arm: Arm) -> Arm:
        """The arm with all that it takes from the arm it is like."""
        if arm.like is None:
            return arm
        base = self._resolved(self.content.arms[arm.like])
        joined: dict[str, object] = {
            kind: {**getattr(base, kind), **getattr(arm, kind)} for kind in ("set", "multiply", "add", "scale", "input")
        }
        for kind in ("off", "changes", "given"):
            joined[kind] = (*getattr(base, kind), *getattr(arm, kind))
        for kind in ("system", "genotype", "end"):
            joined[kind] = getattr(arm, kind) if getattr(arm, kind) is not None else getattr(base, kind)
        joined["origin"] = arm.origin or base.origin
        return arm.model_copy(update={**joined, "like": None})

    def _reads(self) -> tuple[str, ...]:
        found = {read for m in self.content.measures.values() if not m.statistic for read in m.reads}
        for arm in self.arms.values():
            for mark in system(arm.system or self.content.system).landmarks.values():
                found |= reads_of(mark)
        if self.content.draw:
            found.add(self.content.draw.read)
        return tuple(sorted(found))

    def number(self, text: float | str) -> float:
        return evaluate(text, self.measure)

    def measure(self, name: str) -> float:
        """The value of a measure; measures that need each other in a ring are an error."""
        if name in self.measured:
            return self.measured[name]
        if name in self.open:
            raise ValueError(f"measures need each other: {' -> '.join([*self.open, name])}")
        self.open.append(name)
        self.measured[name] = self._measured(self.content.measures[name])
        self.open.pop()
        return self.measured[name]

    def _measured(self, m: Measure) -> float:
        if m.statistic:
            assert self.people is not None
            return statistic_of(self.people, m)
        run = self.trace(m.arm)
        if m.landmark:
            return run.landmark(m.landmark)
        assert m.read is not None
        if m.take:
            since = self.number(m.since) if m.since is not None else -math.inf
            until = self.number(m.until) if m.until is not None else math.inf
            values = run.window(m.read, since, until)
            if not len(values):
                raise ValueError(
                    f"no day of arm {m.arm!r} lies between {since:g} and {until:g}: its run is reported from day "
                    f"{run.days[0]:g} to {run.days[-1]:g}"
                )
            return float(_TAKES[m.take](values))
        if m.day is not None:
            return run.at(m.read, self.number(m.day))
        series = run.series(m.read)
        level = self.number(m.below if m.below is not None else m.above or 0.0)
        return run.crossing(series, level * series[0] if m.share else level, m.below is not None)

    def trace(self, label: str) -> Trace:
        """The trajectory of an arm; days that are formulas are resolved first."""
        if label not in self.traces:
            arm = self.arms[label]
            texts = [c.day for c in arm.changes if isinstance(c.day, str)]
            texts += [arm.origin] if isinstance(arm.origin, str) else []
            starts = {text: self.number(text) for text in texts}
            try:
                self.traces[label] = trace(arm, self.content.system, self.reads, starts, self.under)
            except RunFailed as error:
                raise RunFailed(f"arm {label!r}: {error}") from error
        return self.traces[label]

    def verdict(self, outcome: Outcome) -> Verdict:
        if outcome.absent or outcome.value is None:
            return Verdict(outcome, math.nan, False)
        value = self.number(outcome.value) * (100 if self._asks_for_percent(outcome) else 1)
        reason = why_no_number(outcome.value, self.measure, self._why_none) if math.isnan(value) else ""
        return Verdict(outcome, value, outcome.holds(value), reason=reason)

    def _asks_for_percent(self, outcome: Outcome) -> bool:
        """Whether an outcome is one share alone and is told in percent; a formula does its own arithmetic."""
        measure = self.content.measures.get(str(outcome.value))
        return outcome.unit == "%" and measure is not None and measure.statistic in SHARES

    def _why_none(self, name: str) -> str:
        """Why a measure has no value, where that is known."""
        m = self.content.measures[name]
        if m.statistic:
            assert self.people is not None
            return cohorts.why_no_number(self.people, m)
        if m.day is None:
            return ""
        day = self.number(m.day)
        if math.isnan(day):
            return why_no_number(m.day, self.measure, self._why_none)
        if math.isinf(day):
            return f"the day on which {name} is read never comes"
        days = self.trace(m.arm).days
        return f"day {day:g} is outside of the run of arm {m.arm!r}, from day {days[0]:g} to {days[-1]:g}"

    def failures(self) -> dict[str, dict[str, int]]:
        """How simulations of the cohort failed that were read so far: arm -> way -> patients."""
        if self.people is None:
            return {}
        read = [m for name in self.measured if (m := self.content.measures[name]).statistic]
        return failures_of(self.people, read)

    def curves(self) -> tuple[Curve, ...]:
        """What the picture of this experiment shows."""
        draw = self.content.draw
        if draw is None:
            return ()
        since = self.number(draw.since) if draw.since is not None else -math.inf
        until = self.number(draw.until) if draw.until is not None else math.inf
        out = []
        for label in draw.arms or tuple(self.content.arms):
            run = self.trace(label)
            chosen = (run.days >= since) & (run.days <= until)
            out.append(Curve(label, run.days[chosen].tolist(), run.values[draw.read][chosen].tolist()))
        return tuple(out)


def expectation(outcome: Outcome) -> str:
    """The accepted range in words."""
    if outcome.absent:
        return "not in the model"
    low, high = outcome.bounds
    if outcome.about is not None and outcome.within is not None:
        return f"{outcome.about:g} ± {outcome.within:g}"
    if not math.isfinite(low):
        return f"below {high:g}"
    return f"above {low:g}" if not math.isfinite(high) else f"{low:g} to {high:g}"


def reading_of(verdict: Verdict) -> str:
    """What the simulated value is: a number, something that never comes, or nothing that the model can tell."""
    if verdict.outcome.absent:
        return "absent"
    if math.isfinite(verdict.simulated):
        return "number"
    return "never" if verdict.simulated == math.inf else "none"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def record(scored: Scored) -> dict[str, object]:
    """One experiment for tools."""
    content = scored.content
    out: dict[str, object] = {
        "name": scored.name,
        "title": content.title,
        "group": scored.group,
        "fresh_set": scored.fresh,
        "use": content.use,
        "negative_control": content.negative_control,
        "moved": content.moved,
        "passed": scored.passed,
        "verdict": scored.verdict,
        "sources": list(content.sources),
        "dossier": content.dossier,
        "tolerance": content.tolerance,
        "miss": content.reason if not scored.passed else "",
        "failure": scored.failure,
        "failed_simulations": {arm: dict(ways) for arm, ways in scored.failed.items()},
        "outcomes": [
            {
                "what": v.outcome.what,
                "unit": v.outcome.unit,
                "published": v.outcome.published,
                "expected": expectation(v.outcome),
                "kind": v.outcome.kind,
                "simulated": _finite(v.simulated),
                "reading": reading_of(v),
                "reason": v.reason,
                "at_strengths": v.ends and {level: _finite(end) for level, end in zip(ENDS, v.ends, strict=True)},
                "passed": v.passed,
            }
            for v in scored.verdicts
        ],
    }
    if isinstance(content, Claim):
        out |= {"id": content.id, "claim": content.claim, "evidence": content.evidence, "strength": content.strength}
        out |= {"mechanism": content.mechanism, "not_testable": content.not_testable}
        out["contradicted_by"] = content.contradicted_by
    return out


def summary(board: Board) -> Mapping[str, dict[str, int]]:
    """The object with which ``charcot reproduce --json`` ends."""
    return board.counts()
