"""One's own model as an ensemble: a model file or a program, a table of parameter sets, doses; Parquet out.

``tables`` reads what the user wrote, ``job`` is the campaign, ``simulating`` runs it, ``results`` opens its folder.
"""

from charcot.interfaces.own_model.results import ModelRun, open_model_run
from charcot.interfaces.own_model.simulating import prepare, simulate_model

__all__ = ["ModelRun", "open_model_run", "prepare", "simulate_model"]
