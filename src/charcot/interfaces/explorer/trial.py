"""One simulated trial of the Trial screen, patient by patient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from charcot.clinic.measurements import measurements
from charcot.core.errors import Problem, Problems
from charcot.core.units import DAYS_PER_MONTH
from charcot.fitting.layers import Open
from charcot.interfaces import given_to_people
from charcot.interfaces.explorer import trial_shapes as made
from charcot.interfaces.explorer.people import Tell
from charcot.interfaces.explorer.trial_protocol import MEASURE_TITLES, MOST_SCREENED, Written
from charcot.interfaces.report.compose import key_message
from charcot.interfaces.report.content import KeyMessage
from charcot.interfaces.report.gather import trial_view
from charcot.interfaces.report.layers import NOT_SHOWN
from charcot.interfaces.report.names import plain_unit
from charcot.interfaces.report.views import Material, records
from charcot.trials.browse import Browsed, browse
from charcot.trials.protocol import Protocol
from charcot.trials.real_world import RealWorld
from charcot.trials.trial_data import MEASURES

CLOCK = "months since randomisation"
TOTAL = "alsfrs_r"
OUTCOMES = {  # ADSL's word -> the page's, and what it says before the month
    "COMPLETED": ("completed", "Completed, last visit in month"),
    "DIED OR VENTILATED": ("died", "Died or needed permanent ventilation in month"),
    "WITHDREW": ("withdrew", "Left the trial in month"),
    "SIMULATION FAILED": ("failed", "The simulation failed"),
}


class Watched(RealWorld):
    """Charcot's rooms, with a word before each group of people: progress, and a chance to end."""

    def __init__(self, tell: Tell) -> None:
        super().__init__()
        self._tell, self._done = tell, 0

    def simulate(
        self,
        cohort: Any,
        regimens: Sequence[Sequence[Any]] | None,
        origins: np.ndarray | None,
        readouts: Sequence[str],
        workers: int,
        days: np.ndarray | None = None,
    ) -> Any:
        self._tell(self._done, 0)
        self._done += len(cohort.columns["id"])
        return super().simulate(cohort, regimens, origins, readouts, workers, days)


def run(asked: Written, tell: Tell) -> made.TrialRun:
    """One simulated trial of a protocol.

    Raises:
        Problems: it is wrong, larger than a click simulates, or cannot be filled.
    """
    protocol = asked.protocol()
    most = min(protocol.simulate.screened_per_replicate, MOST_SCREENED)
    bounded = protocol.simulate.model_copy(update={"screened_per_replicate": most})
    try:
        return seen(browse(protocol.model_copy(update={"simulate": bounded}), world=Watched(tell)))
    except Problems as error:
        if most == protocol.simulate.screened_per_replicate:
            raise
        hint = f"At a click {most:,} people are screened at most: widen a rule, or run charcot trial FILE."
        raise Problems([Problem(p.code, p.message, p.where, hint) for p in error.problems], error.title) from None


def seen(browsed: Browsed) -> made.TrialRun:
    """A browsed trial in the words and units of the page; ``charcot trial --show`` prints a patient of it."""
    protocol, first = browsed.outcome.protocol, browsed.outcome.flow["first"]
    return made.TrialRun(
        clock=CLOCK,
        key=_key(browsed),
        drawn=round(first["drawn"]),
        screened=round(first["screened"]),
        arms=[_arm(arm.id, arm.title or arm.id, first["arms"][arm.id]) for arm in protocol.arms],
        months=[day / DAYS_PER_MONTH for day in protocol.visits],
        readouts=_readouts(),
        patients=list(_patients(browsed)),
        left_out=[made.LeftOut(**row) for row in records(browsed.left_out)],
    )


def key_of(message: KeyMessage, protocol: Protocol) -> made.TrialKey:
    """A key message, and what was never given to people."""
    return made.TrialKey(
        question=message.question,
        answer=message.answer,
        interval=message.interval,
        model_risk=message.model_risk,
        given=given_to_people.given_in(protocol),
    )


def _key(browsed: Browsed) -> made.TrialKey:
    protocol = browsed.outcome.protocol
    found = Open(note=f"{NOT_SHOWN}, at a click ('charcot trial FILE --models' shows it)")
    view = trial_view(browsed.outcome, found)
    return key_of(key_message(Material(protocol.title, "One simulated trial", {}, trial=view)), protocol)


def _arm(name: str, title: str, count: dict[str, int]) -> made.ArmCount:
    return made.ArmCount(
        name=name,
        title=title,
        randomised=count["randomised"],
        completed=count["completed"],
        died=count["died_or_ventilated"],
        withdrew=count["withdrew"],
        failed=count["simulation_failed"],
    )


def _readouts() -> list[made.TrialReadout]:
    units = {TOTAL: "points", **{name: plain_unit(one.unit) for name, one in measurements().items()}}
    return [made.TrialReadout(name=name, title=MEASURE_TITLES[name], unit=units[name]) for name in MEASURES]


def _patients(browsed: Browsed) -> Iterator[made.TrialPatient]:
    conducted, latent = browsed.conducted, browsed.conducted.latent
    recorded = {TOTAL: conducted.followup.total, **conducted.followup.measured}
    true = {TOTAL: latent.items.sum(axis=2), **latent.measured}
    for place, (row, end) in enumerate(
        zip(records(browsed.outcome.tables["ADSL"]), conducted.followup.end, strict=True)
    ):
        outcome, words = OUTCOMES[row["EOSSTT"]]
        months = float(end) / DAYS_PER_MONTH
        yield made.TrialPatient(
            place=place + 1,
            subject=row["SUBJID"],
            arm=row["ARMCD"],
            age=row["AGE"],
            sex=row["SEX"],
            genotype=row["GENOTYPE"],
            site=row["ONSETREG"],
            background=row["BACKGRND"].replace("+", ", "),
            since_onset=row["ONSETMON"],
            visits=int(np.isfinite(recorded[TOTAL][place]).sum()),
            outcome=outcome,
            end=months,
            words=f"{words}." if outcome == "failed" else f"{words} {months:.1f}.",
            seen=[
                made.TrialSeen(readout=name, recorded=recorded[name][place].tolist(), true=true[name][place].tolist())
                for name in MEASURES
            ],
        )
