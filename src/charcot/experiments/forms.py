"""The statistics that a measure of a cohort may ask for: which keys each takes, and what it is computed from."""

from __future__ import annotations

from dataclasses import dataclass

from charcot.patients.readings import DEATH, READ_BY, SCORE

# A statistic over a range of ages, from ``since`` to ``until``.
OVER_AGES = ("slope of incidence at onset",)
# Statistics of the law that persons are drawn from: nobody is simulated, and ``arm`` names one of what is said here.
OF_THE_LAW: dict[str, str] = {"lifetime risk": "genotype", "odds ratio of an exposure": "exposure"}


# How long after diagnosis a statistic of pairs looks where its measure does not say, in months.
OWN_MONTHS = {
    "hazard ratio": 18.0, "decline ratio": 9.0, "ratio to the other arm": 0.0, "responders": 12.0,
    "no decline in a year": 12.0,
}  # fmt: skip
# Statistics of an arm beside another one, untreated unless ``against`` names it.
OF_PAIRS = tuple(OWN_MONTHS)


@dataclass(frozen=True)
class Form:
    """Which keys of a measure a statistic takes beside ``arm``, and which of them it needs."""

    takes: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()


def _form(takes: str = "", needs: str = "") -> Form:
    return Form(frozenset((takes + " " + needs).split()), frozenset(needs.split()))


_VISITS = "since every recorded clock among"
_PERSON = _VISITS + " of months until carried"
# Statistics of a value of each person, whose window ends with what they look at.
OF_VALUES = ("mean", "standard deviation", "median", "quantile", "share of patients", "slope of a mixed model",
             "standard deviation of slopes of a mixed model")  # fmt: skip
MIXED = tuple(name for name in OF_VALUES if "mixed model" in name)  # each person has a slope in them
OF_TWO = ("correlation", "rank correlation")
SHARES = ("share of patients", "share with event")  # from 0 to 1
FORMS: dict[str, Form] = {
    "hazard ratio": _form("against months read since until clock among"),
    "decline ratio": _form("against months clock among"),
    "ratio to the other arm": _form("against months clock among", "read"),
    "hazard ratio per standard deviation": _form(needs="read"),
    "fast third over slow third": _form(needs="read"),
    "change by diagnosis": _form("months", "read"),
    "change before onset": _form(needs="read months"),
    "alive after diagnosis": _form("among", "months"),
    "responders": _form("against months clock among"),
    "no decline in a year": _form("against clock among"),
    "slope of incidence at onset": _form(needs="since until"),
    "carriers among the ill": _form(),
    "years that carriers fall ill earlier": _form(),
    "lifetime risk": _form(),
    "odds ratio of an exposure": _form(),
    "mean": _form(_PERSON, "read"),
    "standard deviation": _form(_PERSON, "read"),
    "median": _form(_PERSON, "read"),
    "quantile": _form(_PERSON, "read quantile"),
    "share of patients": _form(_PERSON + " above below", "read"),
    "slope of a mixed model": _form(_VISITS, "read until"),
    "standard deviation of slopes of a mixed model": _form(_VISITS, "read until"),
    "correlation": _form(needs="pair"),
    "rank correlation": _form(needs="pair"),
    "share with event": _form("event clock among", "months"),
    "median time": _form("event clock among"),
    "hazard ratio of groups": _form("event clock months", "among versus"),
}


def form_of(name: str) -> Form | None:
    """What a statistic asks of its measure; None for one that is unknown."""
    return FORMS.get(name) or (Form() if name in READ_BY else None)


def statistic_names() -> tuple[str, ...]:
    """The statistics that a measure may ask for."""
    return (*FORMS, *READ_BY)


# What each of these reads beside the read-out that a measure names; the cohort's own quantities are in READ_BY.
_READ_BY: dict[str, tuple[str, ...]] = {
    "hazard ratio": (DEATH,),
    "decline ratio": (SCORE,),
    "ratio to the other arm": (),
    "hazard ratio per standard deviation": (DEATH,),
    "fast third over slow third": (SCORE,),
    "change by diagnosis": (),
    "change before onset": (),
    "alive after diagnosis": (DEATH,),
    "responders": (SCORE,),
    "no decline in a year": (SCORE,),
    "slope of incidence at onset": (SCORE, "person.age"),
    "carriers among the ill": (SCORE,),
    "years that carriers fall ill earlier": (SCORE, "person.age"),
    "lifetime risk": (),  # of the law that a cohort is drawn from, no port
    "odds ratio of an exposure": (),
    **dict.fromkeys((*OF_VALUES, *OF_TWO), ()),
    **dict.fromkeys(("share with event", "median time", "hazard ratio of groups"), (DEATH,)),
}


def reads_of_statistic(name: str) -> tuple[str, ...]:
    """The ports that a statistic is computed from, beside the read-out that its measure names."""
    return _READ_BY[name] if name in _READ_BY else READ_BY[name]
