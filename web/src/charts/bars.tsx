// Bars of counts: hits and misses of the same size, told apart by pattern and words.

import { Frame } from "./frame";

export interface Bar {
  name: string;
  hit: number;
  total: number;
}

export function Bars({ finding, caption, bars, what = "Group" }: { finding: string; caption: string; bars: Bar[]; what?: string }) {
  const twin = {
    caption,
    columns: [what, "Hit", "Missed", "All"],
    rows: bars.map((bar) => [bar.name, bar.hit, bar.total - bar.hit, bar.total]),
  };
  const most = Math.max(1, ...bars.map((bar) => bar.total));
  const draw = (width: number) => {
    const rowHeight = 50;
    const height = bars.length * rowHeight + 6;
    const scale = (count: number) => (count / most) * (width - 8);
    return {
      height,
      picture: bars.map((bar, k) => {
        const y = k * rowHeight;
        return (
          <g key={bar.name}>
            <text class="label" x={0} y={y + 15}>
              {width < 420 ? bar.name.split(":")[0] : bar.name}: {bar.hit} hit, {bar.total - bar.hit} missed
            </text>
            <rect class="bar hit" x={1} y={y + 22} width={scale(bar.hit)} height={20} />
            <rect class="bar missed" x={1 + scale(bar.hit)} y={y + 22} width={scale(bar.total - bar.hit)} height={20} />
          </g>
        );
      }),
    };
  };
  return (
    <Frame
      finding={finding}
      twin={twin}
      draw={draw}
      note="Filled: hit. Outlined: missed. A hit and a miss have the same size."
    />
  );
}
