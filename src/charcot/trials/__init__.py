"""Row 5: trial protocols, screening, randomisation, visits, drop-out, analysis; past trials as data."""

from charcot.trials.loading import load_protocol, published_protocols, templates
from charcot.trials.outcome import Replicate, TrialOutcome
from charcot.trials.protocol import Protocol, protocol_schema
from charcot.trials.run import run_trial

__all__ = [
    "Protocol",
    "Replicate",
    "TrialOutcome",
    "load_protocol",
    "protocol_schema",
    "published_protocols",
    "run_trial",
    "templates",
]
