"""What a protocol says about a whole population: its cohort, its background treatments and its arms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from charcot import treatments
from charcot.patients import Arm, PopulationJob
from charcot.trials.protocol import Protocol, Treatment
from charcot.trials.real_world import RealWorld


def population_of(
    protocol: Protocol, patients: int, seed: int | None = None, options: Mapping[str, Any] | None = None
) -> PopulationJob:
    """Everybody of a protocol's cohort in every arm, without screening or randomisation.

    Starts of treatments, which in a trial count from randomisation, count from diagnosis.

    Args:
        seed: the protocol's own by default.
        options: further attributes of :class:`PopulationJob`.
    """
    world = RealWorld()
    return PopulationJob(
        world.population(protocol.population.cohort, protocol.population.overrides),
        patients,
        protocol.simulate.seed if seed is None else seed,
        tuple(Arm(arm.id, tuple(_regimen(world, t) for t in arm.treatments)) for arm in protocol.arms),
        {product: share / 100 for product, share in protocol.population.background.items()},  # shares are in percent
        **(options or {}),
    )


def _regimen(world: RealWorld, treatment: Treatment) -> treatments.Regimen:
    stop = None if treatment.stop is None else f"{treatment.stop!r} days"
    return world.regimen(treatment.product, treatment.dose, f"{treatment.start!r} days", stop, treatment.schedule)
