// Dots with ranges, one row each.

import { Frame, ticks, type Cell } from "./frame";
import { say } from "../words";

export interface Dot {
  name: string;
  value: number;
  low: number | null;
  high: number | null;
  against?: { value: number; held: boolean }; // a published figure, and whether the range holds it
  cells: Cell[];
}

interface DotsProps {
  finding: string;
  caption: string;
  axis: string;
  columns: string[];
  dots: Dot[];
  logarithmic?: boolean;
  note?: string;
  level?: 3 | 4;
}

export function Dots(props: DotsProps) {
  const twin = {
    caption: props.caption,
    columns: props.columns,
    rows: props.dots.map((dot) => [dot.name, ...dot.cells]),
  };
  const flat = (value: number) => (props.logarithmic ? Math.log10(Math.max(value, 1e-12)) : value);
  const all = props.dots.flatMap((dot) => [dot.value, dot.low ?? dot.value, dot.high ?? dot.value, dot.against?.value ?? dot.value]).map(flat);
  const low = props.logarithmic ? Math.min(...all, -0.1) : Math.min(0, ...all);
  const high = Math.max(...all, props.logarithmic ? 0.1 : 1e-9);
  const draw = (width: number) => {
    const most = Math.floor((width - 12) / 7); // letters of a line
    const names = props.dots.map((dot) => folded(dot.name, most));
    const lines = Math.max(1, ...names.map((name) => name.length));
    const rowHeight = 27 + 15 * lines;
    const left = 8;
    const right = 16;
    const bottom = 40;
    const height = props.dots.length * rowHeight + bottom;
    const x = (value: number) => left + ((flat(value) - low) / (high - low || 1)) * (width - left - right);
    const marks = props.logarithmic
      ? [0.001, 0.01, 0.1, 0.5, 1, 2, 10, 100, 1000].filter((one) => flat(one) >= low && flat(one) <= high)
      : ticks(low, high, 5);
    return {
      height,
      picture: (
        <>
          {marks.map((mark) => (
            <g key={mark}>
              <line class="grid" x1={x(mark)} x2={x(mark)} y1={0} y2={height - bottom} />
              <text class="tick" x={x(mark)} y={height - bottom + 16} text-anchor="middle">
                {say(mark)}
              </text>
            </g>
          ))}
          <text class="tick" x={width / 2} y={height - 5} text-anchor="middle">
            {props.axis}
          </text>
          {props.dots.map((dot, k) => {
            const y = k * rowHeight + 15 * (lines - 1);
            return (
              <g key={dot.name}>
                {names[k]!.map((line, n) => (
                  <text key={n} class="label" x={left} y={y + 15 - 15 * (names[k]!.length - 1 - n)}>
                    {line}
                  </text>
                ))}
                {dot.low !== null && dot.high !== null && (
                  <line class="span" x1={x(dot.low)} x2={x(dot.high)} y1={y + 27} y2={y + 27} />
                )}
                <circle class="mark first" cx={x(dot.value)} cy={y + 27} r={dot.against ? 3.5 : 5} />
                {dot.against && (
                  <path
                    class={dot.against.held ? "published held" : "published"}
                    d={`M${x(dot.against.value).toFixed(1)} ${y + 20}l7 7l-7 7l-7 -7Z`}
                  />
                )}
              </g>
            );
          })}
        </>
      ),
    };
  };
  return <Frame finding={props.finding} twin={twin} note={props.note} level={props.level} draw={draw} />;
}

// A name in lines of at most so many letters, broken between words.
function folded(name: string, most: number): string[] {
  const lines: string[] = [];
  for (const word of name.split(" ")) {
    const last = lines[lines.length - 1];
    if (last !== undefined && last.length + word.length < most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
