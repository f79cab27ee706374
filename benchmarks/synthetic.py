"""A program of any size to measure the engine with: a motor system of regions and axon segments, dosed into a depot.

It is invented for measuring: its sizes, sparsity, stiffness and non-linearities are those of a mechanistic disease
model (transport along segments, Hill and Michaelis-Menten terms, seeded aggregation, cell loss, a drug in three
compartments), its numbers mean nothing.
"""

from __future__ import annotations

import numpy as np

from charcot.core.expression import Expression, maximum, select, sigmoid, symbol
from charcot.core.program import Input, Parameter, Program, Readout, State


class Maker:
    """Collects states and parameters."""

    def __init__(self) -> None:
        self.states: list[tuple[str, float, float]] = []
        self.rates: dict[str, Expression] = {}
        self.parameters: dict[str, float] = {}

    def p(self, name: str, value: float) -> Expression:
        self.parameters.setdefault(name, value)
        return symbol(name)

    def state(self, name: str, initial: float, scale: float = 1.0) -> Expression:
        self.states.append((name, initial, scale))
        return symbol(name)


def segment_rates(m: Maker, where: str, upstream: list[Expression], own: list[Expression], drug: Expression) -> None:
    """Five species of one axon segment: mRNA, protein, aggregate, energy, oxidative load."""
    rna, protein, aggregate, energy, load = own
    inflow = m.p("transport", 2.0) * (0.3 + 0.7 * energy)
    make = m.p("translate", 0.8) * rna * energy / (m.p("energy_half", 0.3) + energy)
    seed = m.p("seeding", 0.02) * protein * aggregate**2 / (m.p("seed_half", 0.2) ** 2 + aggregate**2)
    clear = m.p(f"clear.{where}", 0.05) * aggregate / (0.5 + aggregate)
    m.rates[f"{where}.rna"] = inflow * (upstream[0] - rna) - m.p("rna_decay", 0.5) * rna * (1 + load**1.7)
    m.rates[f"{where}.protein"] = inflow * (upstream[1] - protein) + make - m.p("turnover", 0.4) * protein - seed
    m.rates[f"{where}.aggregate"] = (
        seed
        + m.p("nucleation", 1e-5) * maximum(protein, 0.0) ** 2.5
        + m.p("spread", 0.01) * (upstream[2] - aggregate)
        - clear * (1 + m.p("effect", 2.0) * drug / (1.0 + drug))
    )
    m.rates[f"{where}.energy"] = m.p("supply", 5.0) * (1 - energy) - m.p("use", 1.0) * energy * (0.5 + load)
    m.rates[f"{where}.load"] = (
        m.p("stress", 0.3) * aggregate**2 / (0.1 + aggregate**2) * sigmoid(3 * (0.8 - energy))
        - m.p("repair", 0.5) * load
    )


def pool_rates(m: Maker, region: str, end: list[Expression], neighbours: list[Expression]) -> None:
    """Cells and glia of one region."""
    neurons, units, toxic, protective, aggregate = (
        m.state(f"{region}.{name}", value)
        for name, value in [("neurons", 1.0), ("units", 1.0), ("toxic", 0.0), ("protective", 0.0), ("soma", 0.0)]
    )
    sick = aggregate**2.5 / (m.p("soma_half", 0.5) ** 2.5 + aggregate**2.5)
    harm = 1 + 2 * toxic - protective / (1 + protective)
    m.rates[f"{region}.neurons"] = -m.p("death", 2e-3) * neurons * sick * harm
    m.rates[f"{region}.units"] = m.p("repair_units", 0.01) * (neurons - units) - m.p("retract", 4e-3) * units * end[2]
    m.rates[f"{region}.toxic"] = m.p("activate", 0.05) * sick * (1 - toxic) - m.p("calm", 0.02) * toxic
    m.rates[f"{region}.protective"] = m.p("protect", 0.04) * select(toxic, 0.5, 1.0, 0.2) - 0.05 * protective
    drift = sum(((n - aggregate) for n in neighbours), start=0.0 * aggregate)
    m.rates[f"{region}.soma"] = (
        m.p("soma_seed", 4e-4) * (0.02 + aggregate) * (1 - aggregate)
        + m.p(f"link.{region}", 1e-4) * drift
        + 1e-4 * end[2]
    )


def synthetic(regions: int = 4, segments: int = 6) -> Program:
    """A program of ``regions * (5 segments + 5) + 4`` states."""
    m = Maker()
    names = [f"region{r}" for r in range(regions)]
    depot, plasma, tissue = (m.state(f"drug.{name}", 0.0, 10.0) for name in ("depot", "plasma", "tissue"))
    hazard = m.state("hazard", 0.0)
    infusion = symbol("infusion")
    m.rates["drug.depot"] = -m.p("absorb", 3.0) * depot
    leaving = (m.p("eliminate", 0.5) + 1.0) * plasma
    m.rates["drug.plasma"] = m.p("absorb", 3.0) * depot + infusion - leaving + 0.2 * tissue
    m.rates["drug.tissue"] = plasma - 0.2 * tissue
    for name in names:
        upstream: list[Expression] = [m.p("soma_rna", 1.0), m.p("soma_protein", 1.0), symbol(f"{name}.soma")]
        for s in range(segments):
            where = f"{name}.segment{s}"
            initial = {"rna": 1.0, "protein": 1.0, "aggregate": 0.0, "energy": 0.8, "load": 0.0}
            own = [m.state(f"{where}.{species}", value) for species, value in initial.items()]
            segment_rates(m, where, upstream, own, tissue)
            upstream = own
        others = [symbol(f"{other}.soma") for other in names if other != name]
        pool_rates(m, name, upstream, others)
    lost = sum((1 - symbol(f"{name}.units") for name in names), start=0.0 * hazard)
    m.rates["hazard"] = m.p("hazard_rate", 1e-3) * sigmoid(4 * (lost - 0.5 * regions))
    states = tuple(
        State(n, "dimensionless", m.p(f"initial.{n}", value), m.rates[n], scale) for n, value, scale in m.states
    )
    readouts = tuple(Readout(f"{name}.score", "point", 48 * symbol(f"{name}.units") ** 1.5) for name in names)
    readouts += (Readout("hazard", "dimensionless", symbol("hazard")), Readout("plasma", "mg", plasma))
    parameters = tuple(Parameter(n, "dimensionless", v) for n, v in m.parameters.items())
    return Program(states, parameters, (Input("infusion", "mg/day"),), readouts, title="synthetic")


def patients(program: Program, n: int, seed: int = 1, spread: float = 0.25) -> np.ndarray:
    """Log-normal parameters, shape (n, parameters); initial values are left as they are."""
    table = program.parameter_table(n)
    varied = [i for i, name in enumerate(program.parameter_names) if not name.startswith("initial.")]
    noise = np.random.default_rng(seed).normal(0.0, spread, (n, len(varied)))
    table[:, varied] *= np.exp(noise)
    return table
