"""Run folders: ``runs/<slug>-<12 hex of what went in>/``, written whole or not at all, never written over.

While a run is made, a hidden folder stands beside its place::

    .<name>.unfinished/lock      held by the process that makes the run, and given up by it however it dies
    .<name>.unfinished/pieces/   what is computed so far; it outlives an interruption, and the next run takes it up
    .<name>.unfinished/run/      the run folder itself, until it is whole and renamed
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from charcot.core import locks
from charcot.core.errors import CharcotError
from charcot.core.hashing import hash_json
from charcot.core.pieces import Pieces

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_ROOT = Path("runs")
UNFINISHED, FORMER = ".unfinished", ".partial-"
LOCK, PIECES, RUN = "lock", "pieces", "run"
PIECES_AGE, FORMER_AGE = 30 * 86400.0, 2 * 86400.0  # seconds
POLITE = ("SIGINT", "SIGTERM", "SIGHUP")  # signals that ask a process to end
_NO_WORD = re.compile(r"[^a-z0-9]+")


class CannotWrite(CharcotError):
    """A run folder cannot be made where it was asked for."""


MANIFEST = "manifest.json"  # written last: a folder without it is no finished run


def slug(text: str) -> str:
    """``MCI186-19 (edaravone)`` becomes ``mci186-19-edaravone``."""
    return _NO_WORD.sub("-", text.lower()).strip("-")[:48].strip("-") or "run"


def run_name(title: str, content: Mapping[str, object]) -> str:
    """The folder's name: the same content always has the same name."""
    return f"{slug(title)}-{hash_json(dict(content), 12)}"


def place_for(root: Path, name: str, *, force_new: bool) -> tuple[Path, bool]:
    """Where the run goes, and whether an identical run is there already.

    With ``force_new`` the first free ``-2``, ``-3``, ... is taken beside an existing run, or one in the making.
    """
    target = root / name
    try:
        if not target.exists() and not (force_new and _in_the_making(target)):
            return target, False
    except OSError as error:  # such as a name that is too long
        raise _cannot_write(root, error) from None
    if not force_new:
        if not (target / MANIFEST).is_file():
            raise CannotWrite(f"{target} is in the way and is no finished run: move it, or use --force-new.")
        return target, True
    number = 2
    while (place := root / f"{name}-{number}").exists() or _in_the_making(place):
        number += 1
    return place, False


def _in_the_making(target: Path) -> bool:
    """Whether another process is making ``target`` now."""
    try:
        descriptor, _ = locks.take(unfinished_place(target) / LOCK)
    except locks.Held:
        return True
    except OSError:
        return False
    os.close(descriptor)
    return False


@contextlib.contextmanager
def making(target: Path) -> Iterator[Making]:
    """Make the run folder ``target``, nobody else at the same time.

    Whatever goes wrong inside, nothing of an unfinished run folder stays. Its finished pieces do, unless the same would
    happen again (a :class:`CharcotError` that is not ``resumable``): the same run goes on from them, and a note on the
    exception says so. Where there are none, no parent folder that was made for them stays either.
    """
    made = _make_parents(target)
    one = Making(target)
    try:
        one.begin()
        yield one
    except BaseException as error:
        with _no_interruption():
            one.end(worthless=isinstance(error, CharcotError) and not error.resumable)
            _forget(made)
        if kept := one.kept():
            error.add_note(f"Finished and kept: {kept}. The same command goes on from there.")
        raise
    with _no_interruption():
        one.end(worthless=True)


@contextlib.contextmanager
def writing(target: Path) -> Iterator[Path]:
    """A folder to write into, beside ``target`` and renamed to it at the end; nothing of it stays if that fails."""
    with making(target) as one, one.writing() as folder:
        yield folder


class Making:
    """A run folder in the making."""

    def __init__(self, target: Path) -> None:
        self.target, self.place = target, unfinished_place(target)
        self.pieces = Pieces(self.place / PIECES)
        self._lock: int | None = None

    def begin(self) -> None:
        """Take the place; raises :class:`CannotWrite` when another process has it."""
        while self._lock is None:
            try:
                self.place.mkdir(mode=0o700, exist_ok=True)
            except OSError as error:
                raise _cannot_write(self.target.parent, error) from None
            try:
                self._lock, _ = locks.take(self.place / LOCK)
            except FileNotFoundError:  # the place was removed meanwhile
                continue
            except locks.Held:
                raise CannotWrite(f"another process is making {self.target} now: wait for it.") from None
            except OSError as error:
                raise _cannot_write(self.target.parent, error) from None
        _open.append(self)
        remove(self.place / RUN)  # of a process that was killed

    @contextlib.contextmanager
    def writing(self) -> Iterator[Path]:
        """The folder to write into; it appears as the target at the end."""
        folder = self.place / RUN
        folder.mkdir()
        yield folder
        _move(folder, self.target)

    def kept(self) -> str:
        """What there is of pieces, in words (``12 replicates``); empty where there are none."""
        return ", ".join(
            f"{count:,} {kind if count > 1 else kind.removesuffix('s')}" for kind, count in self.pieces.counts().items()
        )

    def end(self, *, worthless: bool) -> None:
        """Let go of the place: pieces that may be of worth stay, nothing else does."""
        if self._lock is None:  # another has it, or it could not be made
            with contextlib.suppress(OSError):
                self.place.rmdir()
            return
        remove(self.place / RUN)
        if worthless or not self.kept():
            remove(self.place)
        os.close(self._lock)
        self._lock = None
        _open.remove(self)


_open: list[Making] = []  # what this process is making


def abandon() -> None:
    """At the very end of a process that does not end by itself: leave of its unfinished runs what can be taken up."""
    for one in list(_open):
        with contextlib.suppress(Exception):  # the thread that makes it may be at the same work
            one.end(worthless=False)


def unfinished_place(target: Path) -> Path:
    """The hidden folder of a run in the making."""
    return target.with_name(f".{target.name}{UNFINISHED}")


def sweep(root: Path) -> None:
    """Remove what killed processes left in ``root``, where it is certain that none of them lives.

    A lock that can be taken is the proof. The pieces of an unfinished run stay, so that it can be taken up, until the
    run is there or they have not been touched for a month.
    """
    for place in root.glob(f".*{UNFINISHED}"):
        try:
            descriptor, certain = locks.take(place / LOCK)
        except (locks.Held, OSError):
            continue
        try:
            if certain:
                _sweep_one(place)
        finally:
            os.close(descriptor)
    for place in root.glob(f".*{FORMER}*"):  # as earlier versions called it: without a lock, only age is a proof
        with contextlib.suppress(OSError):
            if time.time() - place.stat().st_mtime > FORMER_AGE:
                remove(place)


def _sweep_one(place: Path) -> None:
    remove(place / RUN)
    target = place.with_name(place.name.removeprefix(".").removesuffix(UNFINISHED))
    pieces = place / PIECES
    with contextlib.suppress(OSError):
        fresh = pieces.is_dir() and any(pieces.iterdir()) and time.time() - pieces.stat().st_mtime < PIECES_AGE
        if not fresh or (target / MANIFEST).is_file():
            remove(place)


def remove(folder: Path) -> None:
    """Remove a folder with all that is in it; what cannot be removed stays."""
    shutil.rmtree(folder, ignore_errors=True)


def _make_parents(target: Path) -> list[Path]:
    """Make the missing parents of ``target``; returns those made, innermost first."""
    missing: list[Path] = []
    try:
        missing += (parent for parent in target.parents if not parent.exists())
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _forget(missing)
        raise _cannot_write(target.parent, error) from None
    return missing


def _cannot_write(folder: Path, error: OSError) -> CannotWrite:
    if isinstance(error, FileExistsError | NotADirectoryError):
        return CannotWrite(f"{folder} cannot be a folder: a file of that name is in the way.")
    return CannotWrite(f"{folder} cannot be written ({error.strerror}): choose another place.")


def check_places(folders: Iterable[Path | None] = (), files: Iterable[Path | None] = ()) -> None:
    """Make sure that results can be written where they are wanted, before hours are spent on them.

    ``folders`` are made where they are missing, the folders of ``files`` are not. Raises :class:`CannotWrite`.
    """
    for folder in folders:
        if folder is not None:
            _make_parents(folder / "anything")
            _try(folder)
    for file in files:
        if file is not None:
            _try(file.parent)
            try:
                is_folder = file.is_dir()
            except OSError as error:  # such as a name that is too long
                raise _cannot_write(file, error) from None
            if is_folder:
                raise CannotWrite(f"{file} is a folder: name a file in it.")


def _try(folder: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _cannot_write(folder, error) from None


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


@contextlib.contextmanager
def _no_interruption() -> Iterator[None]:
    """Clean up in peace: no second signal disturbs it (signals belong to the main thread)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in POLITE if hasattr(signal, name)]
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)


def leftovers(root: Path) -> list[Path]:
    """Unfinished folders of runs that were interrupted or killed, or that are being made."""
    if not root.is_dir():
        return []
    return sorted([*root.glob(f".*{UNFINISHED}"), *root.glob(f".*{FORMER}*")])


def write_text(path: Path, text: str) -> None:
    """Write a file that is there whole or not at all; a pipe, a device or a link is written to as it is."""
    from charcot.engine.campaign.files import appearing

    if path.is_symlink() or (path.exists() and not path.is_file()):
        path.write_text(text, encoding="utf-8")
        return
    with appearing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(jsonable(content), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_yaml(path: Path, content: Mapping[str, object]) -> None:
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(jsonable(content), file)


def write_tables(folder: Path, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """One Parquet file per table, and one in CSV beside it of those in ADaM's shape; returns the file names."""
    folder.mkdir()
    names = []
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet", index=False)
        names.append(f"{folder.name}/{name}.parquet")
        if name.isupper():  # ADaM's names, which no other table has
            table.to_csv(folder / f"{name}.csv", index=False)
            names.append(f"{folder.name}/{name}.csv")
    return names


def jsonable(value: object) -> object:
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
