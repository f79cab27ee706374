"""What does a patient cost: time, memory, disk; on one and two workers, threads and dask processes; up to 10^9?

    python benchmarks/scaling.py                      # minutes; tables on stdout
    python benchmarks/scaling.py --most 100000 --json scaling.json

Every measurement is a ``charcot population`` run in its own process, with the kernel compiled before. ``cpu`` counts
all processes of the run, and is the figure to trust on a machine that does other work as well; ``start`` is what a run
of 10 patients takes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

CHARCOT = [sys.executable, "-m", "charcot.interfaces.cli.main", "population", "sporadic"]
GLANCE = 0.1  # seconds between two looks at the memory
SECONDS_PER_HOUR = 3600.0
SIZES = (10**6, 10**7, 10**8, 10**9)
CORES = (2, 64, 1024, 10_000)


def measure(patients: int, *options: str) -> dict[str, Any]:
    """One run: wall and processor seconds, peak memory of all its processes together, bytes on disk."""
    with tempfile.TemporaryDirectory() as place:
        began = time.monotonic()
        process = subprocess.Popen(
            [*CHARCOT, "-n", str(patients), *options], cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        peak = 0
        while process.poll() is None:
            peak = max(peak, _memory(process.pid))
            time.sleep(GLANCE)
        wall = time.monotonic() - began
        told = process.stderr.read().decode() if process.stderr else ""
        if process.returncode:
            raise SystemExit(f"the run failed:\n{told}")
        (folder,) = (Path(place) / "runs").iterdir()
        disk = sum(p.stat().st_size for p in (folder / "patients").iterdir())
        rate = re.search(r"patients in .*: ([\d,.]+)/s", told)
        return {
            "patients": patients,
            "options": " ".join(options),
            "wall_seconds": round(wall, 2),
            "patients_per_second": float(rate.group(1).replace(",", "")) if rate else None,
            "peak_MiB": round(peak / 2**20),
            "bytes_per_patient": round(disk / patients, 1),
        }


def _memory(pid: int) -> int:
    try:
        root = psutil.Process(pid)
        return sum(p.memory_info().rss for p in (root, *root.children(recursive=True)))
    except psutil.Error:
        return 0


def processor_seconds() -> float:
    """Of all finished children so far."""
    times = os.times()
    return times.children_user + times.children_system


def measured(patients: int, *options: str) -> dict[str, Any]:
    before = processor_seconds()
    row = measure(patients, *options)
    row["cpu_seconds"] = round(processor_seconds() - before, 2)
    show(row)
    return row


def show(row: dict[str, Any]) -> None:
    print("  " + "  ".join(f"{name} {value}" for name, value in row.items()), flush=True)


def extrapolated(cpu_per_patient: float, bytes_per_patient: float, efficiency: float) -> list[dict[str, Any]]:
    """Hours on so many cores: patients x processor time / (cores x efficiency); see docs/clusters.md for what it
    assumes."""
    return [
        {
            "patients": n,
            **{
                f"hours_on_{c}_cores": round(n * cpu_per_patient / (c * efficiency) / SECONDS_PER_HOUR, 2)
                for c in CORES
            },
            "GB_on_disk": round(n * bytes_per_patient / 1e9, 1),
        }
        for n in SIZES
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--horizon", default="30 years")
    parser.add_argument("--workers-patients", type=int, default=4000, help="patients of the runs on 1 and 2 workers")
    parser.add_argument("--most", type=int, default=10_000, help="the largest run of the test of linearity")
    parser.add_argument("--linear-horizon", default="1 year", help="the horizon of the test of linearity")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print("start-up")
    start = measured(10, "--workers", "1")
    print(f"workers, {asked.workers_patients:,} patients, {asked.horizon}")
    workers = [
        measured(asked.workers_patients, "--horizon", asked.horizon, "--chunk", "500", "--workers", str(count), *more)
        for more in ((), ("--scheduler", "local"))
        for count in (1, 2)
    ]
    print(f"linearity, {asked.linear_horizon}")
    sizes = [10**k for k in range(2, 10) if 10**k <= asked.most]
    linear = [measured(n, "--horizon", asked.linear_horizon, "--workers", "2") for n in sizes]
    for row in linear:
        own = 1e3 * (row["cpu_seconds"] - start["cpu_seconds"]) / row["patients"]
        print(f"  {row['patients']:>9,} patients: {own:.2f} ms of processor time each beyond the start-up")
    cost = (workers[0]["cpu_seconds"] - start["cpu_seconds"]) / asked.workers_patients
    print(f"extrapolated from {1e3 * cost:.2f} ms of processor time per patient, {asked.horizon}, efficiency 0.9")
    far = extrapolated(cost, workers[0]["bytes_per_patient"], 0.9)
    for row in far:
        show(row)
    if asked.json:
        found = {"start": start, "workers": workers, "linear": linear, "cpu_per_patient": cost, "extrapolated": far}
        asked.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
