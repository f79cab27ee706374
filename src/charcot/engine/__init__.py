"""The numerical engine: integrates ensembles of patients of one program, compiled for the machine at hand."""

from charcot.engine.ensemble import simulate
from charcot.engine.request import Stop

__all__ = ["Stop", "simulate"]
