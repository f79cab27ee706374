"""The doors to fits and rival hypotheses: every call of ``charcot fit`` and ``charcot compare`` goes through here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from charcot.core.errors import Problem
    from charcot.disease.hypotheses import Hypothesis
    from charcot.fitting.comparison import Comparison
    from charcot.fitting.estimation import FreeNumber
    from charcot.interfaces.record_shapes import StoredFit

Progress = Callable[[int], None]


def declared() -> list[str]:
    """The numbers that a fit moves unless told otherwise."""
    from charcot.fitting.numbers import declared as listed

    return list(listed())


def free_numbers(names: Sequence[str]) -> tuple[FreeNumber, ...]:
    """Numbers to fit, their priors where they stood before the stored fit."""
    from charcot.fitting.calibration import starts
    from charcot.fitting.numbers import free_numbers as find

    return find(names, starts())


def check_numbers(names: Sequence[str]) -> list[Problem]:
    """What is wrong with the names of numbers."""
    from charcot.core.errors import Problems
    from charcot.fitting.numbers import free_numbers as find

    try:
        find(names)
    except Problems as error:
        return list(error.problems)
    return []


def experiments(use: str) -> tuple[str, ...]:
    from charcot.fitting.targets import experiments as listed

    return listed(use)


def check_experiments(names: Sequence[str]) -> list[Problem]:
    from charcot.fitting.calibration import check_experiments as check

    return check(names)


def runs_of(free: int, rounds: int, profiles: bool = True) -> int:
    from charcot.fitting.calibration import runs_of as count

    return count(free, rounds, profiles)


def fit(
    free: Sequence[FreeNumber],
    names: Sequence[str],
    rounds: int,
    workers: int,
    progress: Progress,
    command: str,
    go_on: bool,
) -> StoredFit:
    """Fit numbers of the shipped model; the record that can be stored."""
    from charcot.fitting.calibration import PATIENTS, calibrate, record, where_it_ended
    from charcot.fitting.numbers import changed
    from charcot.fitting.targets import Laboratory

    with Laboratory(workers, PATIENTS) as laboratory:
        begin = where_it_ended(free) if go_on else None
        found = calibrate(free, names, changed, laboratory, rounds, progress, begin=begin)
        return cast("StoredFit", record(found, command, rounds, PATIENTS))


def fit_is_stored() -> bool:
    """Whether there is a fit of the shipped numbers to go on from."""
    from charcot.fitting.calibration import SHIPPED

    return SHIPPED.exists()


def store(stored: StoredFit, adopted: bool) -> None:
    """Keep a fit; where it is adopted, its values become those of the model."""
    from charcot.fitting.adoption import adopt
    from charcot.fitting.calibration import SHIPPED, write

    write(SHIPPED, {"adopted": adopted, **stored})
    if adopted:
        adopt({row["name"]: row["value"] for row in stored["numbers"] if row["value"] is not None})


def hypothesis_names() -> tuple[str, ...]:
    from charcot.disease.hypotheses import hypotheses

    return tuple(hypotheses())


def hypotheses() -> dict[str, Hypothesis]:
    from charcot.disease.hypotheses import hypotheses as listed

    return listed()


def check_comparison(
    names: Sequence[str], fitting: bool, board: Sequence[str] = (), candidates: Sequence[str] = ()
) -> list[Problem]:
    """What is wrong with a comparison; without a fit of its own it needs a stored one of each hypothesis."""
    from charcot.fitting.comparison import check_names, check_scope, unfitted

    return (check_names(names) or ([] if fitting else unfitted(names))) + check_scope(board, candidates)


def comparison_runs(names: Sequence[str], rounds: int, draws: int, fitting: bool) -> tuple[int, int]:
    """How many runs the fits take at most, and how many boards the comparison."""
    from charcot.disease.hypotheses import hypothesis
    from charcot.fitting.comparison import simulations
    from charcot.fitting.rivals import numbers_of

    fits = sum(runs_of(len(numbers_of(hypothesis(name))), rounds, False) for name in names) if fitting else 0
    return fits, simulations(len(names), draws)


def stored_fits(names: Sequence[str]) -> dict[str, StoredFit]:
    from charcot.disease.hypotheses import stored

    return {name: cast("StoredFit", fit) for name in names if (fit := stored(name)) is not None}


def outdated(stored: Mapping[str, StoredFit]) -> str:
    from charcot.fitting.comparison import outdated as words

    return words(stored)


def fit_rivals(
    names: Sequence[str],
    rounds: int,
    workers: int,
    progress: Progress,
    command: str,
    keep: bool,
    board: Sequence[str] = (),
) -> dict[str, StoredFit]:
    """Fit each hypothesis by the same procedure, and keep the fits if they are to be kept."""
    from charcot.disease.hypotheses import FITTED
    from charcot.fitting.calibration import record, write
    from charcot.fitting.comparison import PATIENTS, fit_rival
    from charcot.fitting.targets import Laboratory

    out: dict[str, StoredFit] = {}
    with Laboratory(workers, PATIENTS) as laboratory:
        for name in names:
            fitted = fit_rival(name, laboratory, rounds, progress, board)
            out[name] = cast("StoredFit", record(fitted, command, rounds, PATIENTS))
    if keep:  # all of them or none: fits that are compared must be of the same data
        for name, stored in out.items():
            write(FITTED / f"{name}.json", stored)
    return out


def compare(
    stored: Mapping[str, StoredFit],
    draws: int,
    seed: int,
    workers: int,
    progress: Progress,
    board: Sequence[str] = (),
    candidates: Sequence[str] = (),
) -> Comparison:
    from charcot.fitting.comparison import compare as run
    from charcot.fitting.targets import Laboratory

    with Laboratory(workers) as laboratory:
        return run(stored, laboratory, draws, seed, progress, board, candidates)
