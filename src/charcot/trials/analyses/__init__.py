"""The analyses that a protocol can name, one in each file; nothing lists them.

A file holds ``ANALYSIS``, an :class:`~charcot.trials.analysis_form.Analysis`. A new file is a new analysis: its
endpoints can then stand in protocols, its estimates in every table and report.
"""
