"""Models and data of other tools: SBML in."""
