"""Run folders: ``runs/<slug>-<12 hex of what went in>/``, written whole or not at all, never written over."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charcot.core.errors import CharcotError
from charcot.core.hashing import hash_json

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_ROOT = Path("runs")
PARTIAL = ".partial-"
_NO_WORD = re.compile(r"[^a-z0-9]+")


class CannotWrite(CharcotError):
    """A run folder cannot be made where it was asked for."""


MANIFEST = "manifest.json"  # written last: a folder without it is no finished run


def slug(text: str) -> str:
    """``MCI186-19 (edaravone)`` becomes ``mci186-19-edaravone``."""
    return _NO_WORD.sub("-", text.lower()).strip("-")[:48].strip("-") or "run"


def run_name(title: str, content: Mapping[str, Any]) -> str:
    """The folder's name: the same content always has the same name."""
    return f"{slug(title)}-{hash_json(dict(content), 12)}"


def place_for(root: Path, name: str, *, force_new: bool) -> tuple[Path, bool]:
    """Where the run goes, and whether an identical run is there already.

    With ``force_new`` the first free ``-2``, ``-3``, ... is taken beside an existing run.
    """
    target = root / name
    if not target.exists():
        return target, False
    if not force_new:
        if not (target / MANIFEST).is_file():
            raise CannotWrite(f"{target} is in the way and is no finished run: move it, or use --force-new.")
        return target, True
    number = 2
    while (root / f"{name}-{number}").exists():
        number += 1
    return root / f"{name}-{number}", False


@contextlib.contextmanager
def writing(target: Path) -> Iterator[Path]:
    """A folder to write into, beside ``target`` and renamed to it at the end.

    Whatever goes wrong inside (an error, Ctrl-C, a full disk), nothing of the unfinished folder stays, nor any parent
    folder that was made for it.
    """
    made = _make_parents(target)
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}{PARTIAL}", dir=target.parent))
    except OSError:
        _forget(made)
        raise
    try:
        folder.chmod(0o777 & ~_umask())
        yield folder
        _move(folder, target)
    except BaseException:
        with _no_interruption():
            shutil.rmtree(folder, ignore_errors=True)
            _forget(made)
        raise


def _make_parents(target: Path) -> list[Path]:
    """Make the missing parents of ``target``; returns those made, innermost first."""
    missing = [parent for parent in target.parents if not parent.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise CannotWrite(f"{target.parent} cannot be a folder: a file of that name is in the way.") from None
    except PermissionError:
        _forget(missing)
        raise CannotWrite(f"{target.parent} cannot be written: choose another place with --out.") from None
    return missing


def _forget(folders: list[Path]) -> None:
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _move(folder: Path, target: Path) -> None:
    if target.exists():
        raise CannotWrite(
            f"{target} appeared meanwhile and was left as it is; run again with --force-new to keep both."
        )
    folder.rename(target)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextlib.contextmanager
def _no_interruption() -> Iterator[None]:
    """Clean up in peace: a second Ctrl-C waits until it is done (signals belong to the main thread)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def leftovers(root: Path) -> list[Path]:
    """Unfinished folders of runs that were killed and could not clean up."""
    return sorted(root.glob(f".*{PARTIAL}*")) if root.is_dir() else []


def write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(jsonable(content), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_yaml(path: Path, content: Mapping[str, Any]) -> None:
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(jsonable(content), file)


def write_tables(folder: Path, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """One Parquet file per table; returns the file names."""
    folder.mkdir()
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet", index=False)
    return [f"{folder.name}/{name}.parquet" for name in tables]


def jsonable(value: Any) -> Any:
    """Plain JSON values: NaN and infinities become null and words, because JSON has no such numbers."""
    import numpy as np

    if isinstance(value, Mapping):
        return {str(k): jsonable(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset | np.ndarray):
        return [jsonable(v) for v in value]
    if isinstance(value, np.generic):
        return jsonable(value.item())
    if isinstance(value, float):
        return value if np.isfinite(value) else None if value != value else ("inf" if value > 0 else "-inf")
    if value is None or isinstance(value, str | int | bool):
        return value
    if hasattr(value, "to_dict"):
        return jsonable(value.to_dict("records"))
    return str(value)
