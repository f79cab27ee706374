"""Rival hypotheses: where disease begins, as data. All of them run on the same mechanisms.

A hypothesis is a YAML file in this folder: what the last step to disease plants and where, which numbers then have a
value, and which numbers its fit may move beside those in ``shared.csv``, which every hypothesis moves. ``fitted``
holds what ``charcot compare --fit --store`` found for each. Adding one edits no code.
"""

from __future__ import annotations

import csv
import functools
import json
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from charcot.core.errors import Problem, Problems
from charcot.core.identifiers import did_you_mean
from charcot.core.yaml_file import Document, read_document
from charcot.disease.systems import Content, Setting, problems_of

HERE = Path(__file__).parent
FITTED = HERE / "fitted"
SHARED = HERE / "shared.csv"
SHIPPED_SEED = "soma.aggregate"  # what the last step plants in carriers of no SOD1 or FUS mutation, as shipped


class Hypothesis(Content):
    """A named variant of the model.

    ``seed``: the state in which the last step to disease plants its seed; ``numbers``: those that then have a value of
    their own, with their evidence; ``free``: numbers that its fit may move beside the shared ones.
    """

    name: str = ""
    title: str
    claim: str
    sources: tuple[str, ...] = Field(min_length=1)
    against: tuple[str, ...] = ()
    seed: str
    numbers: tuple[Setting, ...] = ()
    free: tuple[str, ...] = Field(min_length=1)
    note: str = ""

    @property
    def values(self) -> dict[str, float]:
        """The values of its own numbers, by name."""
        return {setting.name: setting.value for setting in self.numbers}

    @property
    def seeds(self) -> dict[str, str]:
        """The state planted instead of the shipped one; empty where it is the shipped one."""
        return {} if self.seed == SHIPPED_SEED else {SHIPPED_SEED: self.seed}


@functools.cache
def documents() -> dict[str, tuple[Hypothesis, Document]]:
    """Every hypothesis with its file. Raises all problems of form at once."""
    out: dict[str, tuple[Hypothesis, Document]] = {}
    problems: list[Problem] = []
    for path in sorted(HERE.glob("*.yaml")):
        document = read_document(path)
        try:
            out[path.stem] = Hypothesis.model_validate({**document.data, "name": path.stem}), document
        except ValidationError as error:
            problems += problems_of(error, document)
    if problems:
        raise Problems(problems, "the hypotheses cannot be read")
    return out


def hypotheses() -> dict[str, Hypothesis]:
    """Every hypothesis by name."""
    return {name: one for name, (one, _) in documents().items()}


def hypothesis(name: str) -> Hypothesis:
    """A hypothesis by name; raises :class:`KeyError` with the nearest names."""
    known = hypotheses()
    if name not in known:
        raise KeyError(f"no hypothesis is called {name!r}. {did_you_mean(name, known)}")
    return known[name]


@functools.cache
def shared() -> dict[str, str]:
    """The numbers that the fit of every hypothesis may move, with the reason."""
    with SHARED.open(newline="", encoding="utf-8") as handle:
        return {row["number"]: row["why"] for row in csv.DictReader(handle)}


def stored(name: str) -> dict[str, Any] | None:
    """What the last stored fit of a hypothesis found; None where there is none."""
    path = FITTED / f"{name}.json"
    if not path.exists():
        return None
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def fitted_values(name: str) -> dict[str, float]:
    """The fitted value of each number of a hypothesis, by the names of its fit; empty before there is a fit."""
    found = stored(name) or {"numbers": []}
    return {str(row["name"]): float(row["value"]) for row in found["numbers"]}
