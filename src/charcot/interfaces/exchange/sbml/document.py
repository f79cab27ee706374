"""The file: read, parsed and checked by libSBML; what it finds is given back as problems with file and line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import libsbml

from charcot.core.errors import Problem, Problems, Severity, Where

UNITS_CATEGORY = "Units consistency"  # libSBML's names of its categories of findings
XML_CATEGORY = "XML content"


def read_document(path: Path, strict_units: bool) -> tuple[Any, list[Problem]]:
    """The parsed SBML document and the notes on it (warnings of severity WARNING).

    Raises:
        Problems: the file is missing, is not complete XML, or breaks a rule of SBML; with ``strict_units`` also when
            units do not match. Everything that was found is listed.
    """
    if not path.is_file():
        hint = "Give the path of an SBML file."
        raise Problems([Problem("sbml-no-file", "there is no such file", Where.of(path), hint)])
    document = libsbml.readSBMLFromString(path.read_text(encoding="utf-8", errors="replace"))
    _raise_errors(_findings(document, path, strict_units))  # checking more of a broken file would only add noise
    if document.getModel() is None:
        hint = "An SBML file holds <model> inside <sbml>."
        raise Problems([Problem("sbml-no-model", "the document holds no model", Where.of(path), hint)])
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_MODELING_PRACTICE, False)
    document.checkConsistency()
    findings = _findings(document, path, strict_units)
    _raise_errors(findings)
    return document, findings


def _raise_errors(findings: list[Problem]) -> None:
    errors = [problem for problem in findings if problem.severity is Severity.ERROR]
    if errors:
        raise Problems(errors, "The SBML file cannot be read")


def _findings(document: Any, path: Path, strict_units: bool) -> list[Problem]:
    """What libSBML has logged so far, each finding once."""
    found: dict[Problem, None] = {}
    for index in range(document.getNumErrors()):
        found[_finding(document.getError(index), path, strict_units)] = None
    return list(found)


def _finding(error: Any, path: Path, strict_units: bool) -> Problem:
    category = error.getCategoryAsString()
    if category == XML_CATEGORY or error.isXML():
        code, hint = "sbml-broken-xml", "The file is not complete XML: it may be cut off. Fetch or export it again."
    elif category == UNITS_CATEGORY or "unit consistency" in category.lower():
        code, hint = "sbml-unit-mismatch", "Mend the units in the file; numbers are taken as they stand."
    else:
        code, hint = "sbml-invalid", f"Rule {error.getErrorId()} of the SBML specification; mend the file."
    severe = error.getSeverity() >= libsbml.LIBSBML_SEV_ERROR or (strict_units and code == "sbml-unit-mismatch")
    message = " ".join(error.getShortMessage().split()) + ": " + " ".join(error.getMessage().split())
    severity = Severity.ERROR if severe else Severity.WARNING
    return Problem(code, message, Where.of(path, error.getLine()), hint, severity)
