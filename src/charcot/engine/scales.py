"""How large an error each state may have: from its scale, from the caller, or from the values that it reaches.

A step is accepted when the estimated local error of every state is at most relative x |state| + absolute. Where a
program does not know how large a state is (``scale=None``), nobody else does before the run: one that starts at zero
may reach 1e-20 mol or 1e6 cells. So the patient is run with a guess, which errs on the large side, and again where the
largest value that the state reached lies well below it, until the guess and the run agree. A guess that is far too
large lets a step jump to where no course goes, and end in numbers that are none: who fails is run with smaller ones.
Each patient has guesses of their own, so that nothing depends on who else is run.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from charcot.core.program import Program

RELATIVE_SCALE = 1e-3  # absolute tolerance = tolerance x this x scale
LARGEST_GUESS = 1.0  # so that numbers of molecules are followed to the last one
LOWERED = 0.1  # run again where a state stays below this share of its guessed scale
MOST_RUNS = 4
SMALLER = (1e-6, 1e-12, 1e-18, 1e-24)  # times the guess, for whom the guess ends in a failure
MOST_STEPS, LEAST_STEPS = 20, 5000  # of a run with lower scales: so many times the steps of the one before, and so many

Given = Mapping[str, "float | np.ndarray"] | np.ndarray


def tolerances_of(
    program: Program, initial: np.ndarray | None, patients: int, tolerance: float, given: Given | None
) -> tuple[np.ndarray, np.ndarray]:
    """The allowed errors at the beginning.

    Args:
        initial: (patients, states), read where a scale is unknown.
        tolerance: relative.
        given: absolute tolerances by the name of the state, or as (states,) or (patients, states).

    Returns:
        ((patients, 1 + states) the relative tolerance, then the absolute tolerance of each state; (states,) whether
        that is a guess).

    Raises:
        ValueError: for a tolerance that is not above zero, or a wrong shape.
        KeyError: for an unknown state.
    """
    scales = np.array([np.nan if state.scale is None else state.scale for state in program.states], dtype=float)
    guessed, own = np.isnan(scales), _given(program, patients, given)
    if own is not None:
        guessed &= np.isnan(own).all(axis=0)
    if not guessed.any() and own is None:
        row = tolerance * np.array([1.0, *(RELATIVE_SCALE * scales)])
        return np.broadcast_to(row, (patients, len(row))), guessed
    table = np.tile(scales, (patients, 1))
    if guessed.any() and initial is not None:
        table = np.where(np.isnan(table), _guess(initial), table)
    table *= RELATIVE_SCALE * tolerance
    if own is not None:
        table = np.where(np.isnan(own), table, own)
    return np.concatenate([np.full((patients, 1), tolerance), table], axis=1), guessed


def _guess(initial: np.ndarray) -> np.ndarray:
    """A state is as large as it begins, one that begins at zero as the smallest other, and none is larger than 1."""
    size = np.minimum(np.abs(initial), LARGEST_GUESS)
    size[~np.isfinite(size)] = LARGEST_GUESS
    least = np.min(np.where(size > 0.0, size, LARGEST_GUESS), axis=1, keepdims=True)
    guess: np.ndarray = np.where(size > 0.0, size, least)
    return guess


def _given(program: Program, patients: int, given: Given | None) -> np.ndarray | None:
    """(patients, states), NaN where nothing is given; None where nothing is given at all."""
    if given is None:
        return None
    shape = (patients, len(program.states))
    table = np.full(shape, np.nan)
    if isinstance(given, Mapping):
        for name, value in given.items():
            table[:, program.index("state", name)] = value
        wrong = [name for name in given if not _sound(table[:, program.index("state", name)])]
    else:
        values = np.asarray(given, dtype=float)
        if values.shape not in (shape, shape[1:]):
            raise ValueError(
                f"absolute_tolerances has shape {values.shape}; give numbers by the name of the state, or "
                f"({shape[1]},) for all patients, or ({shape[0]}, {shape[1]}) by patient."
            )
        table[:] = values
        wrong = [name for name, column in zip(program.state_names, table.T, strict=True) if not _sound(column)]
    if wrong:
        listed = ", ".join(wrong)
        raise ValueError(f"the absolute tolerances of {listed} must be finite and above zero, in the state's unit.")
    return table


def _sound(values: np.ndarray) -> bool:
    return bool((np.isfinite(values) & (values > 0.0)).all())


def lowered(tolerances: np.ndarray, guessed: np.ndarray, largest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """After a run: (whom to run again, (patients, 1 + states) with what tolerances).

    Args:
        largest: (patients, states) the largest size that each state had.
    """
    wanted = tolerances[:, :1] * RELATIVE_SCALE * largest
    low = guessed & (largest > 0.0) & (wanted < LOWERED * tolerances[:, 1:])
    new = np.array(tolerances)
    new[:, 1:] = np.where(low, wanted, tolerances[:, 1:])
    return np.flatnonzero(low.any(axis=1)), new


def smaller(tolerances: np.ndarray, guessed: np.ndarray, share: float) -> np.ndarray:
    """(patients, 1 + states): the tolerances with ``share`` of each guess."""
    new = np.array(tolerances)
    new[:, 1:] = np.where(guessed, share * tolerances[:, 1:], tolerances[:, 1:])
    return new
