"""The text of an SBML file: plain, compressed, or in a COMBINE archive, and within bounds before libSBML sees it.

A small file can mean very much: a compressed gigabyte, entities that repeat entities, elements within elements without
end, on which a parser runs out of stack and takes the whole process along. What a model needs is far below the bounds.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import posixpath
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from xml.parsers import expat

from charcot.core.errors import Problem, Problems, Where

LARGEST = 200_000_000  # bytes of one unpacked file; the largest public model of a whole human is a quarter of it
DEEPEST = 2_000  # elements within elements; libSBML's own checks crash between 4,000 and 8,000 in 8 MiB of stack
MOST_MEMBERS = 10_000  # of an archive

GZIP, BZIP2, ZIP = b"\x1f\x8b", b"BZh", b"PK\x03\x04"
MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
DECLARED = re.compile(r'^(\s*<\?xml[^>]*?)\s+encoding\s*=\s*["\']([A-Za-z0-9._-]+)["\']')
OF_SBML = "identifiers.org/combine.specifications/sbml"
MANIFEST = "manifest.xml"


@dataclass(frozen=True)
class Source:
    """The text of a model; ``path`` names it in messages, ``folder`` is where files that it names lie, if anywhere."""

    text: str
    path: Path
    folder: Path | None


def read_source(path: Path) -> Source:
    """The SBML text in ``path``: plain or gzip, bzip2 or zip, or the model of a COMBINE archive.

    Raises:
        Problems: there is no such file, it cannot be unpacked, is out of bounds or no complete XML.
    """
    if not path.is_file():
        raise _wrong("sbml-no-file", "there is no such file", path, "Give the path of an SBML file.")
    with path.open("rb") as file:
        start = file.read(4)
    packed = start.startswith((GZIP, BZIP2, ZIP))
    try:
        if start.startswith(ZIP):
            data, name = _from_archive(path)
            return _source(data, name, None)
        with _opened(path, start) as file:
            data = _bounded(file, path)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        if not packed:
            raise _wrong(
                "sbml-no-file", f"it cannot be read: {error}", path, "Check the file and its rights."
            ) from None
        hint = "It may be cut off, or locked by a password. Fetch it again, or unpack it."
        raise _wrong("sbml-broken-archive", f"it cannot be unpacked: {error}", path, hint) from None
    return _source(data, path, path.parent)


def _source(data: bytes, path: Path, folder: Path | None) -> Source:
    text = _decoded(data)
    check_bounds(text, path)
    return Source(text, path, folder)


def _opened(path: Path, start: bytes) -> IO[bytes]:
    if start.startswith(GZIP):
        return gzip.open(path)  # type: ignore[return-value]
    return bz2.open(path) if start.startswith(BZIP2) else path.open("rb")


def _bounded(file: IO[bytes], path: Path) -> bytes:
    data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise _wrong("sbml-too-large", f"it holds more than {LARGEST:,} bytes", path, "A model needs far less.")
    return data


def _decoded(data: bytes) -> str:
    """The text, by its byte order mark or the encoding that it declares; else UTF-8."""
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return _redeclared(data[len(mark) :].decode(encoding, errors="replace"))
    declared = DECLARED.match(data[:200].decode("ascii", errors="replace"))
    encoding = declared[2] if declared else "utf-8"
    try:
        return _redeclared(data.decode(encoding, errors="replace"))
    except LookupError:
        return _redeclared(data.decode("utf-8", errors="replace"))


def _redeclared(text: str) -> str:
    return DECLARED.sub(r'\1 encoding="UTF-8"', text, count=1)


# what is inside ------------------------------------------------------------------------------------------------------


def check_bounds(text: str, path: Path) -> list[str]:
    """The ``source`` of each external model that the text names.

    Raises:
        Problems: it is no complete XML, declares entities, or nests too deep; with the line.
    """
    parser = expat.ParserCreate()
    depth = 0
    sources: list[str] = []

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            message = f"elements stand within each other more than {DEEPEST:,} deep"
            hint = "Write long sums with one <plus/> and split long formulas into assignment rules."
            raise _wrong("sbml-too-deep", message, path, hint, parser.CurrentLineNumber)
        if name.rpartition(":")[2] == "externalModelDefinition":
            sources.extend(value for key, value in attributes.items() if key.rpartition(":")[2] == "source")

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1

    def doctype(*declaration: object) -> None:
        hint = "Remove <!DOCTYPE ...>; SBML has none."
        raise _wrong("sbml-doctype", "it declares a document type", path, hint, parser.CurrentLineNumber)

    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(text.encode("utf-8", errors="replace"), True)
    except expat.ExpatError as error:
        hint = "The file is not complete XML: it may be cut off. Fetch or export it again."
        raise _wrong("sbml-broken-xml", expat.errors.messages[error.code], path, hint, error.lineno) from None
    return sources


# archives ------------------------------------------------------------------------------------------------------------


def _from_archive(path: Path) -> tuple[bytes, Path]:
    """The model of an archive, and how it is called: the archive and the place in it."""
    with zipfile.ZipFile(path) as archive:
        members = {_plain(entry.filename): entry for entry in archive.infolist()[: MOST_MEMBERS + 1]}
        if len(members) > MOST_MEMBERS:
            raise _wrong("sbml-too-large", f"it holds more than {MOST_MEMBERS:,} files", path, "Unpack it.")

        def content(name: str) -> bytes:
            with archive.open(members[name]) as file:
                return _bounded(file, path / name)

        if MANIFEST in members:
            name = _of_manifest(_decoded(content(MANIFEST)), path)
        else:
            name = _only([name for name in members if name.lower().endswith((".xml", ".sbml"))], path)
        if name not in members:
            raise _wrong("sbml-broken-archive", f"its manifest names {name!r}, which is not in it", path, "Unpack it.")
        return content(name), path / name


def _of_manifest(text: str, path: Path) -> str:
    """The master file if that is SBML, else the only SBML file."""
    check_bounds(text, path / MANIFEST)
    models: dict[str, bool] = {}

    def begin(name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(":")[2] == "content" and OF_SBML in attributes.get("format", ""):
            models[_plain(attributes.get("location", ""))] = attributes.get("master", "").lower() in ("true", "1")

    parser = expat.ParserCreate()
    parser.StartElementHandler = begin
    parser.Parse(text.encode("utf-8", errors="replace"), True)
    masters = [name for name, master in models.items() if master]
    return _only(masters or list(models), path)


def _only(models: list[str], path: Path) -> str:
    if len(models) == 1:
        return models[0]
    listed = ", ".join(models[:5]) + (", ..." if len(models) > 5 else "")
    message = f"it holds {len(models)} models, and none is the master: {listed}" if models else "it holds no SBML file"
    raise _wrong("sbml-no-master", message, path, "Unpack it and give the path of the model.")


def _plain(location: str) -> str:
    return posixpath.normpath(location.replace("\\", "/")).removeprefix("/")


def _wrong(code: str, message: str, path: Path, hint: str, line: int = 0) -> Problems:
    return Problems([Problem(code, message, Where.of(path, line), hint)], "The SBML file cannot be read")


def external_files(source: Source) -> dict[Path, str]:
    """Every file that the model takes other models from, and what is wrong with it ("" for nothing).

    They must lie in or below the folder of the model: a file from elsewhere shall not be read by opening a model.
    """
    found: dict[Path, str] = {}
    waiting = [(source.text, source.path, source.folder)]
    while waiting:
        text, path, folder = waiting.pop()
        for name in check_bounds(text, path):
            place = None if folder is None else (folder / name.removeprefix("file:")).resolve()
            if place is None or source.folder is None or source.folder.resolve() not in place.parents:
                found[Path(name)] = "it does not lie in the folder of the model"
            elif place not in found:
                found[place] = "" if place.is_file() else "there is no such file"
                if place.is_file():
                    with place.open("rb") as file:
                        inner = _decoded(_bounded(file, place))
                    waiting.append((inner, place, place.parent))
    return found
