"""The file: read, parsed and checked by libSBML; what it finds is given back as problems with file and line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import libsbml

from charcot.core.errors import Problem, Problems, Severity, Where
from charcot.interfaces.exchange.sbml.files import Source, external_files
from charcot.interfaces.exchange.sbml.refusals import Refusal, refused

UNIT_FINDINGS = {libsbml.LIBSBML_CAT_UNITS_CONSISTENCY}
UNKNOWN_UNITS = {
    libsbml.DanglingUnitReference,
    libsbml.DanglingUnitSIdRef,
}  # a unit that is named but not defined: like a mismatch, no number of it

SLIPS = {  # what leaves the meaning of the mathematics clear, and may be passed over when that is asked for
    libsbml.LIBSBML_CAT_UNITS_CONSISTENCY,
    libsbml.LIBSBML_CAT_SBML,
    libsbml.LIBSBML_CAT_SBO_CONSISTENCY,
}


def read_document(source: Source) -> Any:
    """The parsed SBML document.

    Raises:
        Problems: it is not complete XML, or holds no model. Everything that was found is listed.
    """
    document, path = libsbml.readSBMLFromString(source.text), source.path
    broken = [problem for problem in _findings(document, path, False) if problem.code == "sbml-broken-xml"]
    _raise_errors(broken)  # checking more of a broken file would only add noise
    if document.getModel() is None:
        hint = "An SBML file holds <model> inside <sbml>."
        found = [p for p in _findings(document, path, False) if p.severity is Severity.ERROR]
        raise Problems([*found, Problem("sbml-no-model", "the document holds no model", Where.of(path), hint)])
    return document


def flatten(document: Any, source: Source, lenient: bool = False) -> Any:
    """The document with all submodels of package comp written out; itself where it has none.

    Raises:
        Refusal: a model that it takes from another file is not there.
        Problems: libSBML cannot write the submodels out; all that it finds.
    """
    if document.getPlugin("comp") is None:
        return document
    path, model = source.path, document.getModel()
    missing = {place: why for place, why in external_files(source).items() if why}
    if missing:
        raise Refusal([refused("external-model", f"{place}: {why}", model, path) for place, why in missing.items()])
    if source.folder is not None:
        document.setLocationURI(f"file:{source.path.resolve()}")
    check_document(document, path, strict_units=False, lenient=lenient)  # the rules of comp hold before it is flattened
    how = libsbml.ConversionProperties()
    how.addOption("flatten comp", True)
    how.addOption("performValidation", False)
    how.addOption("leavePorts", False)
    document.getErrorLog().clearLog()
    if document.convert(how) != libsbml.LIBSBML_OPERATION_SUCCESS:
        found = [problem for problem in _findings(document, path, False) if problem.severity is Severity.ERROR]
        hint = "Mend the submodels, or flatten the model with the tool that wrote it."
        raise Problems([*found, Problem("sbml-comp", "its submodels cannot be written out", Where.of(path), hint)])
    return document


def check_document(document: Any, path: Path, strict_units: bool, lenient: bool = False) -> list[Problem]:
    """The notes on a document (problems of severity WARNING) from libSBML's checks of its rules.

    Raises:
        Problems: it breaks a rule of SBML; with ``strict_units`` also when units do not match. All findings. With
            ``lenient``, slips of units and of the schema are notes.
    """
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_MODELING_PRACTICE, False)
    document.checkConsistency()
    findings = _findings(document, path, strict_units, lenient)
    _raise_errors(findings)
    return findings


def _raise_errors(findings: list[Problem]) -> None:
    errors = [problem for problem in findings if problem.severity is Severity.ERROR]
    if errors:
        raise Problems(errors, "The SBML file cannot be read")


def _findings(document: Any, path: Path, strict_units: bool, lenient: bool = False) -> list[Problem]:
    """What libSBML has logged so far, each finding once."""
    found: dict[Problem, None] = {}
    for index in range(document.getNumErrors()):
        found[_finding(document.getError(index), path, strict_units, lenient)] = None
    return list(found)


def _finding(error: Any, path: Path, strict_units: bool, lenient: bool) -> Problem:
    of_units = error.getCategory() in UNIT_FINDINGS
    unknown_unit = error.getErrorId() in UNKNOWN_UNITS
    severe = error.getSeverity() >= libsbml.LIBSBML_SEV_ERROR
    if error.isXML():
        code, hint = "sbml-broken-xml", "The file is not complete XML: it may be cut off. Fetch or export it again."
    elif of_units or unknown_unit:
        code = "sbml-unknown-unit" if unknown_unit else "sbml-unit-mismatch"
        hint = "Mend the units in the file; its numbers are taken as they stand."
        severe = strict_units or (severe and not unknown_unit)
    else:
        code, hint = "sbml-invalid", f"Rule {error.getErrorId()} of the SBML specification; mend the file."
    if lenient and error.getCategory() in SLIPS and not error.isFatal():
        severe, hint = False, f"{hint} It was passed over, as was asked; look at the numbers that depend on it."
    message = " ".join(f"{error.getShortMessage()}: {error.getMessage()}".split())
    severity = Severity.ERROR if severe else Severity.WARNING
    return Problem(code, message, Where.of(path, error.getLine()), hint, severity)
