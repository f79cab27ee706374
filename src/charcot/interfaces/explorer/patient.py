"""One person untreated and treated: the answer that the pages and ``charcot patient --json`` share."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from charcot import treatments
from charcot.clinic.milestones import milestones
from charcot.core.units import DAYS_PER_YEAR
from charcot.disease import exposures
from charcot.interfaces.explorer import shapes
from charcot.interfaces.explorer.questions import MONTHS_BEFORE, Question
from charcot.interfaces.explorer.readouts import CLINIC, READOUTS, levels
from charcot.interfaces.report.names import plain_unit, readout_name
from charcot.model.ports import Port
from charcot.patients import Lives, definition, live
from charcot.patients.persons import lifetime_risks, odds_by_exposure

CLOCK = "months since the onset of the untreated course"


def patient(asked: Question) -> shapes.PatientRun:
    """Courses of function, markers and milestones in words; nothing of survival."""
    lives = live(asked.traits, asked.treatments, READOUTS)
    months = np.arange(-MONTHS_BEFORE, asked.months + 1, dtype=float)
    return shapes.PatientRun(
        hash=asked.hash(answer="patient"),
        clock=CLOCK,
        person=person(asked, lives),
        treatments=given(asked),
        not_eligible=bool(lives.treated is not None and lives.treated.not_eligible[0]),
        risk=_risk(asked),
        months=months.tolist(),
        diagnosis=float(lives.month_of(lives.untreated.diagnosis)[0]),
        series=[_series(lives, name, months) for name in CLINIC],
        milestones=list(_milestones(lives, asked.months)),
    )


def neuron(asked: Question) -> shapes.NeuronRun:
    """The levels of the drawing, from the seed on, in the region where disease begins."""
    lives = live(asked.traits, asked.treatments, READOUTS)
    months = np.arange(np.ceil(lives.month_of(np.zeros(1))[0]), asked.months + 1)
    region = asked.traits.site
    rows = []
    for level in levels():
        own = _series(lives, level.readout.format(r=region), months).model_dump()
        rows.append(
            shapes.LevelSeries(**{**own, "title": level.title}, part=level.part, healthy=level.healthy, ill=level.ill)
        )
    return shapes.NeuronRun(
        hash=asked.hash(answer="neuron"),
        clock=CLOCK,
        person=person(asked, lives),
        treatments=given(asked),
        region=region,
        months=months.tolist(),
        diagnosis=float(lives.month_of(lives.untreated.diagnosis)[0]),
        levels=rows,
    )


def person(asked: Question, lives: Lives) -> shapes.Person:
    traits = asked.traits
    seed = float(lives.cohort.columns["seed_age_years"][0])
    silent = float(lives.onset[0]) / DAYS_PER_YEAR
    return shapes.Person(
        genotype=traits.genotype,
        age_at_onset=seed + silent,
        site=traits.site,
        exposures=list(traits.exposures),
        seed=traits.seed,
        typical=traits.seed is None,
        age_at_seed=seed,
        silent_years=silent,
    )


def given(asked: Question) -> list[shapes.TreatmentGiven]:
    """What is given, each with a sentence on whether people ever were given it."""
    known = treatments.products()
    return [
        shapes.TreatmentGiven(
            product=one.product,
            title=known[one.product].title,
            dose=one.dose or known[one.product].default_dose,
            start=one.start,
            standing=treatments.standing_words([one.product]),
        )
        for one in asked.treatments
    ]


def _risk(asked: Question) -> shapes.Risk:
    share = dict(lifetime_risks(asked.traits))
    odds = {exposures()[name].title: ratio for name, ratio in odds_by_exposure(asked.traits)}
    return shapes.Risk(women=share["women"], men=share["men"], odds_ratios=odds)


def _port(readout: str) -> Port:
    known = definition().port
    return known[readout] if readout in known else known[readout.partition(".")[2]]


def title_of(readout: str) -> str:
    """A read-out in words: items of the ALSFRS-R by their own name."""
    item = readout.removeprefix("clinic.alsfrs_r.")
    if item != readout and item != "total":
        return _port(readout).title.partition(": ")[2].capitalize()
    name = readout_name(readout)
    return name[0].upper() + name[1:]


def unit_of(readout: str) -> str:
    return plain_unit(_port(readout).unit)


def _series(lives: Lives, readout: str, months: np.ndarray) -> shapes.Series:
    untreated, treated = (
        None if courses is None else lives.on_months(courses, readout, months)[0].tolist()
        for courses in (lives.untreated, lives.treated)
    )
    return shapes.Series(
        readout=readout, title=title_of(readout), unit=unit_of(readout), untreated=untreated or [], treated=treated
    )


def _milestones(lives: Lives, until: float) -> Iterator[shapes.MilestoneMonths]:
    for one in milestones():
        months = []
        for courses in (lives.untreated, lives.treated):
            if courses is None:
                months.append(np.nan)
                continue
            threshold = np.full((len(lives.cohort), 1), one.threshold)
            month = float(lives.month_of(courses.first_below(courses.result[one.readout], threshold))[0])
            months.append(month if month <= until else np.nan)
        yield shapes.MilestoneMonths(
            name=one.name,
            words=one.words,
            item=title_of(one.readout),
            score=one.score,
            untreated=months[0],
            treated=months[1],
        )
