"""Patients of rare genotypes under the plausible models, stored as data: too few of them are in any incident cohort.

Each stratum (``rare.csv``) has as many patients as asked for, in equal numbers from every plausible model of the stored
ensemble, untreated, as a register records them at and after diagnosis. So their spread holds both how far patients
differ and what the evidence leaves open. One model is one piece: a killed build goes on, and gives the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from charcot.core.hashing import hash_files, hash_text, rooms_hash
from charcot.core.pieces import Pieces
from charcot.core.random import stream
from charcot.engine.campaign.files import appearing
from charcot.fitting import layers
from charcot.patients import draw_cohort, program
from charcot.patients.assumptions import Assumed
from charcot.patients.cohort import Cohort, Population
from charcot.patients.people import simulate_untreated
from charcot.patients.population_readings import VISITS, record

HERE = Path(__file__).parent
DECLARED, SHIPPED, MADE_BY = HERE / "rare.csv", HERE / "strata.csv", HERE / "strata.json"
PATIENTS, SEED = 500, 29
APART = 100_000  # between the first numbers of the persons of two strata
MORE, TRIES = 6, 8  # persons drawn beyond those wanted, at most so often
SCORED = (0, 6, 12, 24)  # months after diagnosis
COLUMNS = (
    "stratum", "model", "person", "sex", "site", "age_at_onset", "months_to_diagnosis", "months_from_onset", "died",
    "slope_before", "vital_capacity", "nfl", *(f"score_{month}" for month in SCORED),
)  # fmt: skip
BELOW = ("core", "evidence", "model", "engine", "disease", "treatments", "clinic", "patients")
KIND = "patients of rare genotypes"
Row = dict[str, Any]
Progress = Callable[[int], None]


def declared() -> dict[str, dict[str, str]]:
    """The strata by name: genotype and class."""
    with DECLARED.open(newline="", encoding="utf-8") as handle:
        return {row["stratum"]: row for row in csv.DictReader(handle)}


def build(
    folder: Path | None, patients: int = PATIENTS, seed: int = SEED, workers: int = 1, models: int | None = None,
    progress: Progress | None = None,
) -> list[Row]:  # fmt: skip
    """A row of ``COLUMNS`` for each patient, by stratum and model.

    Args:
        folder: where finished models are kept, None for nowhere. ``models``: of the ensemble, all unless said.
        progress: called with 1 after each model.

    Raises:
        charcot.core.errors.Problems: no ensemble is stored, or too small a one.
    """
    count = layers.stored() if models is None else models
    pieces = Pieces(folder) if folder is not None else None
    code = rooms_hash(*BELOW) + hash_files([Path(__file__)])
    rows: list[Row] = []
    for model in layers.models(count, seed):
        wanted = patients // count + (model.number <= patients % count)
        inputs = {**made_by(), "code": code, "seed": seed, "model": model.number, "wanted": wanted}
        there = pieces.find(KIND, inputs) if pieces is not None else None
        mine = there[0] if there is not None else _of_model(model.number, model.assumed, wanted, seed, workers)
        if there is None and pieces is not None:
            pieces.keep(KIND, inputs, mine)
        rows += mine
        if progress is not None:
            progress(1)
    order = {name: k for k, name in enumerate(declared())}
    return sorted(rows, key=lambda row: (order[row["stratum"]], row["model"], row["person"]))


def made_by() -> dict[str, str]:
    """The state of all that the rows depend on."""
    return {
        "program": program().hash, "ensemble": layers.stored_hash(),
        "strata": hash_text(DECLARED.read_text(encoding="utf-8"), 12),
    }  # fmt: skip


def _of_model(number: int, assumed: Assumed, wanted: int, seed: int, workers: int) -> list[Row]:
    own = int(stream(seed, number, "rare genotypes of a model").integers(2**31))
    found: dict[str, list[Row]] = {name: [] for name in declared()}
    first = 0
    for _ in range(TRIES):
        short = [name for name, rows in found.items() if len(rows) < wanted]
        if not short or not wanted:
            break
        size = max(wanted - len(found[name]) for name in short) + MORE
        for row in _recorded(_drawn(short, size, own, first), assumed, number, workers):
            if len(found[row["stratum"]]) < wanted:
                found[row["stratum"]].append(row)
        first += size
    return [row for rows in found.values() for row in rows]


def _drawn(names: Sequence[str], size: int, seed: int, first: int) -> Cohort:
    """``size`` persons of each stratum as one cohort; the place of a person's stratum is in the person's number."""
    places = list(declared())
    parts = []
    for name in names:
        population = Population(name, name, name, {declared()[name]["genotype"]: 1.0})
        parts.append(draw_cohort(population, size, seed, places.index(name) * APART + first))
    return Cohort(
        seed,
        {key: np.concatenate([part.columns[key] for part in parts]) for key in parts[0].columns},
        {key: np.concatenate([part.deviations[key] for part in parts]) for key in parts[0].deviations},
    )


def _recorded(cohort: Cohort, assumed: Assumed, number: int, workers: int) -> list[Row]:
    people = simulate_untreated(cohort, assumed, workers)
    if not np.isfinite(people.diagnosis).any():
        return []
    seen = people.where(np.isfinite(people.diagnosis))
    c, places = record(seen), list(declared())
    scores = c["scores"][:, [int(np.flatnonzero(month == VISITS)[0]) for month in SCORED]]
    return [
        {
            "stratum": places[int(seen.ids[k]) // APART], "model": number, "person": int(seen.ids[k]) % APART,
            "sex": str(c["sex"][k]), "site": str(c["domain"][k]), "age_at_onset": _short(c["age"][k]),
            "months_to_diagnosis": _short(c["delay"][k]), "months_from_onset": _short(c["from_onset"][k]),
            "died": "yes" if c["died"][k] else "no", "slope_before": _short(c["slope_before"][k]),
            "vital_capacity": _short(c["capacity"][k]), "nfl": _short(c["nfl"][k]),
            **{f"score_{month}": _short(score) for month, score in zip(SCORED, scores[k], strict=True)},
        }
        for k in range(len(seen))
    ]  # fmt: skip


def _short(value: float) -> str:
    """Four digits; empty where nothing was recorded, the dead among them."""
    return f"{value:.4g}" if np.isfinite(value) else ""


def as_text(rows: Sequence[Row]) -> str:
    """The rows as CSV."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def summary(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A line for each stratum: patients, and medians with quartiles of age at onset (years), time from onset to the end
    (months), slope before diagnosis (points/month) and NfL at diagnosis (pg/mL)."""
    out = []
    for name, one in declared().items():
        mine = [row for row in rows if row["stratum"] == name]
        line: dict[str, Any] = {"stratum": name, "genotype": one["genotype"], "class": one["class"],
                                "patients": len(mine), "died": sum(row["died"] == "yes" for row in mine)}  # fmt: skip
        for key in ("age_at_onset", "months_from_onset", "slope_before", "nfl"):
            values = [float(row[key]) for row in mine if row[key] != ""]
            line[key] = [float(f"{end:.4g}") for end in np.quantile(values, (0.25, 0.5, 0.75))] if values else []
        out.append(line)
    return out


def told(rows: Sequence[Row], command: str, patients: int, seed: int) -> dict[str, Any]:
    """What made the rows: command, seed, hashes; and each stratum in a line."""
    return {
        "command": command, "patients": patients, "seed": seed, **made_by(), "rows": hash_text(as_text(rows), 16),
        "strata": summary(rows),
    }  # fmt: skip


def store(rows: Sequence[Row], made: Mapping[str, Any], folder: Path = HERE) -> None:
    """Keep the rows and what made them beside the ensemble."""
    for name, text in ((SHIPPED.name, as_text(rows)), (MADE_BY.name, json.dumps(made, indent=1) + "\n")):
        with appearing(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")


def stored(folder: Path = HERE) -> tuple[list[Row], dict[str, Any]] | None:
    """The stored rows, and what made them; None where none are."""
    if not (folder / MADE_BY.name).exists():
        return None
    with (folder / SHIPPED.name).open(newline="", encoding="utf-8") as handle:
        rows: list[Row] = list(csv.DictReader(handle))
    return rows, json.loads((folder / MADE_BY.name).read_text(encoding="utf-8"))
