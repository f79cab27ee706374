"""One's own cohort: its tables read with every bad row by name, a posterior for each patient, and forecasts."""
