"""What a treatment gains in one person: by dose and start, in pairs, and until when. The numbers are those of
``charcot sweep`` (:mod:`charcot.studies.window`)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from charcot import treatments
from charcot.core.errors import Problem, raise_if_any
from charcot.interfaces.explorer import treatment_shapes as made
from charcot.interfaces.explorer.people import Tell
from charcot.interfaces.explorer.treatment_questions import CLOCK, SHARE, gained_of, mark, notes_of, too_large
from charcot.interfaces.report.content import say
from charcot.interfaces.report.gain_words import NEVER_GIVEN, OUTSIDE, lost, spoken, untried, when
from charcot.interfaces.report.views import records
from charcot.studies import window

# Of what someone has who never falls ill, what the solver's tolerance may leave of no gain at all (0.02 points).
NOTHING = 5e-4
ABOUT = 0.1  # of the sum of two parts: within this a pair gains about the sum
MORE, LESS, AS_MUCH = "more than", "less than", "about"

Row = Mapping[str, Any]


def window_of(plan: window.Plan, usual: bool, tell: Tell) -> made.Window:
    """The gain of one product by dose and start, and until when there is something to gain.

    ``usual``: the doses were not asked for, so that those which are too large are told of.
    """
    found = window.sweep(plan, 1, _progress(plan, tell))
    product = treatments.products()[plan.products[0]]
    rows = records(found.cells[found.cells["endpoint"] == plan.endpoint])
    by_place = {(int(row["dose_level"]), float(row["start_years"])): row for row in rows}
    doses = [_dose(by_place[level, plan.starts[0]]) for level in range(len(plan.levels(product.name)))]
    best = _best(rows)
    helps = float(best["benefit"]) > NOTHING * window.ceiling(plan, plan.endpoint)
    closing = [_closing(row) for row in records(found.no_return[found.no_return["endpoint"] == plan.endpoint])]
    left_out = too_large(product.name) if usual else []
    notes = [
        *notes_of(plan),
        *(
            [f"Above the largest dose that the model takes, and left out: {spoken(', '.join(left_out))}."]
            if left_out
            else []
        ),
        *found.notes,
        *(f"{count} simulations failed: {reason}." for reason, count in found.failures.items()),
    ]
    return made.Window(
        hash=mark(plan, "window", usual=usual),
        clock=CLOCK,
        product=product.name,
        title=product.title,
        standing=treatments.standing_words([product.name]),
        gained=gained_of(plan),
        untreated=float(rows[0]["untreated"]),
        doses=doses,
        starts=list(plan.starts),
        gains=[[by_place[level, start]["benefit"] for start in plan.starts] for level in range(len(doses))],
        finding=_finding(plan, product.title, rows, helps),
        helps=helps,
        closing=closing,
        closing_words=list(_closing_words(plan, product.title, best, helps, closing)),
        notes=notes,
    )


def pairs_of(plan: window.Plan, tell: Tell) -> made.Pairs:
    """Every pair of the plan's products beside its parts, at usual doses and from one start on."""
    found = window.sweep(plan, 1, _progress(plan, tell))
    start = plan.starts[0]
    beside = {row["pair"]: row for row in records(found.interactions) if row["endpoint"] == plan.endpoint}
    cells = [row for row in records(found.cells) if row["endpoint"] == plan.endpoint]
    names = [(one, " + ".join(one)) for one in itertools.combinations(plan.products, 2)]
    return made.Pairs(
        hash=mark(plan, "pairs"),
        clock=CLOCK,
        gained=gained_of(plan),
        start=start,
        start_words=when(start),
        untreated=float(cells[0]["untreated"]),
        pairs=[_pair(plan, one, beside[name]) for one, name in names],
        about=f"About the sum: within {100 * ABOUT:.0f} % of it. Bliss, in the table: each part alone leaves a share "
        "of what is lost, and together they are expected to leave the product of the shares.",
        notes=[*notes_of(plan), *found.notes],
    )


def _progress(plan: window.Plan, tell: Tell) -> Callable[[int], None]:
    """How many of the plan's simulations are done; the bound on them is at most what is simulated."""
    total, done = window.simulations(plan), 0

    def progress(count: int) -> None:
        nonlocal done
        done = min(done + count, total)
        tell(done, total)

    tell(0, total)
    return progress


def _dose(row: Row) -> made.DoseLine:
    standing = "never" if row["never_given"] else "outside" if row["beyond_studied"] else "given"
    words = {"never": NEVER_GIVEN, "outside": OUTSIDE, "given": ""}[standing]
    return made.DoseLine(
        multiple=float(row["dose_multiple"]), dose=spoken(str(row["dose"])), standing=standing, words=words
    )


def _best(rows: Sequence[Row]) -> Row:
    known = [row for row in rows if row["benefit"] == row["benefit"]]
    hint = "Choose another person, another dose or another start."
    raise_if_any([] if known else [Problem("failed", "every simulation of this treatment failed", None, hint)])
    return max(known, key=lambda row: float(row["benefit"]))


def _amount(plan: window.Plan, value: float) -> str:
    unit = gained_of(plan).unit
    return f"a share of {say(value)}" if unit == SHARE else f"{say(value)} {unit}"


def _finding(plan: window.Plan, title: str, rows: Sequence[Row], helps: bool) -> str:
    """The key sentence: what gains most, whether anybody was ever given it, and else what gains most of what was."""
    best = _best(rows)
    never = f" ({NEVER_GIVEN})" if best["never_given"] else ""
    if not helps:
        return f"{title}{never} gains nothing in this person{_read(plan)}, at any dose and start looked at."
    beyond = "" if never else untried(best)
    said = f"{title}{never} gains most at {_place(best)[0]}{beyond}, started {_place(best)[1]}: "
    given = [row for row in rows if not row["beyond_studied"]]
    less = ""
    if beyond and given:
        dose, start = _place(_best(given))
        amount = _amount(plan, float(_best(given)["benefit"]))
        less = f" Of the doses that people were given {dose} gains most, started {start}: {amount}."
    return f"{said}{_amount(plan, float(best['benefit']))}{_read(plan)}.{less}"


def _read(plan: window.Plan) -> str:
    """When it is read; time is not read at one moment."""
    return f" at {say(plan.at_months)} months after onset" if plan.while_alive else ""


def _place(row: Row) -> tuple[str, str]:
    """The dose and the start of a cell, in words."""
    return _dose(row).dose, when(float(row["start_years"]))


def _closing(row: Row) -> made.Closing:
    half, closed = float(row["half_closed_years"]), float(row["closed_years"])
    return made.Closing(
        what=str(row["what"]),
        dose=spoken(str(row["dose"])),
        ideal=row["kind"] == "rescue",
        best=row["best_benefit"],
        best_start=row["best_start_years"],
        half_lost=half,
        half_words=lost(half),
        lost=closed,
        lost_words=lost(closed),
    )


def _closing_words(
    plan: window.Plan, title: str, best: Row, helps: bool, closing: Sequence[made.Closing]
) -> Iterator[str]:
    own = next(one for one in closing if not one.ideal)
    perfect = next(one for one in closing if one.ideal)
    if helps and own.best is not None and own.best_start is not None:
        never = f" ({NEVER_GIVEN})" if best["never_given"] else ""
        yield (
            f"{title}{never}, {own.dose}, gains most when it is started {when(own.best_start)}: "
            f"{_amount(plan, own.best)}. {_kept(own)}"
        )
    else:
        yield f"{title} gains nothing here, so that there is no time of no return to tell."
    if perfect.best is not None:
        yield (
            "An ideal rescue, which undoes every layer of the disease from its start on as no drug could, gains "
            f"{_amount(plan, perfect.best)}: no treatment can gain more. {_kept(perfect)}"
        )
    if plan.endpoint == "survival":
        yield f"Follow-up ends {say(plan.follow_up_years)} years after onset: no gain is longer than it shows."
    else:
        yield (
            f"What is read {say(plan.at_months)} months after onset closes for a second reason: a late start leaves "
            "little time to gain in."
        )


def _kept(one: made.Closing) -> str:
    """Until when half of the best gain, and a tenth of it, can still be had."""
    if one.half_lost is None:
        return f"Half of this is {one.half_words}."
    rest = f"nine tenths are {one.lost_words}" if one.lost is not None else f"a tenth is {one.lost_words}"
    return f"Half of this is {one.half_words}; {rest}."


def _pair(plan: window.Plan, names: tuple[str, str], row: Row) -> made.Pair:
    known = treatments.products()
    first, second = (known[name] for name in names)
    together, added = float(row["both"]), float(row["added"])
    beside = _beside(together, added, NOTHING * window.ceiling(plan, plan.endpoint))
    never = ", ".join(known[name].title for name in treatments.never_given(names))
    return made.Pair(
        first=first.title,
        second=second.title,
        first_dose=first.default_dose,
        second_dose=second.default_dose,
        never_given=never,
        gain_first=row["first"],
        gain_second=row["second"],
        together=together,
        added=added,
        bliss=row["bliss"],
        beside=beside,
        finding=f"{first.title} and {second.title} gain {_amount(plan, together)} together{_read(plan)}: {beside} the "
        f"sum of {say(float(row['first']))} and {say(float(row['second']))} alone."
        + (f" {NEVER_GIVEN.capitalize()}: {never}." if never else ""),
    )


def _beside(together: float, added: float, nothing: float) -> str:
    """Whether a pair gains more than, about or less than the sum of its parts; ``nothing`` is no difference at all."""
    slack = max(ABOUT * abs(added), nothing)
    return MORE if together > added + slack else LESS if together < added - slack else AS_MUCH
