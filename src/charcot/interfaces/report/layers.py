"""The three layers of uncertainty in words: between patients, Monte Carlo, and what the evidence leaves open."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from charcot.interfaces.report.content import Figure, Section, Table, say
from charcot.interfaces.report.names import plain_unit
from charcot.interfaces.report.picture import draw
from charcot.interfaces.report.views import records

if TYPE_CHECKING:
    import pandas as pd

PATIENTS, MONTE_CARLO, MODELS = "between patients", "Monte Carlo", "what the evidence leaves open"
NOT_SHOWN = "What the evidence leaves open is not shown: one model"
HIDDEN = "What the evidence leaves open is not told apart from noise"
MIDDLE = 1.96  # SDs to either side that hold the middle 95 % of a normal distribution
MOST_DRAWN = 8
RATIO, LOG = "fold", "of the logarithm"


@dataclass(frozen=True)
class Layer:
    """One layer: what it is in words, and its range or SD in its unit; ``missing`` says why there is neither."""

    what: str
    unit: str
    lower: float = math.nan
    upper: float = math.nan
    sd: float = math.nan
    missing: str = ""

    @property
    def sd_unit(self) -> str:
        """The SD of a ratio is that of its logarithm."""
        return LOG if self.unit == RATIO else self.unit

    @property
    def ranged(self) -> bool:
        return self.lower == self.lower and self.upper == self.upper

    def as_json(self) -> dict[str, Any]:
        numbers = {name: getattr(self, name) for name in ("lower", "upper", "sd")}
        known = {name: value for name, value in numbers.items() if value == value}
        told = {"sd_unit": self.sd_unit if "sd" in known else "", "missing": self.missing}
        return {"what": self.what, "unit": self.unit, **known, **{name: text for name, text in told.items() if text}}

    def words(self) -> str:
        if self.missing:
            return self.missing
        if self.ranged:
            return f"{say(self.lower)} to {say(self.upper)} {self.unit}".rstrip() + f" ({self.what})"
        return f"an SD of {say(self.sd)} {self.sd_unit}".rstrip() + f" ({self.what})"


@dataclass(frozen=True)
class Layers:
    """The three layers of one effect."""

    patients: Layer
    monte_carlo: Layer
    models: Layer

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name).as_json() for name in ("patients", "monte_carlo", "models")}

    def named(self) -> tuple[tuple[str, Layer], ...]:
        return (PATIENTS, self.patients), (MONTE_CARLO, self.monte_carlo), (MODELS, self.models)

    def sentence(self) -> str:
        """All three, the widest question first; a layer that is not there says why."""
        parts = [_start(f"{name}: {layer.words()}") for name, layer in reversed(self.named()) if not layer.missing]
        missing = [layer.missing for _, layer in reversed(self.named()) if layer.missing]
        return " ".join([*([f"{'; '.join(parts)}."] if parts else []), *(f"{text.rstrip('.')}." for text in missing)])


def stored_sentence(layers: Mapping[str, Mapping[str, Any]]) -> str:
    """The sentence of layers as ``Layers.as_json`` stored them."""
    known = ("what", "unit", "lower", "upper", "sd", "missing")
    made = {name: Layer(**{key: one[key] for key in known if key in one}) for name, one in layers.items()}
    return Layers(**made).sentence()


def _start(text: str) -> str:
    return text[:1].upper() + text[1:]


def trial_layers(row: Mapping[str, Any], between: pd.DataFrame, found: Any) -> Layers:
    """The layers of one row of a trial's summary.

    ``between``: the outcome's table of that name. ``found``: a ``charcot.fitting.layers.Open``.
    """
    unit = plain_unit(str(row["unit"]))
    monte_carlo = Layer(
        str(row["interval"]) or "over simulated trials", unit, float(row["lower"]), float(row["upper"]),
        float(row["sd"]),
        "" if row["interval"] else "Over simulated trials there is no range: one trial gave none",
    )  # fmt: skip
    return Layers(_patients(row, between), monte_carlo, models_layer(_row_of(found.table, row), found, unit))


def _patients(row: Mapping[str, Any], between: pd.DataFrame) -> Layer:
    own = between[between["estimand"] == row["estimand"]]
    if own.empty or math.isnan(float(own["sd"].iloc[0])):
        why = str(own["what"].iloc[0]) if len(own) else "the estimate is one of groups"
        return Layer("SD between patients", "", missing=f"Between patients no spread is told ({why})")
    first = own.iloc[0]
    what = f"{first['what']}; reference arm of the first simulated trial"
    return Layer(what, plain_unit(str(first["unit"])), sd=float(first["sd"]))


def _row_of(table: pd.DataFrame, row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    keys = ("estimand", "arm", "reference")
    found = [one for one in records(table) if all(one[key] == row[key] for key in keys)]
    return found[0] if found else None


def models_layer(one: Mapping[str, Any] | None, found: Any, unit: str) -> Layer:
    """What the evidence leaves open, of the fields of a ``charcot.fitting.layers.Spread``."""
    if found.note:
        return Layer("over plausible models", unit, missing=found.note)
    if one is None or one["sd"] != one["sd"]:
        count = 0 if one is None else int(one["models"])
        why = f"What the evidence leaves open is not shown: {count} of {found.models} plausible models gave this figure"
        return Layer("over plausible models", unit, missing=why)
    left = f", {one['left_out']} more gave no estimate" if one["left_out"] else ""
    count = int(one["models"])
    each = f", {found.each}" if found.each else ""
    if one["hidden"]:
        alike = (
            f"{HIDDEN}: {count} plausible models{left}{each} differ by no more than the Monte-Carlo noise of their own "
            f"simulations, an SD of {say(float(one['noise']))} {LOG if unit == RATIO else unit}".rstrip()
        )
        return Layer("over plausible models", unit, missing=alike)
    if one["lower"] == one["upper"]:
        same = f"all {count} plausible models{left}{each} give {say(float(one['lower']))} {unit}".rstrip()
        return Layer("over plausible models", unit, missing=f"What the evidence leaves open is nothing here: {same}")
    return Layer(
        f"middle 95 % of {count} plausible models{left}{each}", unit, float(one["lower"]), float(one["upper"]),
        float(one["sd"]),
    )  # fmt: skip


def of_effect_without(found: Any) -> str:
    """In how many of the models an untested treatment has no effect at all."""
    parts = []
    for name, count in found.without.items():
        product = name.split(".")[1].replace("_", " ")
        parts.append(f"in {count} of {found.models} models {product} has none of its effect ({name} is 0)")
    return _start("; ".join(parts)) + ", as its prior allows." if parts else ""


def failed_models(found: Any, of: str = "") -> dict[str, int]:
    """Models that could not be simulated and patients that failed in them, by name; ``of`` goes before the names."""
    models = {f"{of}plausible models that could not be simulated: {why}": count for why, count in found.failed.items()}
    return models | {f"{of}plausible models, {why}": count for why, count in found.failures.items()}


def layers_section(effects: Sequence[tuple[str, float, Layers]], found: Any, anchor: str = "layers") -> Section | None:
    """One strip for each effect (name, central value, layers), in it a line for each layer."""
    import pandas as pd

    if not effects:
        return None
    rows = [
        (name, _start(label), layer.what if not layer.missing else layer.missing, layer.unit or "–",
         *(None if x != x else x for x in (layer.lower, layer.upper)), _sd_cell(layer))
        for name, _, layers in effects
        for label, layer in layers.named()
    ]  # fmt: skip
    columns = ("Effect", "Layer", "What it is", "Unit", "From", "to", "SD")
    table = Table.of(columns, rows, "Three layers of uncertainty")
    frame = pd.DataFrame(
        [(name, label, value, *_ends(value, layer)) for name, value, layers in effects
         for label, layer in layers.named() if layer.ranged or layer.sd == layer.sd],
        columns=["row", "series", "value", "low", "high"],
    )  # fmt: skip
    frame = frame[frame["row"].isin(list(dict.fromkeys(frame["row"]))[:MOST_DRAWN])]
    name, _, first = effects[0]
    finding = f"{name}: {first.sentence()}"
    note = (
        "Between patients: how far they differ, drawn to 1.96 SD to either side of the effect; it does not shrink with "
        "more patients or better evidence. Monte Carlo: which patients a trial happens to draw; it shrinks with the "
        "size of the trial. What the evidence leaves open: the same simulation from the same seed under plausible "
        "models, with the Monte-Carlo variance of each model's mean subtracted, never below zero; it shrinks only with "
        f"better evidence. The dot is the central model. {_open_words(found)}"
    ).strip()
    label = "For each effect three ranges around the central model's value: between patients, Monte Carlo, models."
    if frame.empty:
        return None
    from charcot.interfaces.report.charts.intervals import strips_by_row

    svg = draw(strips_by_row(frame, [PATIENTS, MONTE_CARLO, MODELS]), anchor, finding, label)
    return Section(anchor, "What is uncertain, in three layers", (Figure(anchor, finding, label, svg, table, note),))


def _sd_cell(layer: Layer) -> str:
    return "–" if layer.sd != layer.sd else f"{say(layer.sd)} {layer.sd_unit}".rstrip()


def _ends(value: float, layer: Layer) -> tuple[float, float]:
    if layer.ranged:
        return layer.lower, layer.upper
    if layer.unit == RATIO:
        return value * math.exp(-MIDDLE * layer.sd), value * math.exp(MIDDLE * layer.sd)
    return value - MIDDLE * layer.sd, value + MIDDLE * layer.sd


def of_hypotheses(found: Any) -> str:
    """Which rival hypotheses the models follow, in words."""
    if found.note or not found.models:
        return ""
    if not found.hypotheses:
        return (
            "Rival hypotheses of where disease begins are not among the models: none is fitted to the present model "
            "('charcot compare --fit --store')."
        )
    told = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sorted(found.hypotheses.items()))
    return f"Of {found.models} models by hypothesis of where disease begins, in proportion to its weight: {told}."


def _open_words(found: Any) -> str:
    failed = "; ".join(f"{count} could not be simulated: {why}" for why, count in found.failed.items())
    return " ".join(
        text
        for text in (of_effect_without(found), of_hypotheses(found), f"Of the models, {failed}." if failed else "")
        if text
    )


def cell_name(cell: Mapping[str, Any]) -> str:
    """A cell of a sweep in words."""
    return f"{str(cell['combination']).replace('_', ' ')}, {cell['dose']}, {cell['start_years']:+.3g} years from onset"


def gain_layers(cell: Mapping[str, Any], number: int, found: Any, unit: str) -> Layers:
    """The layers of one cell of a sweep, row ``number`` of what is open."""
    count = int(cell["patients"])
    alone = count < 2
    patients = Layer(
        f"gains of {count:,} patients", unit, sd=float(cell["sd"]),
        missing="Between patients no spread is told (one patient)" if alone else "",
    )  # fmt: skip
    luck = Layer(
        f"95 % bootstrap interval over {count:,} patients", unit, float(cell["lower"]), float(cell["upper"]),
        missing="Monte Carlo is not told: one typical patient is simulated, not drawn" if alone
        else "Monte Carlo is not told: too few patients for a bootstrap" if math.isnan(float(cell["lower"])) else "",
    )  # fmt: skip
    one = None if found.note else dict(records(found.table)[number])
    return Layers(patients, luck, models_layer(one, found, unit))


def gains_section(title: str, gained: Sequence[Mapping[str, Any]], found: Any) -> Section | None:
    """What patients gain in survival in some cells of a sweep, each with its layers."""
    effects = [
        (f"{cell_name(cell)}, months", float(cell["benefit"]), gain_layers(cell, number, found, "months"))
        for number, cell in enumerate(gained)
    ]
    section = layers_section(effects, found, "gains")
    return replace(section, title=title) if section else None


def gains_sentence(gained: Sequence[Mapping[str, Any]], found: Any) -> str:
    """The best of some cells as a distribution, for the plain-language box."""
    number = max(range(len(gained)), key=lambda k: float(gained[k]["benefit"]))
    cell = gained[number]
    layers = gain_layers(cell, number, found, "months")
    words = f"{cell_name(cell)}, gains {say(float(cell['benefit']))} months of survival in the central model."
    return " ".join(text for text in (words, layers.sentence(), of_effect_without(found)) if text)


def rival_layers(gained: Any, titles: Mapping[str, str]) -> list[tuple[str, float, Layers]]:
    """What a treatment gains under all hypotheses by their weight, then under each; ``gained``: a ``RivalGains``."""
    each = [
        (
            f"{titles[name]}: {_treated(cell)}",
            float(cell["benefit"]),
            gain_layers(cell, 0, gained.opened[name], "months"),
        )
        for name, cell in gained.cells.items()
    ]
    if not each:
        return []
    cells = list(gained.cells.values())
    weighed = [(gained.weights[name], cell) for name, cell in gained.cells.items()]
    mean = sum(w * float(cell["benefit"]) for w, cell in weighed)
    reach = [math.hypot(*(w * (cell[end] - cell["benefit"]) for w, cell in weighed)) for end in ("lower", "upper")]
    within = sum(w * float(cell["sd"]) ** 2 for w, cell in weighed)
    pooled: dict[str, Any] = {
        **cells[0], "benefit": mean, "lower": mean - reach[0], "upper": mean + reach[1], "sd": math.sqrt(within),
    }  # fmt: skip
    together = gain_layers(pooled, 0, gained.together, "months")
    return [(f"All hypotheses, by their weight: {_treated(cells[0])}", mean, together), *each]


def _treated(cell: Mapping[str, Any]) -> str:
    return f"gain by {str(cell['combination']).replace('_', ' ')} from onset, months of survival"
