"""``charcot trial FILE --show 7``: one patient of the first simulated trial, visit by visit, as in the explorer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from charcot.core.errors import Problem, Problems, Where
from charcot.interfaces.cli import laboratory
from charcot.interfaces.cli.talk import Talk
from charcot.interfaces.report.content import say
from charcot.interfaces.report.names import sex_name

if TYPE_CHECKING:
    from rich.console import RenderableType

    from charcot.interfaces.explorer.trial_shapes import TrialPatient, TrialRun
    from charcot.patients import Assumed
    from charcot.trials import Protocol


def show_patient(talk: Talk, protocol: Protocol, place: int, workers: int, assumed: Assumed | None) -> None:
    """Simulate a protocol once and show the patient with this number, in the order of enrolment.

    Raises:
        Problems: there are fewer patients, or the trial cannot be filled.
    """
    if not 1 <= place <= protocol.size:
        hint = f"Patients are numbered in the order of enrolment, 1 to {protocol.size:,}."
        raise Problems([Problem("no-patient", f"no patient has the number {place:,}", Where("--show"), hint)])
    from charcot.interfaces.explorer.trial import seen

    with talk.stage(f"Simulating {protocol.name} once"):
        run = seen(laboratory.browse_trial(protocol, workers, assumed))
    patient = run.patients[place - 1]
    talk.show(*_page(run, patient))
    told = {"clock": run.clock, "months": run.months, "readouts": [one.model_dump() for one in run.readouts]}
    talk.data({"ok": True, **told, "patient": patient.model_dump(mode="json"), "given_to_people": run.key.given})


def _page(run: TrialRun, patient: TrialPatient) -> list[RenderableType]:
    arm = next(arm.title for arm in run.arms if arm.name == patient.arm)
    table = Table(title="What the visits recorded, and the true course behind", title_justify="left", box=None)
    table.add_column("Month", justify="right")
    for one in run.readouts:
        table.add_column(f"{one.title}, {one.unit}", justify="right")
        table.add_column("true", justify="right")
    for k, month in enumerate(run.months):
        values = [value for one in patient.seen for value in (one.recorded[k], one.true[k])]
        table.add_row(f"{month:.1f}", *("–" if value is None else say(value) for value in values))
    who = f"{sex_name(patient.sex)}, {patient.age:.0f} years, {patient.since_onset:.0f} months after onset"
    return [
        Text(f"Patient {patient.place} of {len(run.patients)} ({patient.subject}): {arm}. {patient.words}"),
        Text(
            f"{who}, {patient.site} onset, {patient.genotype}, background: {patient.background or 'none'}. "
            f"Months are {run.clock}."
        ),
        table,
        *(Text(line) for line in run.key.given),
    ]
