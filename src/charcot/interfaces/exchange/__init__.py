"""Models in and out in the formats of other tools: SBML."""
