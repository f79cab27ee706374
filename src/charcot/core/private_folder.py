"""A folder of files that are trusted as much as the program itself, because nobody else can have put them there.

Whoever can write a file that a process loads as machine code runs code in that process. So a folder of such files, and
each file in it, must belong to this user and be writable by nobody else, and no folder above may let others swap it
for another one. Everything is asked of the opened file itself, never of its name, so that nothing can change between
the question and the reading. Administrators (user 0) are trusted with the folders above: they can change everything.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
KNOWS_OWNERS = hasattr(os, "geteuid")  # elsewhere (Windows) a user's folders are private by their place
_LINKS = 40  # as many links as the system itself follows
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | _NO_FOLLOW


class Untrusted(Exception):
    """Others may have written this file or folder; the text says what is wrong with it and what to do."""


class PrivateFolder:
    """The files of a trusted folder, by name."""

    def __init__(self, path: Path, descriptor: int | None) -> None:
        self.path, self._descriptor = path, descriptor

    def read(self, name: str) -> bytes:
        """The content of a file; raises :class:`Untrusted`, or :class:`OSError` when there is none."""
        # without waiting, since a pipe in the place of a file would otherwise never open
        flags = os.O_RDONLY | _NO_FOLLOW | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        place = self.path / name
        try:
            descriptor = os.open(self._at(name), flags, dir_fd=self._descriptor)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise Untrusted(f"{place} is a link: delete it.") from None
            raise
        with os.fdopen(descriptor, "rb") as file:
            if KNOWS_OWNERS:
                _check_own(os.fstat(descriptor), place, folder=False)
            return file.read()

    def write(self, name: str, content: bytes) -> None:
        """Store a file so that a reader sees all of it or nothing; raises :class:`OSError`."""
        temporary = f"{name}.{secrets.token_hex(6)}.part"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | getattr(os, "O_BINARY", 0)
        descriptor = os.open(self._at(temporary), flags, PRIVATE_FILE, dir_fd=self._descriptor)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            here = self._descriptor
            os.replace(self._at(temporary), self._at(name), src_dir_fd=here, dst_dir_fd=here)
        except OSError:
            os.unlink(self._at(temporary), dir_fd=self._descriptor)
            raise

    def _at(self, name: str) -> str:
        return name if self._descriptor is not None else str(self.path / name)


@contextlib.contextmanager
def private_folder(path: Path) -> Iterator[PrivateFolder]:
    """The folder at ``path``, made (mode 0700) where it is missing.

    Raises:
        Untrusted: others may write in it, or swap it for another.
        OSError: it cannot be made or opened.
    """
    if not KNOWS_OWNERS:
        path.mkdir(parents=True, exist_ok=True)
        yield PrivateFolder(path, None)
        return
    descriptor = _walk(Path(os.path.abspath(path)))
    try:
        yield PrivateFolder(path, descriptor)
    finally:
        os.close(descriptor)


def _walk(path: Path) -> int:
    """A descriptor of the folder at ``path``, reached step by step from the root; the caller closes it."""
    waiting, links, place = list(path.parts[:0:-1]), 0, Path(path.anchor)
    here = os.open(place, _FOLDER)
    try:
        while waiting:
            _check_above(os.fstat(here), place)
            name = waiting.pop()
            target = _link(name, here, place)
            if target is None:
                here, place = _step(name, here), place / name
                continue
            links += 1
            if links > _LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
            if target.is_absolute():
                place = Path(target.anchor)
                here = _instead(here, os.open(place, _FOLDER))
            waiting += [part for part in reversed(target.parts) if part != target.anchor]
        _check_own(os.fstat(here), place, folder=True)
    except BaseException:
        os.close(here)
        raise
    return here


def _link(name: str, here: int, place: Path) -> Path | None:
    """Where a name leads to when it is a link; only links of this user or of an administrator are followed."""
    try:
        status = os.stat(name, dir_fd=here, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISLNK(status.st_mode):
        return None
    if status.st_uid not in (0, os.geteuid()):
        raise Untrusted(f"{place / name} is a link that another user ({status.st_uid}) made: delete it.")
    return Path(os.readlink(name, dir_fd=here))


def _step(name: str, here: int) -> int:
    """From an opened folder into one in it, which is made where it is missing."""
    with contextlib.suppress(FileExistsError):
        if name != "..":
            os.mkdir(name, PRIVATE_FOLDER, dir_fd=here)
    return _instead(here, os.open(name, _FOLDER, dir_fd=here))


def _instead(old: int, new: int) -> int:
    os.close(old)
    return new


def _check_above(status: os.stat_result, place: Path) -> None:
    """A folder on the way: nobody else may rename what is in it. A sticky one, such as /tmp, lets none do so."""
    if status.st_uid not in (0, os.geteuid()):
        raise Untrusted(f"{place} belongs to another user ({status.st_uid}): choose a folder of your own.")
    if _others_write(status) and not status.st_mode & stat.S_ISVTX:
        raise Untrusted(f"{place} may be written by others: chmod go-w {place}")


def _check_own(status: os.stat_result, place: Path, *, folder: bool) -> None:
    if not folder and not stat.S_ISREG(status.st_mode):
        raise Untrusted(f"{place} is not a file: delete it.")
    if status.st_uid != os.geteuid():
        remedy = "choose a folder of your own." if folder else "delete it."
        raise Untrusted(f"{place} belongs to another user ({status.st_uid}): {remedy}")
    if _others_write(status):
        raise Untrusted(f"{place} may be written by others: chmod {'700' if folder else '600'} {place}")


def _others_write(status: os.stat_result) -> bool:
    return bool(status.st_mode & 0o002 or (status.st_mode & 0o020 and not _own_group(status.st_gid)))


def _own_group(number: int) -> bool:
    """Whether a group is the one that many systems give to each user alone: of the user's name, without others."""
    import grp
    import pwd

    try:
        group, name = grp.getgrgid(number), pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return False
    return group.gr_name == name and set(group.gr_mem) <= {name}
