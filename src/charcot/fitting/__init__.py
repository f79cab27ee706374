"""Row 6: estimation, identifiability, model comparison and forecasts; nothing is here yet."""
