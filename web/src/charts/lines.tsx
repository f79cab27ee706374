// Lines over time, with bands and marked moments. Series differ by dash and marker as well as by colour.

import { Frame, ticks, type Twin } from "./frame";
import { say, type Value } from "../words";

export interface Line {
  name: string;
  style: "first" | "second" | "plain";
  values: Value[];
  dots?: boolean; // a mark at each value, not only at whole years
  bands?: { low: Value[]; high: Value[]; words: string }[];
}

export interface Moment {
  month: number;
  words: string;
  short: string; // where there is little room
}

interface LinesProps {
  finding: string;
  caption: string;
  clock: string;
  shortClock?: string; // where there is little room
  unit: string;
  months: number[];
  lines: Line[];
  moments?: Moment[];
  domain?: [number, number];
  height?: number;
  note?: string;
  level?: 3 | 4;
}

export function twinOf(props: Pick<LinesProps, "caption" | "clock" | "unit" | "months" | "lines">): Twin {
  const columns = [`Month (${props.clock})`];
  for (const line of props.lines) {
    columns.push(props.unit ? `${line.name}, ${props.unit}` : line.name);
    for (const band of line.bands ?? []) columns.push(`${line.name}: ${band.words}, from`, `${line.name}: ${band.words}, to`);
  }
  const rows = props.months.map((month, k) => [
    month,
    ...props.lines.flatMap((line) => [
      line.values[k] ?? null,
      ...(line.bands ?? []).flatMap((band) => [band.low[k] ?? null, band.high[k] ?? null]),
    ]),
  ]);
  return { caption: props.caption, columns, rows };
}

function path(xs: number[], ys: (number | null)[]): string {
  let text = "";
  let pen = false;
  ys.forEach((y, k) => {
    if (y === null) pen = false;
    else {
      text += `${pen ? "L" : "M"}${xs[k]!.toFixed(1)} ${y.toFixed(1)}`;
      pen = true;
    }
  });
  return text;
}

export function Lines(props: LinesProps) {
  const { months, lines, moments = [] } = props;
  const all = lines.flatMap((line) => [
    ...line.values,
    ...(line.bands ?? []).flatMap((band) => [...band.low, ...band.high]),
  ]);
  const known = all.filter((value): value is number => value !== null);
  const [low, high] = props.domain ?? [Math.min(0, ...known), Math.max(...known, 1e-9) * 1.05];
  const draw = (width: number) => {
    const height = props.height ?? 230;
    const left = 46;
    const right = width < 420 ? 12 : 110;
    const legend = width < 420 && lines.length > 1 ? 22 : 0;
    const above = 12 + legend;
    const top = 10 + legend + (moments.length ? 16 * moments.length : 0);
    const bottom = 44;
    const first = months[0] ?? 0;
    const last = months[months.length - 1] ?? 1;
    const x = (month: number) => left + ((month - first) / (last - first || 1)) * (width - left - right);
    const y = (value: number) => top + ((high - value) / (high - low || 1)) * (height - top - bottom);
    const to = (values: Value[]) => values.map((value) => (value === null || value === undefined ? null : y(value)));
    const xs = months.map(x);
    return {
      height,
      picture: (
        <>
          {ticks(low, high, 4).map((tick) => (
            <g key={`y${tick}`}>
              <line class="grid" x1={left} x2={width - right} y1={y(tick)} y2={y(tick)} />
              <text class="tick" x={left - 6} y={y(tick) + 4} text-anchor="end">
                {say(tick)}
              </text>
            </g>
          ))}
          {monthTicks(first, last, (width - left - right) / 44).map((tick) => (
            <g key={`x${tick}`}>
              <line class="axis" x1={x(tick)} x2={x(tick)} y1={height - bottom} y2={height - bottom + 5} />
              <text class="tick" x={x(tick)} y={height - bottom + 19} text-anchor="middle">
                {say(tick)}
              </text>
            </g>
          ))}
          {legend > 0 &&
            lines.map((line, k) => (
              <g key={`key ${line.name}`}>
                <line class={`line ${line.style}`} x1={left + k * 130} x2={left + 26 + k * 130} y1={11} y2={11} />
                <text class={`label ${line.style}`} x={left + 32 + k * 130} y={15}>
                  {line.name}
                </text>
              </g>
            ))}
          <line class="axis" x1={left} x2={width - right} y1={height - bottom} y2={height - bottom} />
          <text class="tick" x={(left + width - right) / 2} y={height - 6} text-anchor="middle">
            {width < 420 ? (props.shortClock ?? "months since untreated onset") : props.clock}
          </text>
          {lines.flatMap((line) =>
            (line.bands ?? []).map((band, k) => (
              <path
                key={`${line.name} ${k}`}
                class={`band ${line.style} band-${k}`}
                d={`${path(xs, to(band.low))}${path([...xs].reverse(), to([...band.high].reverse())).replace("M", "L")}Z`}
              />
            )),
          )}
          {moments
            .filter((one) => one.month >= first && one.month <= last)
            .map((one, k) => {
              const end = x(one.month) > width * 0.6;
              return (
                <g key={one.words}>
                  <line class="moment" x1={x(one.month)} x2={x(one.month)} y1={above + 16 * k} y2={height - bottom} />
                  <text class="label" x={x(one.month) + (end ? -5 : 5)} y={above + 3 + 16 * k} text-anchor={end ? "end" : "start"}>
                    {width < 420 || one.words.length > 36 ? one.short : one.words}
                  </text>
                </g>
              );
            })}
          {lines.map((line) => (
            <path key={line.name} class={`line ${line.style}`} d={path(xs, to(line.values))} />
          ))}
          {lines.flatMap((line) =>
            months.map((month, k) => {
              const value = line.values[k];
              if ((month % 12 !== 0 && !line.dots) || value === null || value === undefined || line.style === "plain") return null;
              return line.style === "first" ? (
                <circle key={`${line.name}${month}`} class="mark first" cx={x(month)} cy={y(value)} r={3.5} />
              ) : (
                <rect key={`${line.name}${month}`} class="mark second" x={x(month) - 3.5} y={y(value) - 3.5} width={7} height={7} />
              );
            }),
          )}
          {width >= 420 &&
            spread(lines.map((line) => ends(line.values, y)), height - bottom - 8).map(
              (at, k) =>
                at !== null && (
                  <text key={lines[k]!.name} class={`label ${lines[k]!.style}`} x={width - right + 6} y={at + 4}>
                    {lines[k]!.name}
                  </text>
                ),
            )}
        </>
      ),
    };
  };
  return (
    <>
      <Frame finding={props.finding} twin={twinOf(props)} note={props.note} level={props.level} draw={draw} />
    </>
  );
}

function ends(values: Value[], y: (value: number) => number): number | null {
  const last = [...values].reverse().find((value): value is number => value !== null && value !== undefined);
  return last === undefined ? null : y(last);
}

// Whole years where they fit, else steps of several.
function monthTicks(first: number, last: number, most: number): number[] {
  const step = [1, 2, 3, 6, 12, 24, 36, 60, 120].find((one) => (last - first) / one <= most) ?? 240;
  const out: number[] = [];
  for (let month = Math.ceil(first / step) * step; month <= last; month += step) out.push(month);
  return out;
}

// Labels at the ends of lines, moved apart where they would lie on each other, above ``lowest``.
function spread(places: (number | null)[], lowest: number): (number | null)[] {
  const order = places.map((_, k) => k).filter((k) => places[k] !== null);
  order.sort((a, b) => places[a]! - places[b]!);
  const out = [...places];
  for (let k = 1; k < order.length; k++) {
    const above = out[order[k - 1]!]!;
    if (out[order[k]!]! < above + 15) out[order[k]!] = above + 15;
  }
  for (let k = order.length - 1, most = lowest; k >= 0; k--, most -= 15) {
    const here = order[k]!;
    out[here] = Math.min(out[here]!, most);
  }
  return out;
}
