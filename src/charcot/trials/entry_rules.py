"""The entry rules of published trials, one row each (``entry_rules.csv``), as protocols with a single placebo arm.

What a row leaves out was not read. What is then the same for all trials, with its evidence, is in
``entry_assumptions.csv``: how long after diagnosis people come to screening, who takes riluzole, and how many leave.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from charcot.core.errors import Problem, Where, raise_if_any
from charcot.core.hashing import hash_files
from charcot.core.tables import Row, read_table
from charcot.core.units import DAYS_PER_MONTH
from charcot.core.yaml_file import Document
from charcot.trials.checks import find_problems
from charcot.trials.protocol import Protocol
from charcot.trials.world import World, real_world

FILE = Path(__file__).parent / "entry_rules.csv"
ASSUMED = Path(__file__).parent / "entry_assumptions.csv"
SHORT, STEP_SHORT, STEP_LONG = 27, 4, 12  # weeks: a trial up to so long has a visit every 4 weeks, others every 12
SIZE = 100  # patients of the arm; nobody counts them, since all who are eligible are followed
SEED = 11  # of screening days, recall and noise of visits

# Column -> the key of the protocol that it sets, and how its number is written.
_LIMITS: dict[str, tuple[tuple[str, ...], str]] = {
    "since_onset_min_months": (("eligibility", "time_since_onset", "min"), "{} months"),
    "since_onset_max_months": (("eligibility", "time_since_onset", "max"), "{} months"),
    "since_diagnosis_max_months": (("eligibility", "time_since_diagnosis", "max"), "{} months"),
    "vital_capacity_min_percent": (("eligibility", "vital_capacity", "min"), "{} %"),
    "vital_capacity_max_percent": (("eligibility", "vital_capacity", "max"), "{} %"),
    "age_min_years": (("eligibility", "age", "min"), "{} years"),
    "age_max_years": (("eligibility", "age", "max"), "{} years"),
    "every_item_min_points": (("eligibility", "every_item", "min"), "{} points"),
    "total_min_points": (("eligibility", "total_score", "min"), "{} points"),
    "total_max_points": (("eligibility", "total_score", "max"), "{} points"),
    "slope_min_points_per_month": (("eligibility", "slope_since_onset", "min"), "{} points/month"),
    "slope_max_points_per_month": (("eligibility", "slope_since_onset", "max"), "{} points/month"),
    "run_in_weeks": (("screening", "run_in", "duration"), "{} weeks"),
    "run_in_loss_min_points": (("screening", "run_in", "decline", "min"), "{} points"),
    "run_in_loss_max_points": (("screening", "run_in", "decline", "max"), "{} points"),
}
# Rules that no trial of the table has, for trials that bring their own.
_MORE: dict[str, tuple[tuple[str, ...], str]] = {
    "tricals_min": (("eligibility", "tricals", "min"), ""),
    "tricals_max": (("eligibility", "tricals", "max"), ""),
}
# What nearly every set of entry rules limits: age, time since onset or diagnosis, breathing, certainty of diagnosis.
KINDS = (
    ("age_min_years", "age_max_years"),
    ("since_onset_min_months", "since_onset_max_months", "since_diagnosis_max_months"),
    ("vital_capacity_min_percent", "vital_capacity_max_percent"),
    ("category",),
)
LEAST_KINDS = 3


@dataclass(frozen=True)
class EntryRules:
    """One set of entry rules.

    Attributes:
        cohort: the population from which people come; ``genotype``: the one that is asked for, or nothing.
        riluzole: share (0 to 1) who take it.
        protocol: the rules and the visits, with one arm without treatment.
        ruled: whether at least ``LEAST_KINDS`` of ``KINDS`` were read, so that the set is as whole as those whose
            exclusion was published (van Eijk 2019), and counts beside them.
    """

    name: str
    title: str
    sources: tuple[str, ...]
    cohort: str
    genotype: str
    riluzole: float
    protocol: Protocol
    ruled: bool
    where: Where


class _Assumption(Row):
    name: str
    value: float
    unit: str
    spread: float
    source: str
    grade: str
    note: str


@cache
def assumed() -> dict[str, float]:
    """What is assumed of all trials, by name, in the unit of the table; raises
    :class:`charcot.core.errors.Problems` with everything that is wrong with it."""
    problems: list[Problem] = []
    rows = read_table(ASSUMED, _Assumption, ("name",), problems)
    raise_if_any(problems, "what is assumed of all trials is not sound")
    return {row.name: row.value for row in rows}


@cache
def columns() -> tuple[str, ...]:
    """The rules that a trial can have: the columns of the table, and those that no trial of it has."""
    with FILE.open(newline="", encoding="utf-8") as handle:
        return (*next(csv.reader(handle)), *_MORE)


def rules_hash() -> str:
    """The hash of the rules, and of what is assumed where they say nothing."""
    return hash_files([FILE, ASSUMED])


@cache
def load_rules() -> dict[str, EntryRules]:
    """All sets by name; raises :class:`charcot.core.errors.Problems` with everything that is wrong with the table."""
    found: dict[str, EntryRules] = {}
    problems: list[Problem] = []
    world = real_world()
    with FILE.open(newline="", encoding="utf-8") as handle:
        reader = csv.DictReader(handle)
        for row in reader:
            where = Where.of(FILE.name, reader.line_num)
            if row["trial"] in found:
                problems.append(Problem("name-twice", f"two sets of rules are called {row['trial']!r}", where))
            rules, wrong = read_row(row, where, world)
            problems += wrong
            if rules is not None:
                found[rules.name] = rules
    raise_if_any(problems, "the entry rules of trials are not sound")
    return found


def read_row(row: Mapping[str, str], where: Where, world: World) -> tuple[EntryRules | None, list[Problem]]:
    """One row as rules, or what is wrong with it."""
    try:
        content = protocol_content(row)
    except (KeyError, ValueError) as error:
        return None, [Problem("bad-row", f"{row['trial']}: {error}", where)]
    protocol, problems = find_problems(Document(where.file, content), world)
    problems = [
        replace(problem, where=where, message=f"{row['trial']}: {problem.message}")
        for problem in problems
        if problem.code != "one-arm"  # nothing is compared here
    ]
    if protocol is None or problems:
        return None, problems
    kinds = sum(any(row.get(column) for column in columns) for columns in KINDS)
    return EntryRules(
        name=row["trial"],
        title=row["title"],
        sources=tuple(key.strip() for key in row["source"].split(";")),
        cohort=row["cohort"],
        genotype=row["genotype"],
        riluzole=float(row["riluzole_percent"] or assumed()["riluzole_percent"]) / 100,
        protocol=protocol,
        ruled=kinds >= LEAST_KINDS and row["mark"] != "assumed",
        where=where,
    ), []


def protocol_content(row: Mapping[str, str]) -> dict[str, Any]:
    """A row as the content of a protocol file."""
    same = assumed()
    riluzole = row["riluzole_percent"] or same["riluzole_percent"]
    withdrawal = row["withdrawal_percent_per_month"] or same["withdrawal_percent_per_month"]
    delay = {"median": f"{same['screening_delay_months']:g} months", "log_sd": same["screening_delay_log_sd"]}
    referral = {
        "until": f"{same['referral_until_years']:g} years",
        "falls_per_year": same["referral_falls_per_year"],
    }
    content: dict[str, Any] = {
        "schema": "charcot/protocol@1",
        "name": row["trial"],
        "title": row["title"],
        "population": {
            "cohort": row["cohort"],
            "background": {"riluzole": f"{riluzole} %"},
        },
        "screening": {"delay_after_diagnosis": delay, "referral": referral},
        "eligibility": {},
        "arms": [{"id": "placebo", "n": SIZE, "treatments": []}],
        "visits": visits(float(row["months"])),
        "dropout": {"hazard": f"{withdrawal} %/month"},
        "simulate": {"seed": SEED},
    }
    for column, (path, text) in (_LIMITS | _MORE).items():
        if row.get(column):
            node = content
            for key in path[:-1]:
                node = node.setdefault(key, {})
            node[path[-1]] = text.format(row[column]) if text else float(row[column])
    if row["category"]:
        content["eligibility"]["el_escorial"] = {"min": row["category"]}
    if row["japan_grade_max"]:
        content["eligibility"]["japan_grade"] = {"max": int(row["japan_grade_max"])}
    return content


def visits(months: float) -> list[str]:
    """Every 4 or 12 weeks, and on the last day."""
    last = months * DAYS_PER_MONTH
    step = 7 * (STEP_SHORT if last <= 7 * SHORT else STEP_LONG)
    days = [float(k * step) for k in range(int(last / step) + 1) if last - k * step > step / 2]
    return [f"{day:.6g} days" for day in [*days, last]]
