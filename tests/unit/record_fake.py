"""A past trial as a file, for tests that write their own."""

from __future__ import annotations

from pathlib import Path

SOUND = """\
name: mine
title: "Mine, 2020"
drug: edaravone
rules: {since_onset_max_months: 24, months: 6}
year: 2020
n: {active: 100, placebo: 100, mark: read}
primary: slope
outcome: failed
sources: [mci186_19]
treatments:
  - {product: edaravone_iv}
placebo:
  - {quantity: decline, value: -1.1, standard_error: 0.1, between: 0.11, months: 6, mark: read}
effect:
  measure: slope
  value: 0.1
  lower: -0.1
  upper: 0.3
  mark: read
"""


def write(folder: Path, text: str = SOUND, name: str = "mine") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path
