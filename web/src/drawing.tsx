// The drawing of a motor unit and its neighbourhood. Shapes are filled by the first level of their part; a bar beside
// each name says the same without colour. It is one picture with one name; parts are chosen by the list beside it, and
// by a click here as a short cut.

import type { ComponentChildren } from "preact";

export interface Drawn {
  name: string;
  title: string;
  ill: number; // 0 = health, 1 = the end of the scale
}

interface DrawingProps {
  finding: string;
  parts: Drawn[];
  chosen: string;
  choose: (name: string) => void;
}

const PLACES: Record<string, { x: number; y: number; label: string; shape: ComponentChildren }> = {
  upper_neuron: {
    x: 226,
    y: 26,
    label: "Upper neuron",
    shape: (
      <>
        <path class="body" d="M180 12 L204 56 L156 56 Z" />
        <path class="fibre" d="M180 56 V116" />
      </>
    ),
  },
  motor_pool: {
    x: 12,
    y: 100,
    label: "Motor pool",
    shape: (
      <>
        <circle class="body" cx="38" cy="76" r="13" />
        <circle class="body" cx="70" cy="64" r="13" />
        <circle class="body" cx="102" cy="80" r="13" />
      </>
    ),
  },
  soma: {
    x: 12,
    y: 158,
    label: "Cell body",
    shape: (
      <>
        <path class="fibre" d="M150 128 L122 108 M210 128 L238 106 M146 158 L120 168" />
        <circle class="body" cx="180" cy="150" r="38" />
        <circle class="nucleus" cx="180" cy="150" r="14" />
      </>
    ),
  },
  astrocyte: {
    x: 252,
    y: 196,
    label: "Astrocyte",
    shape: <path class="body" d="M292 108 L300 132 L324 126 L308 146 L326 164 L302 160 L292 184 L282 160 L258 164 L276 146 L260 126 L284 132 Z" />,
  },
  microglia: {
    x: 12,
    y: 268,
    label: "Microglia",
    shape: <path class="body" d="M66 212 L78 222 L94 214 L86 230 L98 244 L78 240 L66 254 L58 238 L40 240 L50 226 L42 210 L58 218 Z" />,
  },
  t_cell: {
    x: 252,
    y: 290,
    label: "T cells",
    shape: (
      <>
        <circle class="body" cx="278" cy="248" r="17" />
        <circle class="body" cx="312" cy="258" r="13" />
      </>
    ),
  },
  axon: {
    x: 12,
    y: 338,
    label: "Axon",
    shape: (
      <>
        <rect class="body" x="172" y="188" width="16" height="212" rx="6" />
        <path class="fibre" d="M166 232 H194 M166 284 H194 M166 336 H194" />
      </>
    ),
  },
  terminal: {
    x: 236,
    y: 410,
    label: "Nerve ending",
    shape: <path class="body" d="M172 396 C150 412 138 424 138 440 L162 440 C164 428 172 420 180 420 C188 420 196 428 198 440 L222 440 C222 424 210 412 188 396 Z" />,
  },
  muscle: {
    x: 12,
    y: 444,
    label: "Muscle",
    shape: (
      <>
        <rect class="body" x="96" y="448" width="168" height="52" rx="18" />
        <path class="fibre" d="M112 462 H248 M108 474 H252 M112 486 H248" />
      </>
    ),
  },
  body: {
    x: 282,
    y: 524,
    label: "Person",
    shape: (
      <>
        <circle class="body" cx="318" cy="450" r="11" />
        <path class="body" d="M302 466 H334 V492 H326 V510 H310 V492 H302 Z" />
      </>
    ),
  },
};

export function Drawing({ finding, parts, chosen, choose }: DrawingProps) {
  return (
    <svg class="drawing" role="img" aria-label={finding} viewBox="0 0 360 552" xmlns="http://www.w3.org/2000/svg">
      {parts.map((part) => {
        const place = PLACES[part.name];
        if (!place) return null;
        return (
          <g
            key={part.name}
            class={part.name === chosen ? "part chosen" : "part"}
            style={{ "--ill": String(part.ill) }}
            onClick={() => choose(part.name)}
          >
            {place.shape}
            <text class="label" x={place.x} y={place.y}>
              {place.label}
            </text>
            <rect class="gauge" x={place.x} y={place.y + 6} width={64} height={8} />
            <rect class="gauge-fill" x={place.x} y={place.y + 6} width={64 * part.ill} height={8} />
          </g>
        );
      })}
    </svg>
  );
}
