"""What a report is made of: sections of blocks. Builders make these, one template prints them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Cell = str | float | int | None


@dataclass(frozen=True)
class Table:
    """A table for people: the first column heads its row; cells are printed by :func:`cell_text`."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""

    @classmethod
    def of(cls, columns: Sequence[str], rows: Sequence[Sequence[Cell]], caption: str = "") -> Table:
        return cls(tuple(columns), tuple(tuple(row) for row in rows), caption)

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Which columns hold only numbers, and are set flush right."""
        return tuple(
            bool(self.rows) and all(isinstance(row[i], int | float) or row[i] is None for row in self.rows)
            for i in range(len(self.columns))
        )


@dataclass(frozen=True)
class Figure:
    """One picture with everything a reader needs who does not see it.

    ``finding`` is the title, one sentence that says what the picture shows; ``label`` describes the picture for a
    screen reader; ``table`` holds the numbers that are drawn.
    """

    name: str
    finding: str
    label: str
    svg: str
    table: Table
    note: str = ""
    kind: str = "figure"


@dataclass(frozen=True)
class Prose:
    """Paragraphs."""

    paragraphs: tuple[str, ...]
    kind: str = "prose"


@dataclass(frozen=True)
class Sheet:
    """A table that stands on its own."""

    title: str
    table: Table
    note: str = ""
    kind: str = "sheet"


Block = Figure | Prose | Sheet


@dataclass(frozen=True)
class Section:
    """One part of the report. ``anchor`` is its address in the page."""

    anchor: str
    title: str
    blocks: tuple[Block, ...]
    lead: str = ""


@dataclass(frozen=True)
class KeyMessage:
    """The box at the top: plain language first.

    ``interval`` says what it is an interval of. ``given`` has a sentence for each treatment: whether people were ever
    given it, and the grades of its dose and effect.
    """

    question: str
    answer: str
    interval: str
    model_risk: str
    given: tuple[str, ...] = ()


def model_risk(influence: str, consequence: str) -> str:
    """How far the model may be trusted, in one sentence or two."""
    words = f" Stated for this question: model influence {influence}, decision consequence {consequence}."
    stated = words if influence else ""
    return (
        "The model is built from published numbers of uneven strength, and has not been validated for any decision "
        f"about a patient or a real trial.{stated}"
    )


@dataclass(frozen=True)
class Report:
    title: str
    subtitle: str
    key: KeyMessage
    sections: tuple[Section, ...] = field(default_factory=tuple)


def cell_text(cell: Cell) -> str:
    """A cell as a reader wants it: three significant digits, a dash for nothing, a real minus sign."""
    if cell is None or (isinstance(cell, float) and cell != cell):
        return "–"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}".replace("-", "−")
    if isinstance(cell, float):
        return number_text(cell)
    return str(cell)


def say(value: float) -> str:
    """A number inside a sentence: as :func:`number_text`, without idle zeros."""
    text = number_text(value)
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def simulated_text(verdict: Any) -> str:
    """What an outcome came to; with strengths, what it comes to at both ends of them beside it."""
    ends = f" ({' to '.join(number_text(end) for end in verdict.ends)})" if verdict.ends else ""
    return number_text(verdict.simulated) + ends


def number_text(value: float) -> str:
    """About three significant digits without exponents in the range where people read them."""
    if value != value:
        return "–"
    if value in (float("inf"), float("-inf")):
        return "never" if value > 0 else "−∞"
    size = abs(value)
    if size and (size < 1e-3 or size >= 1e6):
        return f"{value:.2e}".replace("-", "−")
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.1 or not size else 3
    text = f"{value:,.{digits}f}"
    return "0" if not size else text.replace("-", "−")
