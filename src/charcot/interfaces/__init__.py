"""Row 7: every way in and out of Charcot (command line, report, run folders). No science lives here."""
