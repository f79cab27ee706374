"""The hindcast board: every past trial simulated by its own rules, and what was published beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from charcot.core.errors import Problem, Problems
from charcot.core.identifiers import did_you_mean
from charcot.patients import load_population
from charcot.patients.assumptions import Assumed
from charcot.patients.people import Store, simulate_people
from charcot.trials.placebo_arms import Arm, arm_of
from charcot.trials.record import effects, files, placebo, why
from charcot.trials.record.discrepancy import Discrepancy
from charcot.trials.record.files import Effect, Past, Trial
from charcot.trials.record.forecast import open_effect
from charcot.trials.record.placebo import Predicted, Totals
from charcot.trials.record.predictive import Mixture
from charcot.trials.record.twins import Twins
from charcot.trials.world import real_world

# Twice as many as of populations: of 2,000 a trial with narrow rules lets in so few that Monte-Carlo error widens its
# predictive distribution.
PATIENTS, SEED, FEWEST = 4000, 11, 100
MAIN, SHARES = "incident", {"sod1": 0.2}  # of the patients of the main population, how many are simulated of another
OTHERS = 0.1
Progress = Callable[[int], None]


@dataclass(frozen=True)
class EffectFound:
    """A drug's published effect and what was predicted of it.

    Attributes:
        simulated, monte_carlo: at the shipped numbers of the product.
        model: of the published figure: a part for each draw of the product's numbers.
        open_sd: SD of the effect over these draws.
    """

    trial: str
    published: Effect
    simulated: float
    monte_carlo: float
    model: Mixture
    open_sd: float
    people: int

    @property
    def hit(self) -> bool:
        return self.model.holds(self.published.value)


@dataclass(frozen=True)
class Row:
    """One trial of the board."""

    trial: Trial
    people: int
    figures: tuple[Predicted, ...]
    effect: EffectFound | None
    cause: why.Cause | None

    @property
    def content(self) -> Past:
        assert isinstance(self.trial.content, Past)
        return self.trial.content


@dataclass(frozen=True)
class Board:
    """All trials that were asked for."""

    rows: tuple[Row, ...]
    patients: int
    seed: int
    failed: int

    @property
    def figures(self) -> tuple[Predicted, ...]:
        return tuple(figure for row in self.rows for figure in row.figures)

    @property
    def main(self) -> tuple[Predicted, ...]:
        return placebo.main_figures(self.figures)

    @property
    def placebo(self) -> Totals:
        """One figure for each trial."""
        return placebo.totals(self.main)

    def by_quantity(self) -> dict[str, Totals]:
        """All figures of each quantity, and those on which no number may have been set."""
        found: dict[str, list[Predicted]] = {
            q: [p for p in self.figures if p.figure.quantity == q] for q in files.READ_AS.values()
        }
        found["validation"] = [p for p in self.figures if p.figure.kind == "validation"]
        return {name: placebo.totals(some) for name, some in found.items() if some}

    @property
    def misses(self) -> dict[str, Discrepancy]:
        """How far the model missed each quantity, for trials that are not of the record yet."""
        return placebo.misses(self.figures)

    @property
    def effects(self) -> tuple[EffectFound, ...]:
        return tuple(row.effect for row in self.rows if row.effect is not None)

    @property
    def passed(self) -> bool:
        """Enough trials, enough of them inside, and a smaller CRPS than that of both rivals."""
        chosen, found = files.choices(), self.placebo
        enough = len(self.rows) >= chosen.least_trials and found.inside >= chosen.least_inside * found.total
        return enough and found.beats_both


def wanted(names: Sequence[str]) -> dict[str, Trial]:
    """The trials that are meant; all without names. Raises :class:`Problems` for unknown ones."""
    known = files.past()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise Problems(
            [
                Problem("unknown-trial", f"no past trial is called {name!r}", None, did_you_mean(name, known))
                for name in unknown
            ]
        )
    return {name: known[name] for name in dict.fromkeys(names or known)}


def sizes(trials: Mapping[str, Trial], patients: int) -> dict[str, int]:
    """How many patients of each population are simulated, each untreated and with riluzole."""
    names = sorted({trial.rules.cohort for trial in trials.values()})
    return {
        name: patients if name == MAIN else max(FEWEST, round(SHARES.get(name, OTHERS) * patients)) for name in names
    }


def simulate(
    trials: Mapping[str, Trial],
    patients: int = PATIENTS,
    seed: int = SEED,
    under: Assumed | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> dict[str, Store]:
    """The people of each population."""
    return {
        name: simulate_people(load_population(name), size, seed, under, workers, progress)
        for name, size in sizes(trials, patients).items()
    }


def arms_of(trials: Mapping[str, Trial], stores: Mapping[str, Store]) -> dict[str, Arm]:
    """The placebo arm of each trial: everybody whom its rules let in."""
    world = real_world()
    return {
        name: arm_of(trial.rules, stores[trial.rules.cohort].on(trial.rules.riluzole), world)
        for name, trial in trials.items()
    }


def score(
    trials: Mapping[str, Trial],
    stores: Mapping[str, Store],
    seed: int = SEED,
    workers: int = 1,
    causes: bool = True,
    progress: Progress | None = None,
    done: Progress | None = None,
    rivals_of: Mapping[str, Trial] | None = None,
) -> Board:
    """Hold any people against the record.

    ``causes``: also why trials failed; ``progress`` is called with numbers of patients, ``done`` with trials.
    ``rivals_of``: trials with which the rivals are made, where only some are wanted: they know all the others.
    """
    everyone = rivals_of or trials
    arms = arms_of(everyone, stores)
    found = placebo.predicted(everyone, arms)
    twins = Twins(stores, workers, progress)
    splits = why.Causes(twins, stores, seed)
    rows = []
    for name, trial in trials.items():
        effect = _effect(trial, arms[name], twins, seed)
        cause = splits.of(trial, arms[name]) if causes and _failed(trial) else None
        rows.append(Row(trial, len(arms[name]), tuple(p for p in found if p.trial == name), effect, cause))
        if done is not None:
            done(1)
    patients = sum(len(store.onset) for store in stores.values())
    return Board(tuple(rows), patients, seed, sum(int(store.failed.sum()) for store in stores.values()))


def _failed(trial: Trial) -> bool:
    return isinstance(trial.content, Past) and trial.content.outcome == "failed"


def _effect(trial: Trial, arm: Arm, twins: Twins, seed: int) -> EffectFound | None:
    """The published effect of a drug whose target the model holds."""
    content = trial.content
    if not isinstance(content, Past) or content.effect is None or not content.treatments:
        return None
    published = content.effect
    people = effects.chosen_of(trial.rules.cohort, arm, len(arm), seed)
    found = open_effect(trial, people, twins, seed, published.measure)
    return EffectFound(
        trial.name, published, found.simulated, found.monte_carlo, found.predictive(published.error), found.sd,
        found.people,
    )  # fmt: skip


def predicting(board: Board, value: Callable[[Predicted], float]) -> Board:
    """The same whole board with every placebo figure predicted by a function of it, such as a constant."""
    found = placebo.with_misses([replace(p, simulated=value(p), monte_carlo=0.0) for p in board.figures])
    rows = tuple(replace(row, figures=tuple(p for p in found if p.trial == row.trial.name)) for row in board.rows)
    return replace(board, rows=rows)
