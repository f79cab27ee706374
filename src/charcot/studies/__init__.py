"""Studies: questions that are asked of the model by simulating it, beside no single published experiment."""
