"""Charcot: an executable, mechanistic model of amyotrophic lateral sclerosis."""

__version__ = "0.1.0"
