"""Sealed predictions: files that are written once, with their hashes in one list, and never changed."""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from charcot.core.errors import Problem, Problems, Where, raise_if_any
from charcot.core.yaml_file import read_document
from charcot.trials.record.files import Running
from charcot.trials.record.forecast import Forecast
from charcot.trials.record.predictive import Mixture

SEALS = "SEALS"  # lines as sha256sum writes and checks them: "hash  file"
SCHEMA = "charcot/prediction@1"
DIGITS = 6  # significant, of numbers in a sealed file
LEVELS = {"interval_80": 0.80, "interval_95": 0.95}
NOT_IN_IT = (
    "numbers of the disease other than as shipped; rival hypotheses; rules, doses and sizes of the trial that were not "
    "read; spread between trials in the effect and in NfL; differences in how a trial's own analysis is made"
)


def content_of(forecast: Forecast, made: Mapping[str, Any]) -> dict[str, Any]:
    """A prediction as the content of a sealed file; ``made``: date, command, seed, versions and hashes."""
    c, last = forecast.content, float(forecast.trial.rules.protocol.visits[-1])
    primary: dict[str, Any] = {
        "measure": c.primary,
        "days": _number(last),
        "patients": {"active": c.n.active, "placebo": c.n.placebo} if c.n else None,
        "chance_met": None if forecast.chance is None else _number(forecast.chance),
        "chance_rivals": {name: _number(value) for name, value in forecast.chances.items()},
    }
    effect = None
    if forecast.estimate is not None and forecast.effect is not None:
        effect = {
            "sign": "active less placebo; below zero is benefit for survival, manifest and nfl, above it for others",
            "estimate": distribution(forecast.estimate),
            "true": distribution(forecast.effect),
            "rivals": {name: distribution(rival) for name, rival in forecast.rivals.items()},
        }
    return {
        "schema": SCHEMA,
        "name": c.name,
        "title": c.title,
        "drug": c.drug,
        "registry": c.registry,
        "registry_version": c.registry_version,
        "expected": c.expected,
        **made,
        "simulated_as": [given.model_dump(exclude_none=True) for given in c.treatments]
        or f"placebo only: {c.no_target}",
        "people": forecast.people,
        "twins": forecast.pairs,
        "primary": primary,
        "effect": effect,
        "placebo": {
            name: {
                "what": q.what,
                "unit": q.unit,
                "months": _number(q.months),
                **distribution(q.model),
                **({"share_with_event": _shares(q.model, q.months)} if name == "hazard" else {}),
                "rivals": {rival: distribution(model) for rival, model in q.rivals.items()},
            }
            for name, q in forecast.placebo.items()
        },
        "note": c.note,
        "contradicted_by": _contradicted(forecast),
        "not_in_it": NOT_IN_IT,
    }


def _treatments(content: Running) -> list[dict[str, Any]] | str:
    given = [one.model_dump(exclude_none=True) for one in content.treatments]
    return given or f"placebo only: {content.no_target}"


def distribution(model: Mixture) -> dict[str, Any]:
    """Mean, SD, intervals, and the parts from which all can be computed again."""
    return {
        "mean": _number(model.mean),
        "sd": _number(model.sd),
        **{name: [_number(end) for end in model.interval(level)] for name, level in LEVELS.items()},
        "parts": {"means": [_number(m) for m in model.means], "sds": [_number(s) for s in model.sds]},
    }


def mixture(content: Mapping[str, Any]) -> Mixture:
    """The distribution that a sealed file holds."""
    parts = content["parts"]
    return Mixture(np.array(parts["means"], dtype=float), np.array(parts["sds"], dtype=float))


def _shares(model: Mixture, months: float) -> dict[str, Any]:
    """A logarithm of a hazard as the share with an event by then."""

    def share(value: float) -> float:
        return _number(1 - math.exp(-math.exp(value) * months))

    return {
        "median": share(model.quantile(0.5)),
        **{name: [share(end) for end in model.interval(level)] for name, level in LEVELS.items()},
    }


def _contradicted(forecast: Forecast) -> list[str]:
    out = [forecast.content.contradicted_by]
    if forecast.estimate is not None:
        low, high = forecast.estimate.interval(0.95)
        out.append(f"An estimate of the effect below {low:.3g} or above {high:.3g}.")
    for q in forecast.placebo.values():
        low, high = q.model.interval(0.95)
        unit = "" if q.unit == "1" else f" {q.unit}"
        out.append(f"{q.what[0].upper()}{q.what[1:]}, below {low:.3g} or above {high:.3g}{unit}.")
    return out


def _number(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def to_text(content: Mapping[str, Any]) -> str:
    """The content as YAML, keys in their order."""
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = None
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    writer.width = 110
    out = io.StringIO()
    writer.dump(dict(content), out)
    return out.getvalue()


def seal(folder: Path, content: Mapping[str, Any]) -> Path:
    """Write the prediction and its hash; raises :class:`Problems` where one is sealed already or a seal is broken."""
    raise_if_any(broken(folder), "nothing is sealed beside a broken seal")
    path = folder / f"{content['name']}.yaml"
    if path.exists():
        hint = "A sealed prediction is never written over; a later one needs another name."
        raise Problems([Problem("sealed", "this prediction is sealed already", Where(str(path)), hint)])
    text = to_text(content)
    folder.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8", newline="\n") as handle:
        handle.write(text)
    with (folder / SEALS).open("a", encoding="utf-8", newline="\n") as handle:
        handle.write(f"{_hash(path)}  {path.name}\n")
    return path


def seals(folder: Path) -> dict[str, str]:
    """The hash of each sealed file."""
    path = folder / SEALS
    if not path.is_file():
        return {}
    lines = [line.split("  ", 1) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return {line[1]: line[0] for line in lines if len(line) == 2}


def broken(folder: Path) -> list[Problem]:
    """Sealed files that were changed or are gone, and predictions without a seal."""
    known, found = seals(folder), []
    hint = "Take the sealed file from the history again: what was said before the result stays as it was said."
    for name, sealed in known.items():
        path = folder / name
        if not path.is_file():
            found.append(Problem("seal-broken", "the sealed prediction is gone", Where(str(path)), hint))
        elif _hash(path) != sealed:
            found.append(Problem("seal-broken", "the sealed prediction was changed", Where(str(path)), hint))
    for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else []:
        if path.name not in known:
            message = f"the prediction has no line in {SEALS}"
            found.append(Problem("not-sealed", message, Where(str(path)), "Make it by charcot predict NAME --seal."))
    return found


def sealed(folder: Path) -> dict[str, dict[str, Any]]:
    """Every sealed prediction by name; raises :class:`Problems` where a seal is broken."""
    raise_if_any(broken(folder), "seals are broken")
    return {Path(name).stem: _plain(read_document(folder / name).data) for name in seals(folder)}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
