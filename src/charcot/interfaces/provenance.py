"""What made a run: versions, hashes, command, date. The same inputs give the same manifest but for date and time."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from charcot import __version__
from charcot.core.hashing import code_hash

PACKAGES = ("numpy", "llvmlite", "scipy", "pandas", "pyarrow", "lifelines", "pydantic")


def versions() -> dict[str, str]:
    """Charcot, its code, Python and the packages that a number can depend on."""
    return {"charcot": __version__, "code": code_hash(), "python": platform.python_version()} | {
        p: package_version(p) for p in PACKAGES
    }


def package_version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def manifest(
    identity: Mapping[str, object], *, seconds: float, workers: int, failures: Mapping[str, int], files: list[str]
) -> dict[str, object]:
    """The manifest of one run. ``identity`` is what the folder's name is the hash of."""
    return {
        **identity,
        "command": " ".join(["charcot", *sys.argv[1:]]),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "wall_time_seconds": round(seconds, 2),
        "workers": workers,
        "machine": f"{platform.system()} {platform.machine()}",
        "failures": {"total": sum(failures.values()), **failures},
        "files": files,
    }
