"""The Trial screen's protocols: the form's or the user's own, as text, with all that is wrong or too much."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cache
from typing import Any

from charcot import __version__, trials
from charcot.core.errors import Problem, Problems, raise_if_any, readable
from charcot.core.hashing import hash_json, hash_text
from charcot.core.units import DAYS_PER_MONTH, DAYS_PER_WEEK
from charcot.interfaces import given_to_people
from charcot.interfaces.explorer import trial_shapes as made
from charcot.interfaces.explorer.jobs import LONGEST, MOST_WRONG
from charcot.interfaces.explorer.shapes import Choice, Wrong
from charcot.interfaces.explorer.trial_design import (
    Design,
    control_of,
    template_title,
    template_values,
    values_of,
    yaml_of,
)
from charcot.trials.estimands import ESTIMANDS
from charcot.trials.loading import read_protocol
from charcot.trials.protocol import Protocol

FILE = "protocol.yaml"  # how messages call the text
MOST_KEPT = 20  # protocols that were given as text
MOST_PATIENTS, MOST_ARMS, MOST_TREATMENTS = 300, 5, 20
MOST_SEEN = 15_000  # patients times visits
MOST_SCREENED = 5_000
MEASURE_TITLES = {
    "alsfrs_r": "ALSFRS-R",
    "vital_capacity": "Slow vital capacity",
    "nfl": "Serum neurofilament light",
    "survival": "Death or permanent ventilation",
    "function_and_survival": "Function and survival together",
}


class Texts:
    """The last few protocols that were given as text, in memory, by their hash."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, text: str) -> str:
        """Keep a text; returns its name."""
        name = hash_text(text, 16)
        with self._lock:
            self._texts[name] = text
            self._texts.move_to_end(name)
            while len(self._texts) > self._most:
                self._texts.popitem(last=False)
        return name

    def get(self, name: str) -> str:
        """Raises Problems where it is not kept any more."""
        with self._lock:
            found = self._texts.get(name)
        if found is None:
            hint = "Paste it again: the server keeps the last few, and none when it is started anew."
            raise Problems([Problem("no-text", "this protocol is not here any more", None, hint)])
        return found


@dataclass(frozen=True)
class Written:
    """A protocol as text: the form's, or the user's own."""

    text: str
    values: dict[str, str]
    own: bool

    def protocol(self) -> Protocol:
        """The protocol; raises Problems where it has any, or is too much for a click."""
        document, protocol, findings = read_protocol(self.text, FILE)
        problems = [Problem(f.code, f.message, document.where(f.path), f.hint) for f in findings]
        raise_if_any(problems, "this protocol cannot be simulated")
        assert protocol is not None  # without problems there is a protocol
        raise_if_any(too_much(protocol), "this trial is too much for a click")
        return protocol

    def hash(self, **more: Any) -> str:
        """A name for an answer, which changes with the model."""
        from charcot.patients import laboratory

        return hash_json({"text": self.text, **more, "version": __version__, "program": laboratory(treated=True).hash})


def written(design: Design) -> Written:
    return Written(yaml_of(design), values_of(design), own=False)


@cache
def choices(limits: made.TrialLimits) -> made.TrialChoices:
    """What the form offers."""
    rows = [
        made.EndpointChoice(name=name, title=one.title, measure=one.endpoint.measure) for name, one in ESTIMANDS.items()
    ]
    measures = list(dict.fromkeys(row.measure for row in rows))
    return made.TrialChoices(
        templates=[
            made.TrialTemplate(name=name, title=template_title(name), values=template_values(name))
            for name in trials.templates()
        ],
        measures=[
            Choice(name=name, title=MEASURE_TITLES.get(name, name.replace("_", " ").capitalize())) for name in measures
        ],
        endpoints=rows,
        limits=limits,
    )


def design(asked: Written) -> made.TrialDesign:
    """A protocol with everything that is wrong with it, each problem at its line and control.

    Raises:
        Problems: the text is no YAML, or out of bounds.
    """
    document, protocol, findings = read_protocol(asked.text, FILE)
    sound = protocol if not findings else None
    return made.TrialDesign(
        hash=hash_text(asked.text, 16),
        name=str(document.data.get("name", "protocol")) if sound is None else sound.name,
        own=asked.own,
        yaml=asked.text,
        values=asked.values,
        problems=[
            Wrong(
                code=f.code,
                message=readable(f.message, LONGEST),
                hint=readable(f.hint, LONGEST),
                line=document.where(f.path).line,
                control="" if asked.own else control_of(f.path),
            )
            for f in findings[:MOST_WRONG]
        ],
        too_much=[Wrong(code=p.code, message=p.message, hint=p.hint) for p in too_much(sound)] if sound else [],
        words=_counts(sound) if sound else "",
        given=given_to_people.given_in(sound) if sound else [],
    )


def _counts(protocol: Protocol) -> str:
    months = protocol.length / DAYS_PER_MONTH
    return (
        f"{len(protocol.arms)} arms, {protocol.size:,} patients, {len(protocol.visits)} visits, the last one in week "
        f"{protocol.length / DAYS_PER_WEEK:g} ({months:.1f} months)."
    )


def too_much(protocol: Protocol) -> list[Problem]:
    """What is more than a click simulates; such a trial is run by the command line."""
    hint = "Make it smaller, or save the protocol and run it: charcot trial FILE."
    asked, given = protocol.simulate, sum(len(arm.treatments) for arm in protocol.arms)
    found = {
        f"{protocol.size:,} patients are more than a click simulates ({MOST_PATIENTS})": protocol.size > MOST_PATIENTS,
        f"{len(protocol.arms)} arms are more than a click simulates ({MOST_ARMS})": len(protocol.arms) > MOST_ARMS,
        f"{protocol.size * len(protocol.visits):,} visits are more than a click simulates ({MOST_SEEN:,})":
            protocol.size * len(protocol.visits) > MOST_SEEN,
        f"{len(protocol.endpoints)} endpoints are more than a click analyses ({len(ESTIMANDS)})":
            len(protocol.endpoints) > len(ESTIMANDS),
        "permutations take longer than a click (analysis.permutations)": protocol.analysis.permutations > 0,
        f"a shared pool of {asked.screened_per_replicate:,} people is more than a click simulates ({MOST_SCREENED:,})":
            asked.pool == "shared" and asked.screened_per_replicate > MOST_SCREENED,
        f"{given:,} treatments are more than a click simulates ({MOST_TREATMENTS})": given > MOST_TREATMENTS,
    }  # fmt: skip
    return [Problem("too-much", message, None, hint) for message, true in found.items() if true]
