"""Protocols that make no trial: each mistake is told with its line and what to do, and ends with exit code 2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from charcot.interfaces.cli.main import app
from charcot.trials import templates

TEXT = templates()["aav-mir126"].read_text(encoding="utf-8")
WINDOW = "{{source: a registry, window: {{follow_up: 52 weeks, {window}}}}}"


def external(window: str, source: str = TEXT) -> str:
    """The template with a control from a record that is valid within ``window``."""
    return source.replace(
        "    n: 60 # patients randomised to this arm\n    treatments: []",
        f"    n: 60\n    external: {WINDOW.format(window=window)}",
    )


def endpoints(listed: str) -> str:
    """The template with other endpoints."""
    before, after = TEXT.split("endpoints:", 1)
    return before + f"endpoints:{listed}\n" + after[after.index("\ndropout:") + 1 :]


CASES: dict[str, tuple[str, str, str, str]] = {
    # what is wrong: the file, the text of the line that is named, the message, the remedy
    "nobody eligible": (
        TEXT.replace("age: {min: 18 years, max: 80 years}", "age: {min: 81 years, max: 80 years}"),
        "age: {min: 81 years",
        "eligibility.age: the minimum 81 years is above the maximum 80 years",
        "Nobody could be eligible: swap or correct them.",
    ),
    "a treatment after the last visit": (
        TEXT.replace("start: 0 weeks}", "start: 60 weeks}"),
        "start: 60 weeks}",
        "start: day 420 is not before the last visit, on day 364",
        "let it start sooner, or add visits",
    ),
    "visits after the end of any trial": (
        TEXT.replace("visits: every 4 weeks until 52 weeks", "visits: [4 weeks, 30 years]"),
        "visits: [4 weeks",
        "visits: 30 years is not possible",
        "Nothing in a trial takes above 20 years.",
    ),
    "a horizon after the last visit": (
        TEXT.replace("  alpha: 0.05", "  restricted_to: 54 weeks\n  alpha: 0.05"),
        "restricted_to",
        "analysis.restricted_to: day 378 is not within the trial, whose last visit is on day 364",
        "Let it lie within the visits",
    ),
    "an unknown drug": (
        TEXT.replace("product: aav_mir126", "product: aav_mir127"),
        "aav_mir127",
        "no product is called 'aav_mir127'",
        "Did you mean aav_mir126,",
    ),
    "a factor twice": (
        TEXT.replace(
            "    - {by: onset_region}", "    - {by: age, cuts: [60 years]}\n    - {by: age, cuts: [50 years, 70 years]}"
        ),
        "cuts: [50 years, 70 years]",
        "randomisation.stratify.1: 'age' is a factor twice, so that its strata overlap",
        "Put all cuts into factor 0.",
    ),
    "cuts that do not ascend": (
        TEXT.replace("    - {by: onset_region}", "    - {by: age, cuts: [60 years, 50 years]}"),
        "cuts: [60 years, 50 years]",
        "50 years follows 60: the strata of age overlap",
        "Let the cuts ascend, each of them once.",
    ),
    "alpha 0": (
        TEXT.replace("alpha: 0.05", "alpha: 0"),
        "alpha: 0 ",
        "analysis.alpha: must be above 0",
        "0.05, two-sided, is usual.",
    ),
    "an external control that is older": (
        external("age: {max: 75 years}"),
        "age: {min: 18 years",
        "eligibility.age.max is 80 years, outside the window of the external control, whose max is 75 years",
        "let the rule lie within the window",
    ),
    "an external control with a limit that the trial lacks": (
        external("time_since_onset: {min: 6 months}"),
        "external:",
        "eligibility.time_since_onset.min is not limited, outside the window of the external control",
        "let the rule lie within the window",
    ),
    "an external control that was followed for too short": (
        external("age: {max: 90 years}").replace("follow_up: 52 weeks", "follow_up: 24 weeks"),
        "visits: every 4 weeks",
        "visits: the last one, on day 364, is outside the window of the external control, followed for 168 days",
        "End the visits sooner",
    ),
    "an endpoint twice": (
        endpoints("\n  - survival\n  - alsfrs_r_slope\n  - survival # again"),
        "# again",
        "endpoints.2: endpoint named twice: 'survival' is also endpoints.0",
        "Name each endpoint once: remove this one.",
    ),
    "an endpoint twice, by its name and as a measure with its analysis": (
        endpoints(" [alsfrs_r_slope, {measure: alsfrs_r, analysis: mixed_model_slope}]"),
        "endpoints: [",
        "endpoints.1: endpoint named twice: 'alsfrs_r_slope' is also endpoints.0",
        "Name each endpoint once: remove this one.",
    ),
    "minimisation of nothing": (
        TEXT.replace("  stratify:\n    - {by: onset_region}", "  method: minimisation"),
        "method: minimisation",
        "minimisation balances the factors of 'stratify', and there are none",
        "Add factors, or use blocks.",
    ),
    "a look after the end": (
        TEXT.replace("  alpha: 0.05", "  interim: {at: [50 %, 100 %]}\n  alpha: 0.05"),
        "interim:",
        "analysis.interim.at.1: a look at 100 % after one at 50 % is not possible",
        "the final analysis is not listed",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_wrong_protocol_is_refused_with_line_and_remedy(tmp_path: Path, case: str) -> None:
    text, line, message, remedy = CASES[case]
    assert text != TEXT
    path = tmp_path / "protocol.yaml"
    path.write_text(text, encoding="utf-8")
    numbers = [k for k, one in enumerate(text.splitlines(), 1) if line in one]
    done: Any = CliRunner().invoke(app, ["power", str(path), "--models", "1"], env={"COLUMNS": "400"})
    assert done.exit_code == 2, done.output
    said = " ".join(done.stderr.split())
    assert message in said
    assert remedy in said
    assert any(f"protocol.yaml:{number}" in said for number in numbers), said
    assert "1 problem" in said


def test_an_external_control_within_its_window_is_a_trial(tmp_path: Path) -> None:
    from charcot.trials import load_protocol

    path = tmp_path / "protocol.yaml"
    path.write_text(external("age: {min: 18 years, max: 80 years}, vital_capacity: {min: 50 %}"), encoding="utf-8")
    loaded = load_protocol(path)
    assert loaded.arms[0].external is not None
    assert loaded.reference_arm == "control"
    assert load_protocol(path).resolved()["arms"][0]["external"]["window"]["follow_up"] == "364 days"
