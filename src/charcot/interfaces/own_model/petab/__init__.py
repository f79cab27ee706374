"""PEtab problems: a model with conditions, observables and measurements, simulated and scored.

``sheets`` reads the tables, ``reading`` and ``checks`` make a sound problem of them or name everything that is wrong,
``entities`` and ``formulas`` join them to the model, ``scoring`` compares, ``job`` is the campaign, ``results`` what
it leaves.
"""

from charcot.interfaces.own_model.petab.reading import read_problem
from charcot.interfaces.own_model.petab.results import PetabRun, open_petab_run, prepare_petab, simulate_petab

__all__ = ["PetabRun", "open_petab_run", "prepare_petab", "read_problem", "simulate_petab"]
