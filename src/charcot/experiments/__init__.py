"""Row 5: published observations as data, and the model's own runs beside them."""
