// What every chart has: its finding as title, a picture with that name, a table twin, CSV and SVG.

import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { useWidth } from "../hooks";
import { number, slug, type Value } from "../words";

export type Cell = string | Value;

export interface Twin {
  caption: string;
  columns: string[];
  rows: Cell[][];
}

interface FrameProps {
  finding: string;
  twin: Twin;
  note?: ComponentChildren;
  level?: 3 | 4;
  draw: (width: number) => { height: number; picture: ComponentChildren };
}

export function Frame({ finding, twin, note, level = 3, draw }: FrameProps) {
  const [place, width] = useWidth(640);
  const picture = useRef<SVGSVGElement | null>(null);
  const { height, picture: marks } = draw(width);
  const Title = `h${level}` as "h3";
  const name = slug(twin.caption);
  return (
    <figure>
      <figcaption>
        <Title>{finding}</Title>
      </figcaption>
      <div ref={place}>
        <svg
          ref={picture}
          role="img"
          aria-label={finding}
          viewBox={`0 0 ${width} ${height}`}
          width={width}
          height={height}
          xmlns="http://www.w3.org/2000/svg"
        >
          {marks}
        </svg>
      </div>
      {note && <p class="hint">{note}</p>}
      <TwinTable twin={twin} />
      <div class="actions">
        <button type="button" onClick={() => save(`${name}.csv`, "text/csv", csv(twin))} aria-label={`CSV: ${twin.caption}`}>
          CSV
        </button>
        <button
          type="button"
          onClick={() => picture.current && save(`${name}.svg`, "image/svg+xml", standalone(picture.current, finding))}
          aria-label={`SVG: ${twin.caption}`}
        >
          SVG
        </button>
      </div>
    </figure>
  );
}

// The rows are made when the table is opened: a page of closed tables answers a key at once.
export function TwinTable({ twin }: { twin: Twin }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Table: {twin.caption}</summary>
      {open && <Table twin={twin} />}
    </details>
  );
}

export function Table({ twin, whole = false }: { twin: Twin; whole?: boolean }) {
  return (
    <div class={whole ? "scroll whole" : "scroll"} tabIndex={0} role="region" aria-label={twin.caption}>
      <table>
        <caption>{twin.caption}</caption>
        <thead>
          <tr>
            {twin.columns.map((one) => (
              <th key={one} scope="col">
                {one}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {twin.rows.map((row, k) => (
            <tr key={k}>
              {row.map((cell, column) =>
                column === 0 ? (
                  <th key={column} scope="row">
                    {shown(cell)}
                  </th>
                ) : (
                  <td
                    key={column}
                    class={typeof cell === "string" && cell.length > 50 ? "wordy" : undefined}
                    data-value={typeof cell === "number" ? String(cell) : undefined}
                  >
                    {shown(cell)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function shown(cell: Cell): string {
  return typeof cell === "string" ? cell : Number.isInteger(cell) ? String(cell).replace("-", "−") : number(cell);
}

function csv(twin: Twin): string {
  const quote = (cell: Cell) => {
    const text = cell === null ? "" : String(cell);
    return /[",\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  };
  return [twin.columns, ...twin.rows].map((row) => row.map(quote).join(",")).join("\n") + "\n";
}

const KEPT = ["fill", "stroke", "stroke-width", "stroke-dasharray", "fill-opacity", "font-size", "font-family", "font-weight"];

// A copy that carries the colours which the page's style gave.
function standalone(picture: SVGSVGElement, finding: string): string {
  const copy = picture.cloneNode(true) as SVGSVGElement;
  const from = picture.querySelectorAll("*");
  copy.querySelectorAll("*").forEach((element, k) => {
    const style = getComputedStyle(from[k]!);
    for (const name of KEPT) element.setAttribute(name, style.getPropertyValue(name));
    element.removeAttribute("class");
  });
  const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
  title.textContent = finding;
  copy.prepend(title);
  return new XMLSerializer().serializeToString(copy);
}

export function save(name: string, kind: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: kind }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

// Round ticks that cover a span.
export function ticks(low: number, high: number, most: number): number[] {
  const span = high - low || 1;
  const rough = span / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((one) => one >= rough) ?? rough;
  const out: number[] = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + span * 1e-9; k++) out.push(Number((k * step).toFixed(10)));
  return out;
}
