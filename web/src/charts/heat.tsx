// A heat map whose cells hold their number, so that no colour is needed.

import { Frame } from "./frame";
import type { Value } from "../words";

const LETTER = 7; // pixels, about

// A sign in every cell of a row, with its words.
export interface Sign {
  sign: string;
  short: string;
  words: string; // in the table
}

interface HeatProps {
  finding: string;
  caption: string;
  axis: string;
  shortAxis?: string; // where there is little room
  what: string; // what a row is
  rows: string[];
  columns: { short: string; long: string }[]; // under the picture, and in the table
  values: Value[][]; // by row, then column
  domain: [number, number];
  digits: (value: number) => string;
  note?: string;
  level?: 3 | 4;
  names?: string[]; // rows in the table, where the picture has shorter ones
  signs?: { what: string; of: (Sign | null)[] }; // what the signs are about, and that of each row
}

export function Heat(props: HeatProps) {
  const twin = {
    caption: props.caption,
    columns: [props.what, ...props.columns.map((one) => one.long), ...(props.signs ? [props.signs.what] : [])],
    rows: props.rows.map((row, k) => [
      props.names?.[k] ?? row,
      ...props.values[k]!,
      ...(props.signs ? [props.signs.of[k]?.words ?? ""] : []),
    ]),
  };
  const draw = (width: number) => {
    const written = props.rows.flatMap((row, k) => [row.length, props.signs?.of[k]?.short.length ?? 0]);
    const left = Math.min(width < 420 ? 160 : 200, 16 + LETTER * Math.max(...written));
    const rowHeight = props.signs ? 40 : 24;
    const top = 8;
    const columnWidth = (width - left - 4) / Math.max(1, props.columns.length);
    // Names that would lie on each other stand in two lines by turns.
    const turns = Math.max(...props.columns.map((column) => column.short.length)) * LETTER > columnWidth ? 14 : 0;
    const height = top + props.rows.length * rowHeight + 40 + turns;
    const [low, high] = props.domain;
    const wordy = columnWidth >= 10 + LETTER * Math.max(0, ...(props.signs?.of ?? []).map((one) => one?.short.length ?? 0));
    return {
      height,
      picture: (
        <>
          {props.rows.map((row, r) => (
            <g key={row}>
              <text class="tick" x={left - 6} y={top + r * rowHeight + (props.signs && !props.signs.of[r] ? 24 : 16)} text-anchor="end">
                {row}
              </text>
              {props.signs?.of[r] && (
                <text class="tick" x={left - 6} y={top + r * rowHeight + 31} text-anchor="end">
                  {props.signs.of[r]!.short}
                </text>
              )}
              {props.values[r]!.map((value, c) => {
                const share = value === null ? 1 : Math.min(1, Math.max(0, (value - low) / (high - low)));
                return (
                  <g key={c}>
                    <rect
                      class="cell"
                      x={left + c * columnWidth}
                      y={top + r * rowHeight}
                      width={columnWidth - 2}
                      height={rowHeight - 2}
                      fill-opacity={(1 - share) * 0.85}
                    />
                    <text
                      class="cell-text"
                      x={left + (c + 0.5) * columnWidth - 1}
                      y={top + r * rowHeight + (props.signs && !(wordy && props.signs.of[r]) ? 23.5 : 15.5)}
                      text-anchor="middle"
                    >
                      {value === null ? "–" : props.digits(value)}
                      {props.signs?.of[r] && ` ${props.signs.of[r]!.sign}`}
                    </text>
                    {wordy && props.signs?.of[r] && (
                      <text
                        class="cell-text"
                        x={left + (c + 0.5) * columnWidth - 1}
                        y={top + r * rowHeight + 30}
                        text-anchor="middle"
                      >
                        {props.signs.of[r]!.short}
                      </text>
                    )}
                  </g>
                );
              })}
            </g>
          ))}
          {props.columns.map((column, c) => (
            <text
              key={column.long}
              class="tick"
              x={left + (c + 0.5) * columnWidth - 1}
              y={top + props.rows.length * rowHeight + 14 + (c % 2) * turns}
              text-anchor="middle"
            >
              {column.short}
            </text>
          ))}
          <text class="tick" x={(left + width) / 2} y={height - 5} text-anchor="middle">
            {width < 420 ? (props.shortAxis ?? props.axis) : props.axis}
          </text>
        </>
      ),
    };
  };
  return <Frame finding={props.finding} twin={twin} note={props.note} level={props.level} draw={draw} />;
}
