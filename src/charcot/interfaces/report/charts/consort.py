"""The CONSORT flow: screened, excluded by rule, randomised, and what became of each arm."""

from __future__ import annotations

from charcot.interfaces.report.charts.shapes import LINE, arrow, box, canvas, words, wrapped
from charcot.interfaces.report.theme import style
from charcot.interfaces.report.views import Flow, FlowArm

_WIDTH = 900.0


def consort(flow: Flow) -> str:
    """Boxes from top to bottom; the page reads the same counts from the table below the picture."""
    parts: list[str] = []
    centre = 300.0
    y = 12.0
    if flow.drawn is not None:
        parts += _box_with_lines(centre, y, 260, [f"People simulated: {flow.drawn:,}"])
        y = _side_box(parts, "Never came to screening", flow.never_came, centre, y + 44)
    if flow.screened is not None:
        parts += _box_with_lines(centre, y, 260, [f"Screened: {flow.screened:,}"])
        y = _side_box(parts, "Excluded", flow.excluded, centre, y + 44)
    parts += _box_with_lines(centre, y, 260, [f"Randomised: {flow.randomised:,}"])
    top = y + 44
    lowest = _arms(parts, flow.arms, centre, top)
    return canvas(_WIDTH, lowest + 12, parts)


def _side_box(parts: list[str], title: str, reasons: tuple[tuple[str, int], ...], centre: float, y: float) -> float:
    lines = [f"{title}: {sum(count for _, count in reasons):,}"]
    for rule, count in reasons:
        first, *rest = wrapped(f"{count:,}  {rule}", 58)
        lines += [first, *(f"      {line}" for line in rest)]
    height = 20 + LINE * len(lines)
    bottom = y + max(height, 40) + 24
    parts.append(arrow(centre, y, centre, bottom))
    parts.append(arrow(centre, y + 12 + height / 2, centre + 158, y + 12 + height / 2))
    parts.append(box(centre + 158, y + 12, 430, height, fill="#f6f8fa"))
    for i, line in enumerate(lines):
        indent = 14 * (len(line) - len(line.lstrip())) / 3
        parts.append(
            words(centre + 174 + indent, y + 12 + 23 + LINE * i, line.strip(), bold=i == 0, size=13 if i == 0 else 12.5)
        )
    return bottom


def _arms(parts: list[str], arms: tuple[FlowArm, ...], centre: float, top: float) -> float:
    count = max(len(arms), 1)
    width = min(270.0, (_WIDTH - 40) / count - 20)
    left = max(20.0 + width / 2, min(centre, _WIDTH / 2) - (count - 1) * (width + 20) / 2)
    split = top + 18
    centres = [left + i * (width + 20) for i in range(count)]
    parts.append(arrow(centre, top, centre, split) if count == 1 else _fork(centre, top, split, centres))
    lowest = split
    for i, (arm, x) in enumerate(zip(arms, centres, strict=True)):
        y = split + 22
        parts.append(arrow(x, split, x, y))
        title = wrapped(arm.label, max(12, int(width / 8)))
        lines = [*title, f"Randomised: {arm.randomised:,}", f"Died or ventilated: {arm.died:,}"]
        lines += [f"Left the trial: {arm.withdrew:,}"] if arm.withdrew is not None else []
        lines += [f"Simulation failed: {arm.failed:,}"] if arm.failed is not None else []
        lines.append(f"Analysed: {arm.analysed:,}")
        height = 20 + LINE * len(lines)
        parts.append(box(x - width / 2, y, width, height, edge=style(i).line))
        for k, line in enumerate(lines):
            parts.append(words(x - width / 2 + 14, y + 23 + LINE * k, line, bold=k < len(title)))
        lowest = max(lowest, y + height)
    return lowest


def _fork(x: float, top: float, split: float, centres: list[float]) -> str:
    ends = [*centres, x]
    return (
        f'<path d="M{x:.1f},{top:.1f}V{split:.1f}M{min(ends):.1f},{split:.1f}H{max(ends):.1f}" '
        f'fill="none" stroke="#57606a" stroke-width="1.4"/>'
    )


def _box_with_lines(centre: float, y: float, width: float, lines: list[str]) -> list[str]:
    height = 28 + LINE * (len(lines) - 1) + 16
    parts = [box(centre - width / 2, y, width, height)]
    for i, line in enumerate(lines):
        parts.append(words(centre, y + 27 + LINE * i, line, bold=True, size=13.5, anchor="middle"))
    return parts
