"""The explorer as one file, for people who never open a terminal: the pages with answers over a grid, and no server.

The grid is genotype, age, site, product and start, one product at a time; numbers are every third month, to four
digits.
How people differ, how long they live, trials and what to measure next are simulated at the user's wish and are not in
it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

from charcot import disease, patients, trials
from charcot.core.errors import Problems
from charcot.interfaces.explorer import evidence, facts, findings, trial_power, trial_protocol
from charcot.interfaces.explorer.patient import neuron, patient
from charcot.interfaces.explorer.questions import question
from charcot.interfaces.explorer.readouts import PACKAGE
from charcot.interfaces.explorer.trial_design import USUAL_TEMPLATE, Design

EVERY, DIGITS = 3, 4  # months between stored values, and their significant digits
USUAL = question().traits


@dataclass(frozen=True)
class Grid:
    """What is simulated for the page; ``starts`` are months after the diagnosis of the untreated course."""

    genotypes: tuple[str, ...] = tuple(disease.genotypes())
    ages: tuple[int, ...] = (45, 62, 75)
    sites: tuple[str, ...] = disease.REGIONS
    products: tuple[str, ...] = (
        "riluzole", "edaravone_oral", "tofersen", "niv", "gastrostomy", "aav_mir126", "translation_restorer",
    )  # fmt: skip
    starts: tuple[int, ...] = (0, 12)

    @property
    def size(self) -> int:
        """How many persons are simulated, each in every arm."""
        return len(self.genotypes) * len(self.ages) * len(self.sites)


def page(grid: Grid, tell: Callable[[int], None]) -> str:
    """The whole page as text; ``tell`` is called with 1 after each person of the grid."""
    return _html({**_simulated(grid, tell), "answers": dict(_facts()), "grid": asdict(grid)})


def _facts() -> Iterator[tuple[str, Any]]:
    yield "/api/model", facts.model().model_dump(mode="json")
    yield "/api/boards", evidence.boards().model_dump(mode="json")
    yield "/api/findings", findings.findings().model_dump(mode="json")
    yield "/api/trial/choices", trial_protocol.choices(trial_power.LIMITS).model_dump(mode="json")
    for name in trials.templates():  # as they are: what a form makes of them is the server's work
        asked = {} if name == USUAL_TEMPLATE else {"template": name}
        path = "?".join(["/api/trial/design", *([urlencode(asked)] if asked else [])])
        yield path, trial_protocol.design(trial_protocol.written(Design(name))).model_dump(mode="json")
    for one in patients.definition().mechanisms:
        yield f"/api/mechanisms/{one.name}", facts.mechanism(one.name).model_dump(mode="json")


def _simulated(grid: Grid, tell: Callable[[int], None]) -> dict[str, dict[str, Any]]:
    """``people``: the untreated runs by their question; ``treated``: what a treatment changes of them; ``neurons``."""
    out: dict[str, dict[str, Any]] = {"people": {}, "treated": {}, "neurons": {}, "refused": {}}
    for genotype in grid.genotypes:
        for age in grid.ages:
            for site in grid.sites:
                key = _key(genotype, age, site)
                try:
                    _person(out, grid, key, {"genotype": genotype, "age": age, "site": site})
                except Problems as error:
                    out["refused"][key] = str(error)
                tell(1)
    return out


def _person(out: dict[str, dict[str, Any]], grid: Grid, key: str, who: Mapping[str, Any]) -> None:
    base = patient(question(**who)).model_dump(mode="json")
    keep = [k for k, month in enumerate(base["months"]) if month % EVERY == 0]
    out["people"][key] = _thin(base, keep, ("months",), "series", ("untreated",))
    levels = neuron(question(**who)).model_dump(mode="json")
    own = [k for k, month in enumerate(levels["months"]) if month % EVERY == 0]
    out["neurons"][key] = _thin(levels, own, ("months",), "levels", ("untreated",))
    for product in grid.products:
        for start in grid.starts:
            run = patient(question(**who, treat=[f"{product}::{start}"])).model_dump(mode="json")
            treat = urlencode([("treat", f"{product}::{start}")])
            out["treated"][f"{key}&{treat}" if key else treat] = {
                "treatments": run["treatments"],
                "not_eligible": run["not_eligible"],
                "series": [[_short(one["treated"][k]) for k in keep] for one in run["series"]],
                "milestones": [_short(one["treated"]) for one in run["milestones"]],
            }


def _key(genotype: str, age: int, site: str) -> str:
    """A question as the page's address writes it: what is as usual is left out."""
    asked = [("genotype", genotype, USUAL.genotype), ("age", age, USUAL.age_at_onset), ("site", site, USUAL.site)]
    return urlencode([(name, value) for name, value, usual in asked if value != usual])


def _thin(run: dict[str, Any], keep: list[int], own: tuple[str, ...], rows: str, columns: tuple[str, ...]) -> Any:
    out = {**run, **{name: [run[name][k] for k in keep] for name in own}}
    out[rows] = [{**row, **{name: [_short(row[name][k]) for k in keep] for name in columns}} for row in run[rows]]
    return out


def _short(value: float | None) -> float | None:
    """To four significant digits; what is all but nothing is nothing."""
    if value is None:
        return None
    return 0.0 if abs(value) < 1e-6 else float(f"{value:.{DIGITS}g}")


def _html(stored: Mapping[str, Any]) -> str:
    """The built page with its style, its script and the stored answers inside, and nothing to load from anywhere."""
    folder = files(PACKAGE) / "assets"
    text = (folder / "index.html").read_text(encoding="utf-8")
    style = (folder / "explorer.css").read_text(encoding="utf-8")
    script = (folder / "explorer.js").read_text(encoding="utf-8").replace("</script", "<\\/script")
    data = json.dumps(stored, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    mark = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; script-src 'sha256-{mark}'; style-src 'unsafe-inline'; img-src data: blob:"
    text = re.sub(r"\s*<script[^>]*></script>", "", text)
    text = re.sub(r"\s*<link rel=\"stylesheet\"[^>]*>", "", text)
    head = f'<meta http-equiv="Content-Security-Policy" content="{policy}" />\n<style>{style}</style>\n</head>'
    body = (
        f'<script type="application/json" id="stored">{data}</script>\n<script type="module">{script}</script>\n</body>'
    )
    return text.replace("</head>", head, 1).replace("</body>", body, 1)
