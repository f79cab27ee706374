"""The numerical engine: integrates ensembles of patients of one program, compiled for the machine at hand."""

from charcot.engine.ensemble import simulate
from charcot.engine.request import Stop
from charcot.engine.sensitivity import Sensitivities, sensitivities

__all__ = ["Sensitivities", "Stop", "sensitivities", "simulate"]
