"""The model's own facts, gathered from its libraries: what can be chosen, and all that is known of a mechanism."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from charcot import __version__, disease, evidence, patients, treatments
from charcot.core.expression import to_text
from charcot.core.identifiers import did_you_mean
from charcot.experiments import bearing
from charcot.experiments.reading import entries, fresh_names
from charcot.interfaces.explorer import shapes
from charcot.interfaces.explorer.questions import FEWEST_PERSONS, MOST_MONTHS, MOST_PERSONS, MOST_TREATMENTS
from charcot.interfaces.explorer.readouts import part_of, parts
from charcot.interfaces.pages import numbers_of, representatives
from charcot.interfaces.report.names import plain_unit
from charcot.model.definition import Written, trace
from charcot.model.mechanism import RATE, Mechanism
from charcot.model.ports import FREE, Number
from charcot.patients.explanation import cite, disputes
from charcot.patients.persons import OLDEST_ONSET, SITES, YOUNGEST
from charcot.studies.gaps import ENDPOINTS

NOTICE = "Charcot is a research tool. It is no medical device and gives no medical advice."
CANNOT = [
    "It cannot tell how your own illness will go. It describes virtual persons of a model, not you.",
    "It does not know your examination, your breathing tests, your blood, your wishes or your care.",
    "It was not validated for any decision about a person, and it misses published findings; the Evidence page shows "
    "which.",
    "People live longer and shorter than the middle of any group says; half of them outside the middle range.",
    "It counts time, not how good that time is. Your care team can talk with you about both.",
]
SIGNS = {"": "=", "sum": "+=", "product": "*="}


@cache
def written() -> tuple[Written, ...]:
    """What every mechanism writes."""
    return tuple(trace(patients.definition(), []))


@cache
def bearings() -> dict[str, tuple[bearing.Bearing, ...]]:
    """What bears on every mechanism; the first call takes seconds."""
    return bearing.bearings(patients.definition(), written())


@cache
def model() -> shapes.Model:
    """What the model is, and what can be asked of it."""
    whole = patients.definition()
    known = treatments.products()
    return shapes.Model(
        version=__version__,
        counts={
            "mechanisms": len(whole.mechanisms),
            "numbers": len(whole.numbers),
            "sources": len(evidence.sources()),
            "experiments and claims": len(entries()),
            "fresh experiments": len(fresh_names()),
            "treatments": len(known),
        },
        notice=NOTICE,
        cannot=CANNOT,
        endpoints=[shapes.Choice(name=name, title=one.title) for name, one in ENDPOINTS.items()],
        genotypes=[shapes.Choice(name=name, title=one.title) for name, one in disease.genotypes().items()],
        sites=[shapes.Choice(name=name, title=f"{SITES[name]} ({name})") for name in disease.REGIONS],
        exposures=[
            shapes.ExposureChoice(
                name=one.name,
                title=one.title,
                odds_ratio=one.odds_ratio,
                source=cite(one.source),
                grade=one.grade,
            )
            for one in disease.exposures().values()
        ],
        products=[
            shapes.ProductChoice(
                name=name,
                title=one.title,
                dose=one.default_dose,
                dose_unit=one.dose_unit,
                given_to_people=one.people.given,
                standing=treatments.standing_words([name]),
            )
            for name, one in known.items()
        ],
        parts=list(_parts()),
        limits=shapes.Limits(
            youngest=YOUNGEST,
            oldest=OLDEST_ONSET,
            most_persons=MOST_PERSONS,
            fewest_persons=FEWEST_PERSONS,
            most_months=MOST_MONTHS,
            most_treatments=MOST_TREATMENTS,
        ),
    )


def _parts() -> Iterator[shapes.PartLine]:
    lines: dict[str, list[shapes.MechanismLine]] = {part.name: [] for part in parts()}
    for one in patients.definition().mechanisms:
        lines[part_of(one)].append(shapes.MechanismLine(name=one.name, claim=one.claim, part=part_of(one)))
    for part in parts():
        yield shapes.PartLine(name=part.name, title=part.title, sentence=part.sentence, mechanisms=lines[part.name])


def mechanism(name: str) -> shapes.Mechanism:
    """All that is known of one mechanism; raises :class:`KeyError` with the nearest names."""
    whole = patients.definition()
    known = {one.name: one for one in whole.mechanisms}
    if name not in known:
        raise KeyError(f"no mechanism is called {name!r}. {did_you_mean(name, known)}")
    one = known[name]
    own = representatives(whole, [w for w in written() if w.mechanism is one])
    numbers = numbers_of(whole, own)
    return shapes.Mechanism(
        name=name,
        claim=one.claim,
        part=part_of(one),
        row=one.row,
        scope=one.scope,
        equation=_published(one),
        equations=[
            f"{RATE if item.is_rate else ''}{full} {SIGNS[item.port.combine]} {to_text(value, 40)}"
            for item, full, value in own
        ],
        numbers=[_number(row) for row in numbers],
        sources_for=[cite(key) for key in one.sources if key != FREE],
        sources_against=[cite(key) for key in one.against if key != FREE],
        disputes=[
            shapes.Dispute(
                key=d.key,
                claim=d.claim,
                counter_claim=d.counter_claim,
                sources_for=list(d.sources_for),
                sources_against=list(d.sources_against),
                selectable=list(d.selectable),
            )
            for d in disputes((name,), [row.name for row in numbers])
        ],
        experiments=_ties(bearings()[name]),
    )


def _published(one: Mechanism) -> str:
    """The equation as the docstring has it."""
    _head, found, rest = one.text.partition("Equation:")
    return " ".join(rest.split("\n\n")[0].split()) if found else ""


def _ties(found: Sequence[bearing.Bearing]) -> list[shapes.Tie]:
    return [
        shapes.Tie(
            name=b.name,
            title=b.content.title,
            use=b.use,
            how=b.how,
            through=list(b.through),
            verdict=b.verdict,
            passed=b.passed,
            reason="" if b.passed else b.content.reason,
        )
        for b in found
    ]


def _number(row: Number) -> shapes.NumberFact:
    belief = evidence.prior(row)
    low, high = belief.interval()
    fixed = not belief.log_spread
    return shapes.NumberFact(
        name=f"{row.name} [{row.index}]" if row.index else row.name,
        title=row.title,
        value=row.value,
        unit=plain_unit(row.unit),
        low=None if fixed else low,
        high=None if fixed else high,
        width=belief.log_spread,
        between_patients=row.between_patients,
        grade=row.grade,
        grade_meaning=evidence.grades()[row.grade].meaning,
        sources=[cite(key) for key in row.sources if key != FREE],
        prior_reason=belief.reason,
        note=row.note,
    )
