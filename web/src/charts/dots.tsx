// Dots with ranges, one row each.

import { Frame, ticks, type Cell } from "./frame";
import { say } from "../words";

export interface Dot {
  name: string;
  value: number;
  low: number | null;
  high: number | null;
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
  const all = props.dots.flatMap((dot) => [dot.value, dot.low ?? dot.value, dot.high ?? dot.value]).map(flat);
  const low = props.logarithmic ? Math.min(...all, -0.1) : Math.min(0, ...all);
  const high = Math.max(...all, props.logarithmic ? 0.1 : 1e-9);
  const draw = (width: number) => {
    const rowHeight = 42;
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
            const y = k * rowHeight;
            return (
              <g key={dot.name}>
                <text class="label" x={left} y={y + 15}>
                  {dot.name}
                </text>
                {dot.low !== null && dot.high !== null && (
                  <line class="span" x1={x(dot.low)} x2={x(dot.high)} y1={y + 27} y2={y + 27} />
                )}
                <circle class="mark first" cx={x(dot.value)} cy={y + 27} r={5} />
              </g>
            );
          })}
        </>
      ),
    };
  };
  return <Frame finding={props.finding} twin={twin} note={props.note} level={props.level} draw={draw} />;
}
