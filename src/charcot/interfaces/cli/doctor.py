"""``charcot doctor``: is this machine ready?"""

from __future__ import annotations

import math
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import requires
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from charcot import __version__
from charcot.core.errors import EXIT_CHECK_FAILED
from charcot.interfaces import runs
from charcot.interfaces.cli.options import AsJson, worker_count
from charcot.interfaces.cli.talk import Talk
from charcot.interfaces.provenance import package_version

if TYPE_CHECKING:
    from rich.console import RenderableType

    from charcot.core.program import Program

GOOD, WARN, BAD = "ok", "look", "bad"
_LEAST_PYTHON = (3, 11)
# No index has it by name yet, so that advice names nothing to fetch.
_REINSTALL = "Install Charcot anew from its checkout or wheel: pip install --force-reinstall PATH"
_LEAST_SPACE = 500 * 1024**2
_SELF_TEST_ERROR = 1e-3
_RATE = 0.5


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    verdict: str
    detail: str
    remedy: str = ""


def doctor(as_json: AsJson = False) -> None:
    """Look at Python, packages, processor, folders and the engine, and say what is wrong."""
    talk = Talk(as_json)
    findings: list[Finding] = []
    with talk.stage("Looking at this machine"):
        for look in LOOKS:
            findings += _safely(look)
    bad = any(finding.verdict == BAD for finding in findings)
    talk.show(_table(findings), "Something needs mending." if bad else "Charcot is ready.")
    talk.data({"ok": not bad, "charcot": __version__, "findings": [asdict(finding) for finding in findings]})
    if bad:
        raise typer.Exit(EXIT_CHECK_FAILED)


def _safely(look: Callable[[], list[Finding]]) -> list[Finding]:
    """A look that breaks is itself a finding."""
    try:
        return look()
    except Exception as error:
        name = look.__name__.removeprefix("look_at_").replace("_", " ")
        return [Finding(name, BAD, f"{type(error).__name__}: {error}", _REINSTALL)]


def look_at_python() -> list[Finding]:
    fine = sys.version_info[:2] >= _LEAST_PYTHON
    remedy = "" if fine else "Charcot needs Python 3.11 or newer."
    return [Finding("Python", GOOD if fine else BAD, f"{platform.python_version()} at {sys.executable}", remedy)]


def look_at_packages() -> list[Finding]:
    """Every package that Charcot declares, and whether its version is one that Charcot accepts."""
    from packaging.requirements import Requirement

    findings = []
    for line in requires("charcot") or ():
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        found = package_version(requirement.name)
        if found == "missing":
            findings.append(Finding(requirement.name, BAD, "missing", f"pip install '{requirement.name}'"))
        elif not requirement.specifier.contains(found, prereleases=True):
            wanted = f"{requirement.name}{requirement.specifier}"
            findings.append(Finding(requirement.name, WARN, f"{found}, declared {wanted}", f"pip install '{wanted}'"))
        else:
            findings.append(Finding(requirement.name, GOOD, found))
    return findings


def look_at_processor() -> list[Finding]:
    cores = worker_count(0)
    return [Finding("Processor", GOOD, f"{platform.machine()}, {cores} of {os.cpu_count()} cores usable")]


def look_at_lanes() -> list[Finding]:
    """How many patients one core steps at once."""
    from llvmlite import binding

    from charcot.engine.compiled import kernel

    width = kernel(_decay()).sizes.width
    return [Finding("Lanes", GOOD, f"{width} patients side by side on one core ({binding.get_host_cpu_name()})")]


def look_at_cache() -> list[Finding]:
    from charcot.core.private_folder import Untrusted, private_folder
    from charcot.engine.compiled import cache_folder

    folder = cache_folder()
    try:
        with private_folder(folder):
            kernels = sum(1 for _ in folder.glob("*.kernel"))
        if _writable(folder):
            return [Finding("Cache folder", GOOD, f"{folder}, {kernels} compiled models")]
    except OSError:
        pass
    except Untrusted as error:
        remedy = "Or set CHARCOT_CACHE to a folder that you alone can write."
        return [Finding("Cache folder", WARN, f"not trusted: {error}", remedy)]
    return [Finding("Cache folder", WARN, f"{folder} cannot be written", "Set CHARCOT_CACHE to a folder of yours.")]


def look_at_folder() -> list[Finding]:
    here = Path.cwd()
    fine = _writable(here)
    remedy = "" if fine else "Go to another folder, or give --out."
    findings = [
        Finding("This folder", GOOD if fine else WARN, f"{here} {'can' if fine else 'cannot'} be written", remedy)
    ]
    for leftover in runs.leftovers(runs.DEFAULT_ROOT):
        remedy = "Its command goes on from it when given again; or delete it."
        findings.append(Finding("Unfinished run", WARN, str(leftover), remedy))
    return findings


def look_at_space() -> list[Finding]:
    free = shutil.disk_usage(Path.cwd()).free
    fine = free >= _LEAST_SPACE
    remedy = "" if fine else "Free some space: a run needs up to a few hundred megabytes."
    return [Finding("Disk space", GOOD if fine else WARN, f"{free / 1024**3:.1f} GiB free", remedy)]


def look_at_engine() -> list[Finding]:
    """Integrate a decay whose solution is known, and compare."""
    import numpy as np

    from charcot.engine import simulate

    times = np.linspace(0.0, 5.0, 6)
    result = simulate(_decay(), np.array([[_RATE]]), times)
    error = float(np.max(np.abs(result.values[0, :, 0] - np.exp(-_RATE * times))))
    fine = math.isfinite(error) and error < _SELF_TEST_ERROR
    remedy = "" if fine else "Empty the cache folder and try again."
    return [
        Finding(
            "Engine self-test", GOOD if fine else BAD, f"largest error {error:.1e} against the exact solution", remedy
        )
    ]


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _table(findings: list[Finding]) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for heading in ("What", "Verdict", "Detail", "What to do"):
        table.add_column(heading, overflow="fold")
    styles = {GOOD: "green", WARN: "yellow", BAD: "bold red"}
    for finding in findings:
        verdict = Text(finding.verdict, style=styles[finding.verdict])
        table.add_row(Text(finding.what), verdict, Text(finding.detail), Text(finding.remedy))
    return table


def _decay() -> Program:
    """dx/dt = -k x, x(0) = 1."""
    from charcot.core.expression import constant, symbol
    from charcot.core.program import Parameter, Program, Readout, State

    amount = symbol("amount")
    state = State("amount", "dimensionless", constant(1.0), -(symbol("rate") * amount))
    return Program(
        (state,), (Parameter("rate", "1/day", _RATE),), (), (Readout("amount", "dimensionless", amount),), "self-test"
    )


LOOKS = (
    look_at_python,
    look_at_packages,
    look_at_processor,
    look_at_lanes,
    look_at_cache,
    look_at_folder,
    look_at_space,
    look_at_engine,
)
