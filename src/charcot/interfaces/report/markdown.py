"""Sections of a report as a page of the documentation: Markdown with its pictures beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from charcot.interfaces.report.content import Figure, Prose, Section, Sheet, Table, cell_text
from charcot.interfaces.runs import write_text


def write_page(folder: Path, stem: str, title: str, lead: Sequence[str], sections: Sequence[Section]) -> list[Path]:
    """Write ``stem.md`` and a picture ``stem-NAME.svg`` for each figure; returns what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    lines = [f"# {title}", "", *(part for paragraph in lead for part in (paragraph, ""))]
    for section in sections:
        lines += [f"## {section.title}", ""]
        if section.lead:
            lines += [section.lead, ""]
        for block in section.blocks:
            if isinstance(block, Figure):
                picture = folder / f"{stem}-{block.name}.svg"
                write_text(picture, standalone(block.svg))
                written.append(picture)
                lines += [f"**{block.finding}**", "", f"![{block.label}]({picture.name})", "", *_table(block.table)]
                lines += [block.note, ""] if block.note else []
            elif isinstance(block, Prose):
                lines += [part for paragraph in block.paragraphs for part in (paragraph, "")]
            elif isinstance(block, Sheet):
                lines += [f"**{block.title}**", "", *_table(block.table), *([block.note, ""] if block.note else [])]
    page = folder / f"{stem}.md"
    write_text(page, "\n".join(lines).rstrip() + "\n")
    return [page, *written]


def _table(table: Table) -> list[str]:
    rules = ["--:" if number else "---" for number in table.numeric]
    rows = [" | ".join(cell_text(cell).replace("|", "/") for cell in row) for row in table.rows]
    return [f"| {' | '.join(table.columns)} |", f"|{'|'.join(rules)}|", *(f"| {row} |" for row in rows), ""]


def standalone(svg: str) -> str:
    """A picture that can be opened alone: with a name space, on white."""
    if "xmlns=" in svg.split(">", 1)[0]:
        return svg + "\n"
    return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" style="background:#ffffff" ', 1) + "\n"
