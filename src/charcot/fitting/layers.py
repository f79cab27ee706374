"""What the evidence leaves open of an effect: the same protocol, with the same people, under plausible models.

Three things make a simulated effect uncertain, and they are kept apart: patients differ; a trial draws some of them
(Monte Carlo, over simulated trials); and the numbers of the model are known so well and no better. For the third, some
models of the stored ensemble (:mod:`charcot.fitting.plausible`) are simulated beside the central one, all from the same
seed. Of products that nobody was ever given, each model has its own draw of the effect's numbers, from their priors, by
address (seed, model, number); where a prior says that there may be no effect at all, some models have none. Where rival
hypotheses of where disease begins are fitted to the present model (:mod:`charcot.fitting.rivals`), the models follow
them in proportion to their weights; a rival's fitted numbers then stand above those of the ensemble.

Effects x of model m in replicate r are read as a two-way layout without repeats,

    x_mr = effect_m + luck_r + rest_mr,   luck shared by all models since they meet the same draws,

so that the mean square of the rest, over the replicates, is the Monte-Carlo variance that stays in a model's mean. It
is subtracted from the variance between the means (the analysis-of-variance estimate of a variance component), never
below zero, and the means are drawn together by the square root of the share that is left. Ratios are taken as
logarithms.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from charcot import evidence, treatments
from charcot.core import pieces
from charcot.core.errors import Problem, Problems, Where, raise_if_any
from charcot.core.hashing import hash_text
from charcot.core.random import uniforms
from charcot.disease import hypotheses
from charcot.fitting import plausible, rivals
from charcot.fitting.numbers import changed
from charcot.model.ports import Number
from charcot.patients import Assumed
from charcot.patients.assumptions import places_of, under_hypothesis
from charcot.treatments.standing import FREE_GRADE
from charcot.trials import Protocol, run_trial
from charcot.trials.outcome import BAND, RATIOS
from charcot.trials.real_world import RealWorld
from charcot.trials.world import World

MODELS = 6  # that are simulated beside the central one unless told otherwise
REPLICATES = 2  # of each: the fewest that tell luck from model
FEWEST_IN_ARM = 10  # patients of a smaller trial
FEWEST = 2  # models that make a spread
DRAWN_AT_MOST = 20_000  # people of one replicate: under another model more may have to come until a trial is full
KEY = ["estimand", "arm", "reference"]
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Model:
    """One plausible model: its number in the stored ensemble, its changes, the numbers of effects that are zero
    (``without``), and the hypothesis that it follows (empty where none is fitted)."""

    number: int
    assumed: Assumed
    without: tuple[str, ...] = ()
    hypothesis: str = ""


@dataclass(frozen=True)
class Spread:
    """What some models make of one effect.

    Attributes:
        models: that gave it; ``left_out``: that did not, in some replicate.
        middle: their median; ``lower``, ``upper``: the middle 95 % of them, Monte Carlo subtracted.
        sd: between models, Monte Carlo subtracted; of a ratio that of the logarithm.
        noise: the Monte-Carlo SD of one model's mean, subtracted; NaN where it is not known (one replicate).
    """

    models: int
    left_out: int
    middle: float = math.nan
    lower: float = math.nan
    upper: float = math.nan
    sd: float = math.nan
    noise: float = math.nan

    @property
    def hidden(self) -> bool:
        """Whether the models differ by no more than their own noise."""
        return self.sd == 0 and self.noise > 0


@dataclass(frozen=True)
class Open:
    """What the evidence leaves open of the estimates of a trial.

    Attributes:
        table: a row for each estimand and arm or contrast, with the fields of :class:`Spread`; empty for one model.
        effects: model, replicate, and the columns of a trial's estimates.
        models, replicates: how many were simulated, how often.
        failed: models whose trial could not be simulated, by reason; ``failures``: patients, by stage and reason.
        without: numbers of effects, and in how many of the models they are zero.
        hypotheses: how many of the models follow each rival hypothesis; empty where none is fitted.
        note: why there is nothing, where there is nothing.
        each: how large the trials of each model were, in words.
    """

    table: pd.DataFrame = field(default_factory=pd.DataFrame)
    effects: pd.DataFrame = field(default_factory=pd.DataFrame)
    models: int = 0
    replicates: int = 0
    failed: Mapping[str, int] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)
    without: Mapping[str, int] = field(default_factory=dict)
    hypotheses: Mapping[str, int] = field(default_factory=dict)
    note: str = ""
    each: str = ""


def stored(path: Path | None = None) -> int:
    """How many models are stored; none where no ensemble is."""
    place = path or plausible.SHIPPED
    return len(plausible.read(place)) if place.exists() else 0


def stored_hash(path: Path | None = None) -> str:
    """Of the ensemble, and of the rival hypotheses that its models follow."""
    place = path or plausible.SHIPPED
    if not place.exists():
        return ""
    shares = rivals.weights()
    fits = [hypotheses.stored(name) for name in shares]
    return hash_text(place.read_text(encoding="utf-8") + (repr((shares, fits)) if shares else ""), 12)


def check_count(count: int, path: Path | None = None) -> list[Problem]:
    """What is wrong with asking for so many models; one is the central model alone, and is always there."""
    known = stored(path)
    if count <= max(known, 1):
        return []
    there = f"there are {known:,}" if known else "no ensemble of plausible models is stored"
    hint = "'charcot population fit --store' makes one; --models 1 is the central model alone."
    return [
        Problem("too-few-models", f"{count:,} plausible models were asked for, and {there}", Where("--models"), hint)
    ]


def models(
    count: int, seed: int, products: Iterable[str] = (), base: Assumed | None = None, path: Path | None = None
) -> list[Model]:
    """The first ``count`` models of the stored ensemble, on top of what ``base`` changes, which keeps its values.

    Args:
        seed: of the effects of ``products`` that nobody was ever given.

    Raises:
        charcot.core.errors.Problems: too few are stored, or they are of numbers that the model has not.
    """
    raise_if_any(check_count(count, path), "these models cannot be simulated")
    place = path or plausible.SHIPPED
    rows = plausible.read(place)[:count]
    asked = set(base.overrides) if base else set()
    shares = {} if rivals.is_assumed(base) else rivals.weights()
    unknown = sorted({name for row in rows for name in row if "/" not in name and not places_of(name)})
    hint = "It was made for another version of the model: 'charcot population fit --store' makes it anew."
    raise_if_any(
        [Problem("unknown-number", f"no number is called {n!r}", Where(str(place)), hint) for n in unknown],
        "the stored ensemble cannot be used",
    )
    out = []
    for number, row in enumerate(rows, 1):
        name_of = rivals.of_model(number, shares) if shares else ""
        under = _under(base, rivals.rival(name_of, number, seed)) if name_of else base
        fixed = asked | (set(under.overrides) if under else set())
        assumed = changed({name: value for name, value in row.items() if not fixed & set(places_of(name))}, under)
        drawn = {name: value for name, value in drawn_effects(products, seed, number).items() if name not in fixed}
        with_effects = replace(assumed, overrides={**assumed.overrides, **drawn})
        none = tuple(name for name, value in drawn.items() if value == 0)
        out.append(Model(number, with_effects, none, name_of))
    return out


def _under(base: Assumed | None, rival: Assumed) -> Assumed:
    """A rival hypothesis, with what was asked for by name on top."""
    if base is None:
        return rival
    return replace(
        base, overrides={**rival.overrides, **base.overrides}, seeds={**rival.seeds, **base.seeds},
        lines=(*rival.lines, *base.lines),
    )  # fmt: skip


def of_hypothesis(name: str, fitted: Mapping[str, Any], count: int, seed: int, products: Iterable[str]) -> list[Model]:
    """Draws from the posterior of one hypothesis, with effects of ``products`` that nobody was ever given as of the
    models of an ensemble with the same numbers."""
    one, named, out = hypotheses.hypothesis(name), list(products), []
    for number in range(1, count + 1):
        under = under_hypothesis(one, rivals.drawn_values(name, fitted, f"model {number}", seed))
        drawn = drawn_effects(named, seed, number)
        assumed = replace(under, overrides={**under.overrides, **drawn})
        out.append(Model(number, assumed, tuple(key for key, value in drawn.items() if value == 0), name))
    return out


def open_effects(products: Iterable[str]) -> list[Number]:
    """The numbers of the effects of those products that nobody was ever given, as far as nothing was measured of them
    (grade F): their size, and the part of it that people keep."""
    found: list[Number] = []
    for name in treatments.never_given(products):
        product = treatments.products()[name]
        numbers = [number for effect in product.effects for number in effect.numbers.values()]
        numbers += [product.human_share] if product.human_share else []
        found += [number for number in numbers if number.grade == FREE_GRADE]
    return found


def drawn_effects(products: Iterable[str], seed: int, model: int) -> dict[str, float]:
    """Their values in one model: a draw from each number's prior, zero with its chance of no effect."""
    out: dict[str, float] = {}
    for number in open_effects(products):
        belief = evidence.prior(number)
        if belief.log_spread or belief.none:
            share = uniforms(seed, [model], f"effect {number.name}")
            out[number.name] = float(belief.quantile(share)[0])
    return out


def spread(effects: np.ndarray, ratio: bool = False) -> Spread:
    """How effects (models, replicates) differ between models; one without a number in some replicate is left out."""
    return pooled([(1.0, effects)], ratio)


def pooled(parts: Sequence[tuple[float, np.ndarray]], ratio: bool = False) -> Spread:
    """How effects differ between models of several hypotheses, each with its weight and (models, replicates)."""
    means, weights, left_out, noises = [], [], 0, []
    for share, effects in parts:
        known = np.isfinite(effects).all(axis=1) & ((effects > 0).all(axis=1) if ratio else True)
        x = np.log(effects[known]) if ratio else effects[known]
        left_out += len(effects) - len(x)
        if len(x) < FEWEST or not x.shape[1]:
            continue
        at, noise = _drawn_together(x)
        means.append(at)
        weights.append(np.full(len(at), share / len(at)))
        noises.append((share, noise))
    if not means:
        return Spread(sum(len(effects) for _, effects in parts) - left_out, left_out)
    at, weight = np.concatenate(means), np.concatenate(weights)
    weight /= weight.sum()
    centre = float(weight @ at)
    unbiased = 1 - float((weight**2).sum())  # (count - 1) / count where all weigh the same
    # Models that noise does not let tell apart all stand at one value: rounding about their mean is no spread.
    variance = float(weight @ (at - centre) ** 2) / unbiased if np.ptp(at) else 0.0
    noise = float(np.average([n for _, n in noises], weights=[w for w, _ in noises]))
    ends = [_weighted_quantile(at, weight, share) for share in (0.5, *BAND)]
    middle, lower, upper = (math.exp(end) for end in ends) if ratio else ends
    return Spread(len(at), left_out, middle, lower, upper, math.sqrt(variance), math.sqrt(noise))


def _drawn_together(x: np.ndarray) -> tuple[np.ndarray, float]:
    """(models,) means over replicates, drawn together by what is Monte Carlo in them; and its variance, NaN where there
    is one replicate."""
    count, replicates = x.shape
    means = x.mean(axis=1)
    between, noise = float(means.var(ddof=1)), math.nan
    if replicates > 1:
        rest = x - means[:, None] - x.mean(axis=0) + x.mean()
        noise = float((rest**2).sum()) / ((count - 1) * (replicates - 1)) / replicates
    variance = max(0.0, between - (noise if noise == noise else 0.0))
    drawn_in = math.sqrt(variance / between) if between else 0.0
    return means.mean() + drawn_in * (means - means.mean()), noise


def _weighted_quantile(values: np.ndarray, weight: np.ndarray, share: float) -> float:
    """With equal weights on the line between two values; with others the value at which the sum of weights passes the
    share, so that a model of no weight does not draw an end towards it."""
    if np.ptp(weight) < 1e-9:
        return float(np.quantile(values, share))
    order = np.argsort(values, kind="stable")
    return float(values[order][min(int(np.searchsorted(np.cumsum(weight[order]), share)), len(values) - 1)])


@dataclass(frozen=True)
class _Trial:
    estimates: pd.DataFrame
    failures: Mapping[str, int]
    failed: str = ""


def open_of_trial(
    protocol: Protocol,
    chosen: Sequence[Model],
    replicates: int = REPLICATES,
    workers: int = 1,
    progress: Progress | None = None,
    world: Callable[[Assumed], World] = RealWorld,
    share: float = 1.0,
) -> Open:
    """Simulate a protocol ``replicates`` times under each of the models, and see how far its estimates differ.

    The people of one replicate are its own (``pool: independent``): what replicates shared could not be told from what
    is of the model. ``progress`` is called with 1 after each model. ``world``: products, people and courses under a
    model's changes. ``share``: of the patients of each arm, where whole trials would take too long; smaller trials are
    noisier, which is measured and subtracted like any noise.
    """
    simulate = protocol.simulate.model_copy(
        update={
            "replicates": replicates,
            "pool": "independent",
            "screened_per_replicate": max(protocol.simulate.screened_per_replicate, DRAWN_AT_MOST),
        }
    )
    analysis = protocol.analysis.model_copy(update={"permutations": 0})
    sizes = [arm.n if share == 1 else max(FEWEST_IN_ARM, round(share * arm.n)) for arm in protocol.arms]
    arms = tuple(arm.model_copy(update={"n": n}) for arm, n in zip(protocol.arms, sizes, strict=True))
    small = protocol.model_copy(update={"simulate": simulate, "analysis": analysis, "arms": arms})
    found: dict[int, _Trial] = {}
    for model in chosen:
        compute = functools.partial(_trial, small, world(model.assumed), workers)
        found[model.number] = pieces.piece("models", [model.number, replicates], compute)
        if progress is not None:
            progress(1)
    done = {number: one for number, one in found.items() if not one.failed}
    failures: Counter[str] = Counter()
    for one in found.values():
        failures.update(one.failures)
    effects = (
        pd.concat([one.estimates.assign(model=number) for number, one in done.items()], ignore_index=True)
        if done
        else pd.DataFrame()
    )
    return Open(
        _table(effects, sorted(done), replicates) if done else pd.DataFrame(),
        effects,
        len(chosen),
        replicates,
        Counter(one.failed for one in found.values() if one.failed),
        failures,
        Counter(name for model in chosen for name in model.without),
        Counter(model.hypothesis for model in chosen if model.hypothesis),
        each=f"{replicates} trials of {sum(sizes)} patients each",
    )


def _trial(protocol: Protocol, world: World, workers: int) -> _Trial:
    """One model's trial; that it cannot be filled is a finding about the model, and is kept as its reason."""
    try:
        with pieces.keeping(None):
            outcome = run_trial(protocol, workers=workers, world=world)
    except Problems as error:
        return _Trial(pd.DataFrame(), {}, error.problems[0].message)
    reasons = Counter(f"{row.stage}: {row.reason}" for row in outcome.failures.itertuples())
    return _Trial(outcome.tables["estimates"], reasons)


def _table(effects: pd.DataFrame, numbers: Sequence[int], replicates: int) -> pd.DataFrame:
    rows = []
    for key, group in effects.groupby(KEY, sort=False):
        wide = group.pivot_table(index="model", columns="replicate", values="estimate", dropna=False)
        values = wide.reindex(index=list(numbers), columns=range(replicates)).to_numpy(dtype=float)
        one = spread(values, ratio=key[0] in RATIOS)
        rows.append({**dict(zip(KEY, key, strict=True)), **vars(one), "hidden": one.hidden})
    return pd.DataFrame(rows)


def common(gains: Mapping[int, tuple[np.ndarray, np.ndarray]], people: int) -> tuple[int, np.ndarray]:
    """The gains of the same persons under several models: persons stand where the replicates of a trial do.

    Args:
        gains: by model, (persons,) ids of those who fall ill and (cells, persons) what they gain.
        people: how many were drawn; a model under which fewer than half of them fall ill is left out.

    Returns:
        how many models are left out, and (cells, models, persons) of the persons who fall ill under all others.
    """
    used = [one for one in gains.values() if 2 * len(one[0]) >= people]
    if not used:
        return len(gains), np.zeros((0, 0, 0))
    shared = functools.reduce(np.intersect1d, [ids for ids, _ in used])
    rows = []
    for ids, values in used:
        order = np.argsort(ids)
        rows.append(values[:, order[np.searchsorted(ids, shared, sorter=order)]])
    return len(gains) - len(used), np.stack(rows, axis=1)


Gains = Mapping[int, tuple[np.ndarray, np.ndarray]]


def open_of_people(
    gains: Gains, people: int, cells: int, chosen: Sequence[Model], failed: Mapping[str, int],
    failures: Mapping[str, int],
) -> Open:  # fmt: skip
    """What the evidence leaves open of the mean gain in each of some cells; ``table`` has a row for each, in order.

    ``failed``: models that gave nothing, by reason; ``failures``: simulations that failed, by reason.
    """
    return open_by_weight([(1.0, gains)], people, cells, chosen, failed, failures)


def open_by_weight(
    parts: Sequence[tuple[float, Gains]], people: int, cells: int, chosen: Sequence[Model], failed: Mapping[str, int],
    failures: Mapping[str, int],
) -> Open:  # fmt: skip
    """As :func:`open_of_people`, of models of several hypotheses, each with its weight."""
    reasons = Counter(failed)
    values: list[tuple[float, np.ndarray]] = []
    for weight, gains in parts:
        few, some = common(gains, people)
        reasons["fewer than half of the people fall ill"] += few
        values.append((weight, some))
    reasons = +reasons
    rows = []
    for cell in range(cells):
        each = [(weight, some[cell] if len(some) else np.zeros((0, 0))) for weight, some in values]
        one = pooled([(weight, x[:, np.isfinite(x).all(axis=0)]) for weight, x in each])
        rows.append({**vars(one), "hidden": one.hidden})
    return Open(
        table=pd.DataFrame(rows),
        models=len(chosen),
        replicates=1,
        failed=reasons,
        failures=failures,
        without=Counter(name for model in chosen for name in model.without),
        hypotheses=Counter(model.hypothesis for model in chosen if model.hypothesis),
    )
