"""After randomisation: what the visits record, who leaves, who dies, until when each patient is followed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from charcot.clinic.measurements import measurements
from charcot.clinic.observation import observe_all_items
from charcot.core.random import stream
from charcot.core.units import DAYS_PER_MONTH
from charcot.trials.pool import Latent
from charcot.trials.protocol import Dropout, Protocol, Withdrawal


@dataclass(frozen=True)
class FollowUp:
    """What the trial sees of its patients; days count from randomisation.

    Attributes:
        items: (patients, visits, 12); NaN when the visit did not take place.
        measured: by the name of the measurement, (patients, visits).
        end: (patients,) the last day of observation.
        died: (patients,) bool: death or permanent ventilation was observed on ``end``.
        withdrew: (patients,) bool: the patient left on ``end``.
    """

    items: np.ndarray
    measured: Mapping[str, np.ndarray]
    end: np.ndarray
    died: np.ndarray
    withdrew: np.ndarray

    @property
    def total(self) -> np.ndarray:
        """ALSFRS-R total, (patients, visits)."""
        return self.items.sum(axis=2)  # type: ignore[no-any-return]


def hazard_per_day(withdrawal: Withdrawal) -> float:
    """The constant hazard of leaving: h as given, or -ln(1 - share) / time."""
    if withdrawal.hazard is not None:
        return withdrawal.hazard / DAYS_PER_MONTH
    if withdrawal.share is not None and withdrawal.at is not None:
        return -math.log1p(-withdrawal.share / 100) / withdrawal.at  # shares are in percent
    return 0.0


def arm_hazards(dropout: Dropout, arms: list[str]) -> np.ndarray:
    """The hazard of leaving in each arm, 1/day, (arms,): the arm's own, or the common one."""
    return np.array([hazard_per_day(dropout.arms.get(arm, dropout)) for arm in arms])


def withdrawal_draws(seed: int, addresses: list[str]) -> np.ndarray:
    """(patients,) standard exponential draws, of which a hazard makes days. One for a patient, whatever the arm."""
    return np.array([stream(seed, address, "withdrawal").exponential() for address in addresses])


def withdrawal_days(hazards: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """The day on which each patient would leave, (patients,); inf at a hazard of 0."""
    with np.errstate(divide="ignore"):
        return np.where(hazards > 0, draws / hazards, np.inf)


@dataclass(frozen=True)
class Ending:
    """When and how the observation of each patient ends; (patients,) as in :class:`FollowUp`, ``absent`` (patients,
    visits): which visits do not take place."""

    end: np.ndarray
    died: np.ndarray
    withdrew: np.ndarray
    absent: np.ndarray


def endings(death: np.ndarray, leaving: np.ndarray, visits: np.ndarray) -> Ending:
    """``death``, ``leaving`` (patients,) and ``visits`` (visits,) in days from randomisation; inf when never."""
    length = visits[-1]
    end = np.minimum(np.minimum(death, leaving), length)
    died = death <= np.minimum(leaving, length)
    return Ending(end, died, (leaving < length) & ~died, visits[None, :] > end[:, None])


@dataclass(frozen=True)
class Recorded:
    """What the visits would record of everybody if nobody left: items (patients, visits, 12), what is
    measured by name (patients, visits); NaN after death."""

    items: np.ndarray
    measured: Mapping[str, np.ndarray]


def record(protocol: Protocol, latent: Latent, addresses: list[str], screened: np.ndarray | None = None) -> Recorded:
    """Ratings and measurements of true values at the visits; ``screened`` as in :func:`follow`."""
    seed = protocol.simulate.seed
    items = _items(protocol, latent, addresses, screened)
    measured = {}
    for name, measurement in measurements().items():
        measured[name] = np.empty_like(latent.measured[name])
        for i, address in enumerate(addresses):
            measured[name][i] = measurement.observe(latent.measured[name][i], seed, address, "visits")
    return Recorded(items, measured)


def follow(
    protocol: Protocol,
    latent: Latent,
    death: np.ndarray,
    arms: np.ndarray,
    addresses: list[str],
    screened: np.ndarray | None = None,
) -> FollowUp:
    """Observe every patient until death, withdrawal or the last visit.

    Args:
        latent: true values at the visits.
        death: (patients,) days from randomisation to death or permanent ventilation; inf when never.
        arms: (patients,) the arm of each patient.
        screened: (patients, 12) the items that screening recorded, from which the visits' ratings go on.
    """
    hazards = arm_hazards(protocol.dropout, [arm.id for arm in protocol.arms])[arms]
    leaving = withdrawal_days(hazards, withdrawal_draws(protocol.simulate.seed, addresses))
    seen = record(protocol, latent, addresses, screened)
    last = endings(death, leaving, np.array(protocol.visits))
    for values in (seen.items, *seen.measured.values()):
        values[last.absent] = np.nan
    return FollowUp(seen.items, seen.measured, last.end, last.died, last.withdrew)


def _items(protocol: Protocol, latent: Latent, addresses: list[str], screened: np.ndarray | None) -> np.ndarray:
    """(patients, visits, 12) recorded items. Without a run-in the first visit is that of screening."""
    seed = protocol.simulate.seed
    if screened is None or protocol.screening.run_in is not None:
        return observe_all_items(latent.items, seed, addresses, "visits", before=screened)
    later = observe_all_items(latent.items[:, 1:], seed, addresses, "visits", before=screened)
    return np.concatenate([screened[:, None], later], axis=1)
