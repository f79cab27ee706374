"""How fast is the engine, and how exact, next to other engines on the same problems in the same run?

    python benchmarks/engine.py --quick                      # the disease model, two minutes
    python benchmarks/engine.py --json out.json --plot docs/work-precision.svg
    python benchmarks/engine.py --python amici_cvodes=/path/to/python --peers charcot_engine amici_cvodes
    python benchmarks/engine.py --scaling                    # cost from a thousand to a hundred thousand patients

Every engine runs in a process of its own, on one core (numerical libraries are held to one thread), with time counted
as processor time, so that other work on the machine does not count. Each sweeps tolerances; the error of a run is the
largest over patients, states and output times of |y - reference| / (1e-3 scale + |reference|), the reference being the
engine at 1e-10. Speeds are compared where our error is no worse than the peer's (:mod:`matched`). A peer that is not
installed is named with the command that installs it.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bounds
import matched
import numpy as np
import problems
from peers.problem import Problem
from peers.run import ABSENT

from charcot.engine import simulate

HERE = Path(__file__).parent
OURS = "charcot_engine"
PEERS = {  # module -> name and how to install, known without importing it
    OURS: ("Charcot", ""),
    "libroadrunner": ("libRoadRunner", "pip install libroadrunner"),
    "amici_cvodes": ("AMICI", "see benchmarks/peers/amici_cvodes.py; --python amici_cvodes=<its python>"),
    "casadi_cvodes": ("CasADi CVODES", "pip install casadi"),
    "sundae_cvode": ("scikit-sundae CVODE", "pip install scikit-sundae"),
    "scipy_lsoda": ("SciPy LSODA", "pip install scipy"),
    "scipy_bdf": ("SciPy BDF", "pip install scipy"),
    "diffrax_kvaerno5": ("diffrax Kvaerno5", "pip install diffrax; --python diffrax_kvaerno5=<its python>"),
}
# Fine, so that a run can be found whose error is just below a peer's.
OWN_TOLERANCES = [1e-2, 5e-3, 3e-3, 2e-3, 1e-3, 7e-4, 5e-4, 3e-4, 2e-4, 1e-4, 3e-5, 1e-5, 1e-6]
TOLERANCES = [1e-3, 1e-4, 1e-5, 1e-6]
TIGHT_PEERS = {"sundae_cvode": [*TOLERANCES, 1e-8]}
# XLA does not finish to compile larger systems of implicit stages in minutes: diffrax is asked for what it can do.
MOST_STATES = {"diffrax_kvaerno5": 60}
PATIENCE = 8  # wall time over processor time at which a peer is given up, for a machine that has other work


def run_peer(
    peer: str, folder: Path, few: int, budget: float, limit: float, pythons: dict[str, str], size: int
) -> dict[str, Any]:
    """What one peer measured on one problem, or a note on why it did not."""
    name, install = PEERS[peer]
    if size > MOST_STATES.get(peer, size):
        return {"peer": name, "note": f"left out above {MOST_STATES[peer]} states: does not compile in minutes"}
    out = folder / f"{peer}.json"
    tolerances = OWN_TOLERANCES if peer == OURS else TIGHT_PEERS.get(peer, TOLERANCES)
    command = [pythons.get(peer, sys.executable), str(HERE / "peers" / "run.py"), peer, str(folder), str(out)]
    command += ["--few", str(few), "--budget", str(budget), "--limit", str(int(limit))]
    command += ["--tolerances", *(str(t) for t in tolerances)]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    environment = {**os.environ, **threads, "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false"}
    if peer in pythons:  # an environment of its own must not see ours
        environment.pop("PYTHONPATH", None)
        environment["PATH"] = f"{Path(pythons[peer]).parent}{os.pathsep}{environment['PATH']}"
    note, begin = "", time.perf_counter()
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE * limit, env=environment, check=False
        )
        if done.returncode == ABSENT:
            note = f"not installed: {install}"
        elif done.returncode == -signal.SIGXCPU:
            note = f"stopped after {limit:.0f} s of processor time"
        elif done.returncode:
            note = f"failed: {(done.stderr.strip().splitlines() or ['no message'])[-1][:200]}"
    except subprocess.TimeoutExpired:
        note = f"stopped after {PATIENCE * limit:.0f} s"
    measured = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {"points": []}
    return {"peer": name, **measured, "wall_s": time.perf_counter() - begin, **({"note": note} if note else {})}


def measure(name: str, given: argparse.Namespace, peak: bounds.Peaks) -> dict[str, Any]:
    """One problem, all peers."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        problem = problems.save(problems.build(name, given.patients), folder, given.few)
        report: dict[str, Any] = {"problem": name, "states": len(problem.states), "peers": {}}
        for peer in given.peers:
            found = run_peer(peer, folder, given.few, given.budget, given.limit, given.python, len(problem.states))
            report["peers"][peer] = found
            say(f"  {name}: {line_of(found)}")
        if OURS in report["peers"] and report["peers"][OURS].get("points"):
            report["bounds"] = shares(problem, report["peers"][OURS], peak)
    compare(report)
    return report


def shares(problem: Problem, ours: dict[str, Any], peak: bounds.Peaks) -> dict[str, Any]:
    """The share of the machine's bounds that a pack-step reaches, and where its time goes."""
    program = problems.program_of(problem)
    counted = bounds.operations(program)
    took = min(point["microseconds_per_pack_step"] for point in ours["points"])
    compute = 1e-3 * (counted["arithmetic"] + counted["divide"]) / peak.multiply_adds
    memory = 1e-3 * (counted["load"] + counted["store"]) / peak.loads
    return {
        "operations": dict(counted),
        "fma_bound_us": compute,
        "l2_bound_us": memory,
        "pack_step_us": took,
        "share_of_fma_bound": compute / took,
        "share_of_l2_bound": memory / took,
        "phases_us": bounds.phases(program, problem.table),
    }


def compare(report: dict[str, Any]) -> None:
    """Add to each peer the ratios of speeds at matched error."""
    ours = report["peers"].get(OURS, {}).get("points", [])
    for peer, found in report["peers"].items():
        if peer == OURS or not found.get("points"):
            continue
        for label, choose in (("matched", matched.headline), ("matched_least", matched.smallest)):
            match = choose(ours, found["points"])
            if match is not None:
                found[label] = {
                    "ratio": match.ratio,
                    "peer": {k: match.peer[k] for k in ("tolerance", "error", "patients_per_s")},
                    "ours": {k: match.ours[k] for k in ("tolerance", "error", "patients_per_s")},
                }


def line_of(found: dict[str, Any]) -> str:
    """One line on what a peer did."""
    points = ", ".join(
        f"{p['tolerance']:.0e}: {p['patients_per_s']:.3g}/s ({p['error']:.0e})" for p in found.get("points", [])
    )
    note = f" [{found['note']}]" if found.get("note") else ""
    setup = f" set up in {found['setup_s']:.1f} s;" if "setup_s" in found else ""
    return f"{found['peer']:20}{setup} {points}{note}"


def table_of(reports: Sequence[dict[str, Any]]) -> str:
    """The results as a table in Markdown: speed at matched error."""
    rows = [
        "| problem | engine | patients/s | error | Charcot there | its error | ratio | least ratio | set-up s | MB |"
    ]
    rows.append("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    for report in reports:
        for found in report["peers"].values():
            setup = f"{found['setup_s']:.1f}" if "setup_s" in found else "–"
            memory = f"{found['memory_mb']:.0f}" if "memory_mb" in found else "–"
            match, least = found.get("matched"), found.get("matched_least")
            if match and least:
                peer, own = match["peer"], match["ours"]
                cells = f"{peer['patients_per_s']:.3g} | {peer['error']:.0e} | "
                cells += f"{own['patients_per_s']:.0f} | {own['error']:.0e}"
                ratios = f"**{match['ratio']:.0f}** | {least['ratio']:.0f}"
                rows.append(f"| {report['problem']} | {found['peer']} | {cells} | {ratios} | {setup} | {memory} |")
            elif found["peer"] == PEERS[OURS][0] and found.get("points"):
                best = matched.match(found["points"], {"error": matched.USEFUL, "patients_per_s": 1.0})
                cells = f"{best.ours['patients_per_s']:.0f} | {best.ours['error']:.0e}" if best else "– | –"
                rows.append(f"| {report['problem']} | Charcot | {cells} | | | | | {setup} | {memory} |")
            else:
                why = found.get("note") or "nothing at a comparable error"
                rows.append(f"| {report['problem']} | {found['peer']} | {why} | | | | | | {setup} | {memory} |")
    return "\n".join(rows)


def scaling(problem: str, counts: Sequence[int]) -> list[dict[str, Any]]:
    """Processor time per patient in ensembles of different size, undosed, with one output at the end."""
    benchmark = problems.build(problem, min(counts))
    one = benchmark.program.readout_names[:1]
    simulate(benchmark.program, benchmark.table[:8], problems.TIMES[-1:], readouts=one)  # compiled before it is timed
    out: list[dict[str, Any]] = []
    for count in counts:
        table = np.resize(benchmark.table, (count, benchmark.table.shape[1]))
        begin = time.process_time()
        simulate(benchmark.program, table, problems.TIMES[-1:], readouts=one, tolerance=1e-3)
        each = 1e3 * (time.process_time() - begin) / count
        out.append({"problem": problem, "patients": count, "milliseconds_per_patient": each})
        say(f"{problem}: {count} patients, {each:.3f} ms each")
    return out


def draw(reports: Sequence[dict[str, Any]], path: Path) -> None:
    """The work-precision diagram of the disease model: patients per second against error, one panel per dosing."""
    import altair as alt
    import pandas as pd
    import vl_convert

    rows = [
        {
            "problem": report["problem"].replace("als-", "").replace("-", ", "),
            "engine": found["peer"],
            "error": point["error"],
            "speed": point["patients_per_s"],
        }
        for report in reports
        if report["problem"].startswith("als")
        for found in report["peers"].values()
        for point in found.get("points", [])
        if math.isfinite(point["error"])
    ]
    order = [name for name, _ in PEERS.values()]
    chart = (
        alt.Chart(pd.DataFrame(rows))
        .mark_line(point=alt.OverlayMarkDef(size=45), strokeWidth=1.8)
        .encode(
            x=alt.X("error:Q", scale=alt.Scale(type="log", reverse=True), title="Largest error (smaller to the right)",
                    axis=alt.Axis(format="~e", tickCount=5)),
            y=alt.Y("speed:Q", scale=alt.Scale(type="log"), title="Patients per second, one core"),
            color=alt.Color("engine:N", sort=order, title=None),
            order=alt.Order("error:Q"),
        )
        .properties(width=250, height=260)
        .facet(column=alt.Column("problem:N", sort=["undosed", "monthly", "daily"], title=None))
    )  # fmt: skip
    text = chart.to_json()
    if path.suffix == ".png":
        path.write_bytes(vl_convert.vegalite_to_png(text, scale=2))
    else:
        path.write_text(vl_convert.vegalite_to_svg(text), encoding="utf-8")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def machine(peak: bounds.Peaks) -> dict[str, Any]:
    """The machine, without its name."""
    import llvmlite.binding as llvm

    return {
        "processor": llvm.get_host_cpu_name(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "lanes": peak.width,
        "vector_fma_per_ns": peak.multiply_adds,
        "vector_l2_loads_per_ns": peak.loads,
    }


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the numbers here")
    parser.add_argument("--plot", metavar="FILE", type=Path, help="draw the work-precision diagram (.svg or .png)")
    parser.add_argument("--read", metavar="FILE", type=Path, help="no runs: the table and the diagram of this JSON")
    parser.add_argument("--quick", action="store_true", help="the disease model only, one patient for each peer")
    parser.add_argument("--scaling", action="store_true", help="also time 1,000 to 100,000 patients")
    parser.add_argument("--problems", nargs="+", help="such as als-daily synthetic148-monthly")
    parser.add_argument("--peers", nargs="+", choices=list(PEERS), help="these only")
    parser.add_argument("--python", action="append", default=[], metavar="PEER=PATH", help="a peer's own Python")
    parser.add_argument("--patients", type=int, default=2048, help="in each ensemble of the engine")
    parser.add_argument("--few", type=int, default=2, help="patients that a peer is given")
    parser.add_argument("--budget", type=float, default=8.0, help="seconds of a peer on a problem")
    parser.add_argument("--limit", type=float, default=60.0, help="processor seconds after which a peer is stopped")
    given = parser.parse_args(arguments)
    given.python = dict(entry.split("=", 1) for entry in given.python)
    if given.quick:
        given.problems = given.problems or ["als-undosed", "als-daily"]
        given.peers = given.peers or [OURS, "libroadrunner", "casadi_cvodes", "sundae_cvode"]
        given.few, given.budget, given.patients = 1, 2.0, min(given.patients, 256)
    given.problems = given.problems or [f"{model}-{dosing}" for model in problems.MODELS for dosing in problems.DOSING]
    given.peers = given.peers or list(PEERS)
    return given


def main() -> None:
    given = parse()
    if given.read:
        measured = json.loads(given.read.read_text(encoding="utf-8"))["problems"]
        for report in measured:
            compare(report)
        print(table_of(measured))
        if given.plot:
            draw(measured, given.plot)
        return
    peak = bounds.peaks()
    content: dict[str, Any] = {"machine": machine(peak), "problems": []}
    for name in given.problems:
        content["problems"].append(measure(name, given, peak))
        if given.json:  # after every problem: a run that is stopped has said what it measured
            given.json.write_text(json.dumps(content, indent=1), encoding="utf-8")
    if given.scaling:
        content["scaling"] = scaling("synthetic48-undosed", [1_000, 10_000, 100_000])
        content["scaling"] += scaling("als-undosed", [1_000, 10_000, 100_000])
    print(table_of(content["problems"]))
    if given.json:
        given.json.write_text(json.dumps(content, indent=1), encoding="utf-8")
    if given.plot:
        draw(content["problems"], given.plot)


if __name__ == "__main__":
    main()
