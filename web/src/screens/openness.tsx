// What is uncertain of a course, in three layers as reports name them: the same persons under plausible models.

import { useEffect } from "preact/hooks";
import { stored, stream, type Opened } from "../api";
import { Dots } from "../charts/dots";
import { Lines } from "../charts/lines";
import { useLong } from "../hooks";
import { Problem, Waiting } from "../notices";
import { question, type Change, type State } from "../state";
import { months, settle, type Value } from "../words";

const MODELS = 6;
const AT = 24; // months after onset at which the layers stand beside each other
type Series = Opened["series"][number];

export function Openness({ state, change }: { state: State; change: Change }) {
  const run = useLong<Opened>(`open ${question(state).toString()} ${state.models ?? ""}`, (signal, progress) => {
    const asked = question(state);
    asked.set("models", String(state.models ?? MODELS));
    return stream("/api/open", asked, signal, progress);
  });
  useEffect(() => {
    if (state.models !== null && !stored) run.begin();
  }, [state.models]);
  if (stored) return null;
  return (
    <>
      {!run.answer && !run.progress && (
        <button type="button" onClick={() => (state.models === null ? change({ models: MODELS }, true) : run.begin())}>
          Show what the evidence leaves open, with {MODELS} plausible models (half a minute)
        </button>
      )}
      <Waiting run={run} what="People simulated under plausible models" />
      {run.error && <Problem error={run.error} again={run.begin} />}
      {run.answer && <Layers opened={run.answer} />}
    </>
  );
}

function Layers({ opened }: { opened: Opened }) {
  const first = opened.series[0]!.readout;
  const own = opened.series.filter((one) => one.readout === first);
  const readouts = [...new Set(opened.series.map((one) => one.readout))];
  const after = opened.months.findIndex((one) => one >= AT);
  const k = after < 0 ? opened.months.length - 1 : after;
  return (
    <>
      <h3>Three layers of uncertainty</h3>
      <Meanings opened={opened} />
      <div class="charts">
        {own.map((series) => (
          <Beside key={series.arm} opened={opened} series={series} k={k} />
        ))}
      </div>
      <LeftOut opened={opened} />
      <div class="charts">
        {readouts.map((readout) => (
          <Courses key={readout} opened={opened} all={opened.series.filter((one) => one.readout === readout)} k={k} />
        ))}
      </div>
    </>
  );
}

// What each layer means.
export function Meanings({ opened }: { opened: Opened }) {
  return (
    <dl>
      {opened.layers.map((one) => (
        <div key={one.name}>
          <dt>{one.title[0]!.toUpperCase() + one.title.slice(1)}</dt>
          <dd>{one.words}</dd>
        </div>
      ))}
    </dl>
  );
}

// What failed, or has no effect in some models.
export function LeftOut({ opened }: { opened: Opened }) {
  const left = [
    opened.without,
    ...opened.failed.map((one) => `${one}.`),
    opened.failed_persons ? `${opened.failed_persons} simulations failed and are left out.` : "",
    opened.used < opened.models ? `${opened.used} of ${opened.models} models gave the figures.` : "",
  ].filter(Boolean);
  return left.length > 0 ? <p class="hint">{left.join(" ")}</p> : null;
}

const ARMS: Record<string, string> = { untreated: "untreated", treated: "treated", gain: "gained by the treatment" };

// The three ranges of one figure at one time, beside each other.
export function Beside({ opened, series, k }: { opened: Opened; series: Series; k: number }) {
  const mean = series.mean[k];
  const ranges: { name: string; middle: Value; low: Value; high: Value }[] = [
    { name: "Between patients", middle: mean ?? null, low: series.patients_low[k] ?? null, high: series.patients_high[k] ?? null },
    { name: "Monte Carlo", middle: mean ?? null, low: series.chance_low[k] ?? null, high: series.chance_high[k] ?? null },
    {
      name: "What the evidence leaves open",
      middle: series.models_middle[k] ?? null,
      low: series.models_low[k] ?? null,
      high: series.models_high[k] ?? null,
    },
  ];
  const said = (n: number) => `${settle(ranges[n]!.low)} to ${settle(ranges[n]!.high)}`;
  return (
    <Dots
      level={4}
      finding={`${series.title} ${months(opened.months[k]!)} after onset, ${ARMS[series.arm]}: ${settle(mean)} ${series.unit} on average. ${leftOpen(series, k)}; chance alone gives ${said(1)}, and people lie between ${said(0).replace(" to ", " and ")}.`}
      caption={`Three layers, ${series.title}, ${ARMS[series.arm]}`}
      axis={`${series.title}, ${series.unit}`}
      columns={["Layer", "Middle", "From", "to"]}
      dots={ranges.map((one) => ({ name: one.name, value: one.middle ?? 0, low: one.low, high: one.high, cells: [one.middle, one.low, one.high] }))}
      note="The dot is the mean in the central model; in the last row it is the middle of the plausible models, which may lie elsewhere."
    />
  );
}

// What the third layer says; where the models differ by no more than their own noise there is no range.
function leftOpen(series: Series, k: number): string {
  const [low, high, noise] = [series.models_low[k], series.models_high[k], series.noise[k]];
  if (low === null || low === undefined || high === null || high === undefined) return "The plausible models give no figure";
  if (high - low < 1e-9) {
    return `${series.models} plausible models differ by no more than the noise of their own simulation (SD ${settle(noise)})`;
  }
  return `The evidence leaves ${settle(low)} to ${settle(high)} open`;
}

function Courses({ opened, all, k }: { opened: Opened; all: Series[]; k: number }) {
  const arms = all.filter((one) => one.arm !== "gain");
  const last = arms[arms.length - 1]!;
  return (
    <Lines
      level={4}
      finding={`${last.title} ${months(opened.months[k]!)} after onset, ${last.arm}, in ${last.unit}: ${leftOpen(last, k)}.`}
      caption={`${last.title} under plausible models`}
      clock={opened.clock}
      unit={last.unit}
      months={opened.months}
      lines={arms.map((one) => ({
        name: one.arm,
        style: one.arm === "treated" ? ("second" as const) : ("first" as const),
        values: one.mean,
        bands: [{ low: one.models_low, high: one.models_high, words: `middle 95 % of ${one.models} plausible models` }],
      }))}
      note={`Line: mean of ${opened.persons} people in the central model. Band: middle 95 % of the means under ${last.models} plausible models.`}
    />
  );
}
