"""SBML in: a model of Level 2 or 3 becomes a :class:`~charcot.core.program.Program`, or is refused by name.

``document`` reads and validates the file, ``refusals`` names what is not supported, ``mathematics`` turns MathML into
expressions, ``elements`` gathers what the file declares, ``quantities`` and ``events`` make expressions and triggers of
it, ``instants`` and ``watching`` see to it that a run steps over nothing, ``importing`` puts the program together.
"""

from charcot.interfaces.exchange.sbml.importing import Imported, read_sbml
from charcot.interfaces.exchange.sbml.refusals import Refusal

__all__ = ["Imported", "Refusal", "read_sbml"]
