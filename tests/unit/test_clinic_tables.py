"""A wrong row in a table of the clinic is named with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from charcot import clinic
from charcot.clinic.milestones import MILESTONES, read_milestones
from charcot.clinic.prognosis import RISK_GROUPS, read_risk_groups


@pytest.mark.parametrize(
    ("table", "read", "row", "code"),
    [
        (MILESTONES, read_milestones, "a,speach,3,Words", "bad-cell"),
        (MILESTONES, read_milestones, "a,speech,5,Words", "bad-cell"),
        (MILESTONES, read_milestones, "speech_changed,speech,3,Words", "row-twice"),
        (RISK_GROUPS, read_risk_groups, "endless,Words,nan,encals_recalled,C", "bad-cell"),
        (RISK_GROUPS, read_risk_groups, "short,Words,10,encals_recalled,C", "row-twice"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, table: Path, read, row: str, code: str) -> None:
    assert clinic.problems() == []
    lines = table.read_text(encoding="utf-8").splitlines()
    path = tmp_path / table.name
    path.write_text("\n".join([*lines, row]) + "\n", encoding="utf-8")
    problems: list = []
    assert len(read(path, problems)) == len(lines) - 1
    assert [(p.code, str(p.where)) for p in problems] == [(code, f"{table.name}:{len(lines) + 1}")]
