"""``charcot``: the verbs and what is common to them. Each verb loads what it needs when it is called."""

from __future__ import annotations

import sys
import warnings
from typing import Annotated

import typer

from charcot import __version__
from charcot.core.errors import EXIT_BAD_INPUT, EXIT_CHECK_FAILED, EXIT_OK, CharcotWarning
from charcot.interfaces.cli import signals, streams
from charcot.interfaces.cli.check import check
from charcot.interfaces.cli.cohort import cohort_check
from charcot.interfaces.cli.cohort_runs import cohort_fit, cohort_forecast
from charcot.interfaces.cli.compare import compare
from charcot.interfaces.cli.demo import demo
from charcot.interfaces.cli.docs import docs
from charcot.interfaces.cli.doctor import doctor
from charcot.interfaces.cli.evidence import contradictions, gaps
from charcot.interfaces.cli.explain import explain
from charcot.interfaces.cli.explore import explore
from charcot.interfaces.cli.export import export
from charcot.interfaces.cli.fit import fit
from charcot.interfaces.cli.groups import PopulationGroup, PredictGroup, Verbs
from charcot.interfaces.cli.guard import guarded
from charcot.interfaces.cli.hindcast import hindcast
from charcot.interfaces.cli.init import init
from charcot.interfaces.cli.listing import names
from charcot.interfaces.cli.patient import patient
from charcot.interfaces.cli.population import population
from charcot.interfaces.cli.population_check import population_check
from charcot.interfaces.cli.population_fit import population_fit
from charcot.interfaces.cli.population_strata import population_strata
from charcot.interfaces.cli.power import power
from charcot.interfaces.cli.predict import list_predictions, predict, score
from charcot.interfaces.cli.reproduce import reproduce
from charcot.interfaces.cli.simulate import simulate
from charcot.interfaces.cli.sweep import sweep
from charcot.interfaces.cli.trial import run, trial

EPILOG = "Charcot is a research tool. It is no medical device and gives no medical advice."

app = typer.Typer(
    name="charcot",
    cls=Verbs,
    help="An executable model of amyotrophic lateral sclerosis, from molecule to trial.",
    epilog=EPILOG,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
VERBS = (
    demo, init, check, explore, patient, run, trial, power, hindcast, reproduce, sweep, compare, fit, simulate, explain,
    export, docs, doctor,
)  # fmt: skip
for verb in VERBS:
    app.command(epilog=EPILOG)(guarded(verb))

app.command("list", epilog=EPILOG)(guarded(names))

people = typer.Typer(
    name="population",
    cls=PopulationGroup,
    help="Simulate very many patients, or hold the shipped ones against published figures.",
)
people.command(PopulationGroup.USUAL, epilog=EPILOG)(guarded(population))
people.command("check", epilog=EPILOG)(guarded(population_check))
people.command("fit", epilog=EPILOG)(guarded(population_fit))
people.command("strata", epilog=EPILOG)(guarded(population_strata))
app.add_typer(people)

predictions = typer.Typer(
    name="predict", cls=PredictGroup, help="Predict trials that have not read out.", no_args_is_help=True
)
predictions.command(PredictGroup.USUAL, epilog=EPILOG)(guarded(predict))
predictions.command("list", epilog=EPILOG)(guarded(list_predictions))
predictions.command("score", epilog=EPILOG)(guarded(score))
app.add_typer(predictions)

own = typer.Typer(name="cohort", help="Your own patients: check their tables, fit, forecast.", no_args_is_help=True)
own.command("check", epilog=EPILOG)(guarded(cohort_check))
own.command("fit", epilog=EPILOG)(guarded(cohort_fit))
own.command("forecast", epilog=EPILOG)(guarded(cohort_forecast))
app.add_typer(own)

evidence = typer.Typer(name="evidence", help="What is disputed, and what to measure next.", no_args_is_help=True)
evidence.command(epilog=EPILOG)(guarded(gaps))
evidence.command(epilog=EPILOG)(guarded(contradictions))
app.add_typer(evidence)


@app.callback(invoke_without_command=True)
def common(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """An executable model of amyotrophic lateral sclerosis, from molecule to trial."""
    if version:
        typer.echo(__version__)
        raise typer.Exit(EXIT_OK)
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(EXIT_OK)


def main() -> None:
    """The entry point of the ``charcot`` command."""
    signals.listen()
    warnings.formatwarning = _plainly
    streams.protect()
    sys.exit(_ended())


def _ended() -> int:
    """Run the verb; its exit code, or that of words which did not reach a full disk."""
    try:
        app()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else EXIT_OK if end.code is None else EXIT_CHECK_FAILED
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        code = signals.exit_code()
    if signals.heard():
        return signals.exit_code()
    lost = streams.lost_output()
    if lost is not None:
        sys.stderr.write(f"What was to be printed could not be written ({lost.strerror}). Runs and files are kept.\n")
        return code or EXIT_BAD_INPUT
    return code


_with_place = warnings.formatwarning


def _plainly(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    """A warning that is meant for the user, without the line of our code at which it arose."""
    if issubclass(category, CharcotWarning):
        return f"{message}\n"
    return _with_place(message, category, filename, lineno, line)


if __name__ == "__main__":
    main()
