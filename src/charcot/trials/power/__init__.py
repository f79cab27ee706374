"""Operating characteristics of a design: power, type I error, bias and coverage over simulated trials."""
