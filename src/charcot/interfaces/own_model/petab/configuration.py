"""The YAML file of a PEtab problem: which files belong to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charcot.core.errors import Problem, Problems
from charcot.core.yaml_file import Document, read_document

KINDS = {
    "sbml_files": "model",
    "condition_files": "condition table",
    "observable_files": "observable table",
    "measurement_files": "measurement table",
}
FORM = "A PEtab 1 problem has format_version, parameter_file and one entry of problems with " + ", ".join(KINDS) + "."


@dataclass(frozen=True)
class Configuration:
    """The files of a problem, by the keys of :data:`KINDS` and ``parameter_file``."""

    document: Document
    files: dict[str, tuple[Path, ...]]

    def all_files(self) -> list[Path]:
        return [Path(self.document.file), *(file for files in self.files.values() for file in files)]


def read_configuration(path: Path, problems: list[Problem]) -> Configuration:
    """The files that are named and are there; what is wrong with the others is added to ``problems``.

    Raises:
        Problems: the file is no YAML, or of another version of PEtab, so that the rest says nothing.
    """
    document = read_document(path, hint=FORM)
    version = str(document.data.get("format_version", ""))
    if version.split(".")[0] != "1":
        what = f"format_version is {version}" if version else "format_version is missing"
        hint = "PEtab 1 is read. Give the problem in version 1 (format_version: 1)."
        raise Problems([Problem("petab-version", what, document.where(["format_version"]), hint)])
    files = {"parameter_file": _files(document, ("parameter_file",), path.parent, problems)}
    if document.data.get("extensions"):
        text, hint = "extensions of PEtab are not supported", "Give the problem without them."
        problems.append(Problem("petab-extension", text, document.where(["extensions"]), hint))
    listed = document.data.get("problems")
    if not isinstance(listed, Sequence) or isinstance(listed, str) or not listed or not isinstance(listed[0], dict):
        problems.append(Problem("petab-form", "problems holds no files", document.where(["problems"]), FORM))
        return Configuration(document, files)
    if len(listed) > 1:
        hint = "Write a YAML file for each, and simulate one after the other."
        text = f"{len(listed)} problems in one file are not supported"
        problems.append(Problem("petab-several-problems", text, document.where(["problems", 1]), hint))
    if listed[0].get("mapping_files"):
        where = document.where(["problems", 0, "mapping_files"])
        problems.append(
            Problem("petab-mapping", "mapping tables are not supported", where, "Use the model's own names.")
        )
    for key in KINDS:
        files[key] = _files(document, ("problems", 0, key), path.parent, problems)
    if len(files["sbml_files"]) > 1:
        where = document.where(["problems", 0, "sbml_files"])
        problems.append(Problem("petab-several-models", "a problem has one model", where, "Name one SBML file."))
    return Configuration(document, files)


def _files(document: Document, place: tuple[str | int, ...], folder: Path, problems: list[Problem]) -> tuple[Path, ...]:
    node: Any = document.data
    for part in place:
        node = node.get(part) if isinstance(node, dict) else node[part] if isinstance(part, int) else None
    names = [node] if isinstance(node, str) else node
    if not isinstance(names, Sequence) or not names or not all(isinstance(name, str) for name in names):
        problems.append(Problem("petab-form", f"{place[-1]} names no file", document.where(place), FORM))
        return ()
    found = []
    for name in names:
        if (folder / name).is_file():
            found.append(folder / name)
        else:
            text = f"there is no file {folder / name}"
            problems.append(Problem("no-file", text, document.where(place), "Files are beside the YAML file."))
    return tuple(found)
