"""A page for each mechanism, made from the code and its tables, so that the pages cannot drift from the model.

What the pages say of a mechanism switched off comes from a stored simulation (``ablations.csv`` and
``ablation_curves.csv`` beside the pages), which carries the hash of the program that made it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charcot import evidence, patients
from charcot.core.expression import symbols_of, to_text
from charcot.experiments import bearing
from charcot.interfaces.report.content import number_text
from charcot.interfaces.report.names import plain_unit
from charcot.model.definition import Definition, Written, number_symbols, trace
from charcot.model.mechanism import RATE, Mechanism
from charcot.model.ports import FREE, Number
from charcot.patients.explanation import cite, disputes
from charcot.studies.ablation import SCORE_MONTHS

if TYPE_CHECKING:
    import pandas as pd

RESULTS = "ablations.csv"
CURVES = "ablation_curves.csv"
REASONS = Path(patients.__file__).parents[1] / "studies" / "ablation_reasons.csv"
REGION = "lumbar"
HEAD = "<!-- Made by `charcot docs` from the code and its tables. Do not edit: run it again. -->"


@dataclass(frozen=True)
class Ablations:
    """The stored simulations: a row of results and the curve for each mechanism, and the program that made them."""

    program: str
    results: Mapping[str, Mapping[str, str]]
    curves: Mapping[str, list[tuple[float, float, float]]]


def read_ablations(folder: Path) -> Ablations | None:
    """What is stored in ``folder``; None where nothing is."""
    if not (folder / RESULTS).is_file() or not (folder / CURVES).is_file():
        return None
    with (folder / RESULTS).open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    curves: dict[str, list[tuple[float, float, float]]] = {}
    with (folder / CURVES).open(newline="", encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            curves.setdefault(row["mechanism"], []).append(
                (float(row["month"]), float(row["with_it"]), float(row["without_it"]))
            )
    return Ablations(rows[0]["program"] if rows else "", {row["mechanism"]: row for row in rows}, curves)


def ablation_tables(results: pd.DataFrame, curves: pd.DataFrame, program: str) -> dict[str, str]:
    """File name -> text of the stored simulations."""
    return {
        RESULTS: results.assign(program=program).to_csv(index=False, lineterminator="\n"),
        CURVES: curves.to_csv(index=False, lineterminator="\n"),
    }


def reasons() -> dict[str, str]:
    """Mechanism -> why the course changes as it does when the mechanism is off."""
    with REASONS.open(newline="", encoding="utf-8") as handle:
        return {row["mechanism"]: row["reason"] for row in csv.DictReader(handle)}


def pages(stored: Ablations | None) -> dict[str, str]:
    """File name -> text of every page, with an index (README.md)."""
    whole = patients.definition()
    written = trace(whole, [])
    by_row: dict[str, list[Mechanism]] = {}
    for mechanism in whole.mechanisms:
        by_row.setdefault(mechanism.row, []).append(mechanism)
    why = reasons()
    bears = bearing.bearings(whole, written)
    out = {
        f"{mechanism.name}.md": _page(
            whole, mechanism, written, stored, why.get(mechanism.name, ""), bears[mechanism.name]
        )
        for mechanism in whole.mechanisms
    }
    out["README.md"] = _index(by_row, stored, bears)
    return out


def pictures(stored: Ablations) -> dict[str, str]:
    """File name -> SVG of each mechanism switched off."""
    return {f"{name}.svg": _picture(name, stored) for name in stored.curves}


def _index(
    by_row: Mapping[str, list[Mechanism]], stored: Ablations | None, bears: Mapping[str, Sequence[bearing.Bearing]]
) -> str:
    lines = [
        HEAD, "", "# The mechanisms", "",
        "One page per mechanism: its claim, its place in the chain, its equations as the code has them, its numbers "
        "with what the evidence leaves open, what speaks for and against it, what happens when it alone is off, and "
        "which experiments of the board act on it, share a source with it or read it, met or missed. "
        "`charcot docs` makes these pages; a test fails when they are out of date.", "",
    ]  # fmt: skip
    for row in sorted(by_row, key=_row_order):
        lines += [f"## {row or 'other'}", "", "| mechanism | claim | without it, ALSFRS-R two years after onset | "
                  "experiments and claims that act on it, met of all | otherwise tied to it, met of all |",
                  "|---|---|--:|--:|--:|"]  # fmt: skip
        for m in by_row[row]:
            acting = [b for b in bears[m.name] if b.how == bearing.ACTS]
            others = [b for b in bears[m.name] if b.how != bearing.ACTS]
            counts = " | ".join(f"{sum(b.passed for b in own)} of {len(own)}" for own in (acting, others))
            lines.append(f"| [{m.name}]({m.name}.md) | {m.claim} | {_effect(m.name, stored)} | {counts} |")
        lines.append("")
    return "\n".join(lines)


def _row_order(row: str) -> tuple[int, str]:
    first = row.split(" ")[0]
    return (int(first), row) if first.isdigit() else (99, row)


def _effect(name: str, stored: Ablations | None) -> str:
    if stored is None or name not in stored.results:
        return "not simulated yet"
    row = stored.results[name]
    return f"{row['score_with']} → {row['score_without']}"


def _page(
    whole: Definition,
    mechanism: Mechanism,
    written: list[Written],
    stored: Ablations | None,
    reason: str,
    found: Sequence[bearing.Bearing],
) -> str:
    own = representatives(whole, [w for w in written if w.mechanism is mechanism])
    parts = [HEAD, "", f"# {mechanism.name}", "", f"**{mechanism.claim}**", "", f"Row of the design: {mechanism.row}; "
             f"computed once per {mechanism.scope}; code: `{mechanism.function.__module__}`.", ""]  # fmt: skip
    parts += _place(mechanism, own, written, whole)
    parts += _off(mechanism, stored, reason)
    parts += _equations(mechanism, own)
    parts += _numbers(whole, own)
    parts += _evidence(mechanism, [n.name for n in numbers_of(whole, own)])
    parts += _experiments(found)
    return "\n".join(parts).rstrip() + "\n"


Own = list[tuple[Written, str, Any]]  # what is written, one full name for it, and its expression


def representatives(whole: Definition, own: list[Written]) -> Own:
    """One equation for each port that is written: in the lumbar region, at the ending."""
    out: Own = []
    for item in own:
        names = [name for name in item.values if name.startswith(f"{REGION}.")] or list(item.values)
        if (item.port.scope != "person" and names[0].split(".")[0] != REGION and any(
            REGION in name.split(".")[0] for w in own if w.port is item.port for name in w.values
        )):  # fmt: skip
            continue
        name = names[-1]
        if all(item.port is not done.port for done, _, _ in out):
            out.append((item, name, item.values[name]))
    return out


def _place(mechanism: Mechanism, own: Own, written: list[Written], whole: Definition) -> list[str]:
    """What it reads, from whom, and who reads what it writes: a picture and its words."""
    numbers = number_symbols(whole)
    writers: dict[str, list[str]] = {}
    for w in written:
        if w.mechanism.name not in writers.setdefault(w.port.name, []):
            writers[w.port.name].append(w.mechanism.name)
    reads = sorted({_local(whole, s) for _, _, value in own for s in symbols_of([value]) if s not in numbers})
    writes = [item.port.name for item, _, _ in own]
    identifiers = {name: name.replace(".", "_") for name in writes}
    readers: dict[str, list[str]] = {
        name: sorted(m.name for m in whole.mechanisms if identifiers[name] in m.arguments and m is not mechanism)
        for name in writes
    }
    lines = ["## Its place in the chain", "", "```mermaid", "flowchart LR", f'  self(("{mechanism.name}"))']
    lines += [f'  in{i}["{name}"] --> self' for i, name in enumerate(n for n in reads if n not in writes)]
    lines += [f'  self --> out{i}["{name}"]' for i, name in enumerate(writes)]
    for i, name in enumerate(writes):
        lines += [f'  out{i} --> to_{reader.replace(".", "_")}(("{reader}"))' for reader in readers[name]]
    lines += ["```", ""]
    lines += ["It reads " + _and(
        f"`{name}` (from {_links(writers.get(name, ['']), mechanism.name)})" for name in reads if name not in writes
    ) + "."] if any(name not in writes for name in reads) else ["It reads no port of another mechanism."]  # fmt: skip
    for item, _, _ in own:
        name = item.port.name
        unit = plain_unit(item.port.unit)
        kind = "writes the rate of" if item.is_rate else "writes the value of"
        others = [other for other in sorted(writers[name]) if other != mechanism.name]
        if item.port.combine:
            company = f", with {_links(others, mechanism.name)}," if others else ""
            kind = f"contributes{company} to the {item.port.combine}"
        read_by = _links(readers[name], mechanism.name) or "a read-out only"
        lines.append(f"It {kind} `{name}` ({item.port.title}{', ' + unit if unit else ''}): {read_by}.")
    return [*lines, ""]


def _link(name: str, own: str) -> str:
    if not name:
        return "events"
    return "itself" if name == own else f"[{name}]({name}.md)"


def _links(names: Iterable[str], own: str) -> str:
    return _and(_link(name, own) for name in names)


def _and(items: Iterable[str]) -> str:
    return ", ".join(items)


def _local(whole: Definition, full: str) -> str:
    if full in whole.port:
        return full
    name = full.split(".", 1)[1] if full.split(".", 1)[0] in whole.regions else full
    return name if name in whole.port else name.rsplit(".", 1)[0]


def _off(mechanism: Mechanism, stored: Ablations | None, reason: str) -> list[str]:
    lines = ["## Switched off alone", ""]
    if stored is None or mechanism.name not in stored.results:
        return [*lines, "Not simulated yet: run `charcot docs`.", ""]
    row = stored.results[mechanism.name]
    who = {"sporadic": "sporadic patients", "sod1": "carriers of SOD1 mutations", "fus": "carriers of FUS mutations",
           "c9orf72": "carriers of the C9orf72 expansion"}[row["population"]]  # fmt: skip
    return [
        *lines,
        f"![Mean ALSFRS-R with and without {mechanism.name}]({mechanism.name}.svg)",
        "",
        f"{reason or 'No reason is written yet.'}",
        "",
        f"{row['patients']} {who}, the same people with and without it; times from the onset that each has with it.",
        "",
        "| | with it | without it |",
        "|---|--:|--:|",
        f"| ALSFRS-R at {SCORE_MONTHS:g} months (0 after death) | {row['score_with']} | {row['score_without']} |",
        f"| life after onset within ten years, months | {row['survival_with']} | {row['survival_without']} |",
        f"| muscle innervation at {SCORE_MONTHS:g} months | {row['innervation_with']} | {row['innervation_without']} |",
        f"| living motor neurons at {SCORE_MONTHS:g} months | {row['neurons_with']} | {row['neurons_without']} |",
        f"| share who fall ill | 1 | {row['onset_share_without']} |",
        "",
    ]


def _equations(mechanism: Mechanism, own: Own) -> list[str]:
    at = mechanism.text.find("Equation:")
    lines = ["## Equations", ""]
    if at >= 0:
        text = " ".join(mechanism.text[at + len("Equation:") :].split("\n\n")[0].split())
        lines += ["As a paper would have them:", "", "```text", text, "```", ""]
    lines += [f"As the code has them (in the {REGION} region where there is one per region, at the ending where there "
              "is one per class):", "", "```text"]  # fmt: skip
    for item, name, value in own:
        sign = {"": "=", "sum": "+=", "product": "*="}[item.port.combine]
        lines.append(f"{RATE if item.is_rate else ''}{name} {sign} {to_text(value, 40)}")
    return [*lines, "```", ""]


def numbers_of(whole: Definition, own: Own) -> list[Number]:
    """Its numbers: those in its equations, and the exponents, which are compiled in, from its arguments."""
    arguments = set(own[0][0].mechanism.arguments) if own else set()
    return [number for number in whole.numbers if number.name.replace(".", "_") in arguments]


def _numbers(whole: Definition, own: Own) -> list[str]:
    rows = numbers_of(whole, own)
    if not rows:
        return ["## Numbers", "", "It has no numbers of its own.", ""]
    lines = [
        "## Numbers", "",
        "The prior is what the evidence leaves open about the value (95 %); the spread between patients is another "
        "thing (SD of the natural logarithm).", "",
        "| number | what it is | value | unit | prior, 95 % | width | between patients | grade | source | note |",
        "|---|---|--:|---|---|--:|--:|---|---|---|",
    ]  # fmt: skip
    for number in rows:
        belief = evidence.prior(number)
        low, high = belief.interval()
        span = f"{number_text(low)} to {number_text(high)}" if belief.log_spread else "fixed"
        name = f"`{number.name}`" + (f" [{number.index}]" if number.index else "")
        lines.append(
            f"| {name} | {number.title} | {number_text(number.value)} | {number.unit} | {span} | "
            f"{number_text(belief.log_spread)} | {number_text(number.between_patients)} | {number.grade} | "
            f"{', '.join(number.sources)} | {number.note.replace('|', '/')} |"
        )
    return [*lines, ""]


def _evidence(mechanism: Mechanism, numbers: list[str]) -> list[str]:
    lines = ["## Evidence", ""]
    for title, keys in (("For", mechanism.sources), ("Against", mechanism.against)):
        real = [key for key in keys if key != FREE]
        lines += [f"{title}:", ""] if real else [f"{title}: none cited.", ""]
        for key in real:
            source = evidence.sources().get(key)
            read = f" Read: {source.note}" if source else ""
            lines.append(f"- {cite(key)}.{read}")
        lines += [""] if real else []
    for dispute in disputes((mechanism.name,), numbers):
        lines.append(f"Disputed (`{dispute.key}`): {dispute.claim} ({', '.join(dispute.sources_for)}). Against that: "
                     f"{dispute.counter_claim} ({', '.join(dispute.sources_against)}).")  # fmt: skip
        if dispute.selectable:
            lines.append(f"Select a side: {' or '.join(f'`--assume {side}`' for side in dispute.selectable)}.")
        lines.append("")
    return lines


SHOWN = 4  # names of what ties an experiment to a mechanism
BOARD = (
    "Verdicts are those of the stored [board](../board.md); the files themselves say how each is tied to the "
    "mechanism ([experiments.md](../experiments.md))."
)
TIES = {
    bearing.ACTS: "These act on it: an arm switches it off, or changes a number that it reads or a port that it "
    "writes; or a claim names it.",
    bearing.SHARES: "These cite a source that it cites, for or against, and no arm of theirs acts on it. A number or "
    "port beside the source: their animal line, culture or genotype changes it.",
    bearing.LINE: "The animal line, culture or genotype of these is set by numbers that it reads or ports that it "
    "writes; what they test may be something else.",
    bearing.READS: "These read a port that it writes, and are tied to it by nothing else.",
}


def _experiments(found: Sequence[bearing.Bearing]) -> list[str]:
    """Which published experiments and claims bear on it, with their verdicts; hits of a weak tie by name."""
    lines = ["## Experiments", ""]
    if not found:
        return [*lines, "No experiment or claim of the board acts on it, shares a source with it or reads what it "
                        "writes: it is tested only through the mechanisms that read it.", ""]  # fmt: skip
    lines += [f"{_tally(found)} {BOARD}", ""]
    for how, text in TIES.items():
        own = [b for b in found if b.how == how]
        if not own:
            continue
        brief = [b for b in own if b.passed] if how in (bearing.LINE, bearing.READS) else []
        lines += [text, ""]
        lines += [f"- Met ({len(brief)}): {_and(f'`{b.name}`' for b in brief)}."] if brief else []
        lines += [_experiment(b) for b in own if b not in brief]
        lines.append("")
    return lines


def _tally(found: Sequence[bearing.Bearing]) -> str:
    acting = [b for b in found if b.how == bearing.ACTS]
    rest = f"of {len(found) - len(acting)} that bear on it otherwise {sum(b.passed for b in found if b not in acting)}"
    if not acting:
        return f"No experiment or claim of the board acts on it; {rest} are met."
    return f"Of {len(acting)} experiments and claims that act on it {sum(b.passed for b in acting)} are met, {rest}."


def _experiment(b: bearing.Bearing) -> str:
    verdict = b.verdict if b.passed else f"**{b.verdict}**"
    named = [name if " " in name else f"`{name}`" for name in b.through]
    through = _and(named[:SHOWN]) + (f" and {len(named) - SHOWN} more" if len(named) > SHOWN else "")
    why = f" {b.content.reason}" if b.content.miss and not b.passed else ""
    return f"- {verdict} ({b.use}), `{b.name}`: {b.content.title}; through {through}.{why}"


def _picture(name: str, stored: Ablations) -> str:
    import pandas as pd

    from charcot.interfaces.report.charts.lines import Axes, curves
    from charcot.interfaces.report.markdown import standalone
    from charcot.interfaces.report.picture import draw

    rows = stored.curves[name]
    with_it, without = "with it", f"without {name}"
    frame = pd.DataFrame(
        [(month, value, series) for month, a, b in rows for value, series in ((a, with_it), (b, without))],
        columns=["x", "y", "series"],
    ).sort_values(["series", "x"])
    axes = Axes("Months since the onset with it", "Mean ALSFRS-R, 0 after death", y_domain=(0.0, 49.0),
                x_domain=(rows[0][0], rows[-1][0]), width=640, height=240).fitted([with_it, without])  # fmt: skip
    result = stored.results[name]
    finding = f"Two years after onset the mean ALSFRS-R is {result['score_with']} with {name} and " \
              f"{result['score_without']} without it."  # fmt: skip
    svg = draw(curves(frame, [with_it, without], axes), name.replace(".", "-"), finding, "Two curves over time.")
    return standalone(svg)
