"""Row 6: estimation and identifiability."""
