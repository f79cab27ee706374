"""Onset as steps: who among people at risk is seeded, and at which age, by gene, sex and exposures.

A person who carries no mutation must take a **first step**: rare, at a constant rate, hastened by exposures. The other
steps are taken by **single neurons**, and the first neuron to take all of its own plants the seed. The two go on side
by side from birth; who has taken the first step is susceptible, and few susceptible people are left in old age. A
mutation has taken the first step, and some of the others, at birth.

Equation: share seeded by age t = [1 - exp(-r k t)] [1 - exp(-h (t / tau)^m)], r the rate of the first step, k the
product of what hastens it, m the steps of a neuron, tau the age at which one seed is expected, h the ratio of men.
The form with many neurons is that of Armitage and Doll; steps that single persons take would saturate, and exposures
that hasten a step of everybody who falls ill would have no odds ratio.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from charcot.disease.genotypes import Exposure, Genotype, exposures

AGES_PER_YEAR = 20  # fineness of the tabulated ages
NODES = 9  # products of exposures for which ages are tabulated; between them ages are interpolated
MEN_AT_RISK = 0.5  # share of men among people at risk


@dataclass(frozen=True)
class Mortality:
    """Death from other causes (Gompertz): rate (1/year) at a reference age (years), and doubling time (years)."""

    rate: float
    reference_age: float
    doubling_time: float

    def survival(self, ages: np.ndarray) -> np.ndarray:
        """Share alive at ``ages`` in years, from birth."""
        growth = np.log(2) / self.doubling_time
        at_birth = self.rate * np.exp(-self.reference_age * growth)
        return np.asarray(np.exp(-at_birth / growth * (np.exp(growth * ages) - 1)))


@dataclass(frozen=True)
class Process:
    """The numbers that all genotypes share.

    Attributes:
        first_rate: rate of the first step of an unexposed woman (1/year).
        men_first, men_neuron: how much faster the first step is in men, and how much more often neurons finish.
        silence: years from the seed to onset that count when it is asked who lives to fall ill.
        growth: by how much more people were born each year than in the year before (1/year).
        youngest, oldest: ages (years) between which disease is seeded.
    """

    first_rate: float
    men_first: float
    men_neuron: float
    silence: float
    growth: float
    youngest: float
    oldest: float
    mortality: Mortality

    def ages(self) -> np.ndarray:
        """(ages,) the grid of ages in years."""
        return np.linspace(self.youngest, self.oldest, 1 + int((self.oldest - self.youngest) * AGES_PER_YEAR))

    def alive_to_fall_ill(self, ages: np.ndarray) -> np.ndarray:
        """Share of people seeded at ``ages`` whom no other death takes in the silent years."""
        return self.mortality.survival(ages + self.silence)

    def weight(self, ages: np.ndarray) -> np.ndarray:
        """People of a calendar year seeded at ``ages`` who live to fall ill, over those born in that year."""
        return np.asarray(self.alive_to_fall_ill(ages) * np.exp(-self.growth * ages))


def seeded_by(ages: np.ndarray, genotype: Genotype, process: Process, male: bool, hastened: float = 1.0) -> np.ndarray:
    """Share of people seeded by ``ages`` (years) if nothing else kills; ``hastened``: by exposures, the first step."""
    ratio = process.men_neuron if male else 1.0
    neurons = -np.expm1(-ratio * (ages / genotype.seed_age_scale) ** genotype.neuron_steps)
    if not genotype.first_step:
        return np.asarray(neurons)
    rate = process.first_rate * hastened * (process.men_first if male else 1.0)
    return np.asarray(-np.expm1(-rate * ages) * neurons)


@dataclass(frozen=True)
class _Sex:
    """Patients of one sex: cumulative masses (nodes, ages) and, before each exposure is known, totals (nodes,)."""

    cumulative: np.ndarray
    totals: tuple[np.ndarray, ...]


class Patients:
    """The law of those who fall ill among people at risk with one genotype: their sex, exposures and ages at the seed.

    ``weigh``: what counts of a seed at an age, by default :meth:`Process.weight`; ``order``: the exposures.
    """

    def __init__(
        self,
        genotype: Genotype,
        process: Process,
        order: tuple[Exposure, ...] | None = None,
        weigh: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> None:
        self.exposures = tuple(exposures().values()) if order is None else order
        self.ages = process.ages()
        steps = np.log([exposure.odds_ratio for exposure in self.exposures])
        self.nodes = np.linspace(np.minimum(steps, 0).sum() - 1e-9, np.maximum(steps, 0).sum() + 1e-9, NODES)
        weights = (weigh or process.weight)((self.ages[1:] + self.ages[:-1]) / 2)
        self._sexes = {male: self._sex(genotype, process, male, weights) for male in (False, True)}

    def _sex(self, genotype: Genotype, process: Process, male: bool, weights: np.ndarray) -> _Sex:
        shares = np.stack([seeded_by(self.ages, genotype, process, male, float(np.exp(x))) for x in self.nodes])
        masses = np.diff(shares, axis=1) * weights
        cumulative = np.concatenate([np.zeros((NODES, 1)), np.cumsum(masses, axis=1)], axis=1)
        totals = [cumulative[:, -1]]
        for exposure in reversed(self.exposures):
            hastened = self._at(totals[0], self.nodes + np.log(exposure.odds_ratio))
            totals.insert(0, (1 - exposure.prevalence) * totals[0] + exposure.prevalence * hastened)
        return _Sex(cumulative, tuple(totals))

    def _at(self, totals: np.ndarray, hastened: np.ndarray | float) -> np.ndarray:
        """Totals at a product of exposures (natural logarithm), log-linear between nodes: cases follow the product."""
        return np.asarray(np.exp(np.interp(hastened, self.nodes, np.log(totals))))

    def risk(self, male: bool) -> float:
        """What a person of one sex weighs in all: with :meth:`Process.alive_to_fall_ill`, the lifetime risk."""
        return float(self._at(self._sexes[male].totals[0], 0.0))

    @property
    def men(self) -> float:
        """The share of men among patients."""
        men, women = MEN_AT_RISK * self.risk(True), (1 - MEN_AT_RISK) * self.risk(False)
        return men / (men + women)

    def share_exposed(self, place: int, male: bool, hastened: np.ndarray | float = 0.0) -> np.ndarray:
        """The share exposed to what stands at ``place`` among patients of one sex, ``hastened`` by those before it."""
        exposure, totals = self.exposures[place], self._sexes[male].totals
        ill = self._at(totals[place + 1], hastened + np.log(exposure.odds_ratio))
        return np.asarray(exposure.prevalence * ill / self._at(totals[place], hastened))

    def exposed(self, male: np.ndarray, draws: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """(patients,) who is exposed to what, from uniform ``draws`` by exposure: P(exposed | ill, those before)."""
        hastened = np.zeros(len(male))
        out: dict[str, np.ndarray] = {}
        for place, exposure in enumerate(self.exposures):
            step = float(np.log(exposure.odds_ratio))
            share = np.zeros(len(male))
            for sex in self._sexes:
                rows = male == sex
                share[rows] = self.share_exposed(place, sex, hastened[rows])
            out[exposure.name] = draws[exposure.name] < share
            hastened = hastened + step * out[exposure.name]
        return out

    def seed_ages(self, draws: np.ndarray, male: np.ndarray, exposed: Mapping[str, np.ndarray]) -> np.ndarray:
        """(patients,) ages in years at uniform ``draws``, by the inverse of the cumulative law of sex and exposures."""
        hastened = np.zeros(len(draws))
        for exposure in self.exposures:
            hastened += np.log(exposure.odds_ratio) * exposed[exposure.name]
        place = np.interp(hastened, self.nodes, np.arange(NODES))
        low = np.minimum(place.astype(int), NODES - 2)
        ages = np.zeros(len(draws))
        for sex, law in self._sexes.items():
            for node in range(NODES - 1):
                rows = (male == sex) & (low == node)
                between, own = place[rows] - node, draws[rows]
                ends = [np.interp(own, law.cumulative[k] / law.cumulative[k, -1], self.ages) for k in (node, node + 1)]
                ages[rows] = (1 - between) * ends[0] + between * ends[1]
        return ages


@functools.lru_cache(maxsize=64)
def patients_with(genotype: Genotype, process: Process) -> Patients:
    """The law of patients of a genotype, tabulated once."""
    return Patients(genotype, process)


def lifetime_risk(genotype: Genotype, process: Process, male: bool) -> float:
    """Share of people of a genotype who fall ill before another death takes them: the penetrance of a mutation."""
    return Patients(genotype, process, weigh=process.alive_to_fall_ill).risk(male)


def odds_ratio(exposure: Exposure, genotype: Genotype, process: Process) -> float:
    """Odds of the exposure among patients over those among people at risk, as a case-control study would find."""
    others = tuple(one for one in exposures().values() if one != exposure)
    law = Patients(genotype, process, order=(exposure, *others))
    among = float(law.men * law.share_exposed(0, True) + (1 - law.men) * law.share_exposed(0, False))
    return among / (1 - among) * (1 - exposure.prevalence) / exposure.prevalence
