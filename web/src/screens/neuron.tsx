import { ask, type Model, type NeuronRun } from "../api";
import { Lines } from "../charts/lines";
import { Table } from "../charts/frame";
import { Radios, Range } from "../controls";
import { Drawing } from "../drawing";
import { useAnswer } from "../hooks";
import { Problem } from "../notices";
import { address, question, type Change, type State } from "../state";
import { lower, months, say, settle } from "../words";
import { stored } from "../api";
import { MechanismPanel } from "./mechanism";
import { Who } from "./who";

type Level = NeuronRun["levels"][number];

function ill(level: Level, value: number | null | undefined): number {
  if (value === null || value === undefined) return 0;
  return Math.min(1, Math.max(0, (value - level.healthy) / (level.ill - level.healthy)));
}

function when(month: number): string {
  if (month === 0) return "at onset";
  const years = Math.abs(month) >= 24 ? `${say(Math.abs(month) / 12)} years` : months(Math.abs(month));
  return `${years} ${month < 0 ? "before" : "after"} onset`;
}

export function Neuron({ model, state, change }: { model: Model; state: State; change: Change }) {
  // The exported page has the untreated typical person.
  const asked = question(stored ? { ...state, treat: [], seed: null, exposures: [], months: 60 } : state);
  const { answer: run, error, again } = useAnswer(`neuron ${asked.toString()}`, (signal) => ask("/api/neuron", asked, signal));
  const first = run?.months[0] ?? -24;
  const last = run?.months[run.months.length - 1] ?? 60;
  const month = Math.min(last, Math.max(first, state.month));
  const at = run ? nearest(run.months, month) : 0;
  const value = (level: Level) => (run?.treatments.length && level.treated ? level.treated : level.untreated)[at];
  const part = model.parts.find((one) => one.name === state.part) ?? model.parts[0]!;
  const drawn = model.parts.map((one) => {
    const level = run?.levels.find((other) => other.part === one.name);
    return { name: one.name, title: one.title, ill: level ? ill(level, value(level)) : 0 };
  });
  const own = run?.levels.filter((level) => level.part === part.name) ?? [];
  const finding = run ? finds(run, month, value) : "The motor unit.";
  return (
    <>
      <h1>Inside a motor unit</h1>
      <p class="lead">
        Move the time from health to the late stage and see what changes. Choose a part to see what the model says of
        it, with its numbers and the evidence.
      </p>
      {error && <Problem error={error} again={again} />}
      <div class="two">
        <div>
          <section aria-labelledby="person-title" class="panel">
            <h2 id="person-title">Who and when</h2>
            <Range
              label="Time"
              unit="months since onset"
              value={month}
              min={first}
              max={last}
              words={when}
              change={(to) => change({ month: to })}
            />
            <Who model={model} state={state} change={change} />
          </section>
          <Radios
            label="Part"
            name="part"
            value={part.name}
            options={model.parts}
            change={(name) => change({ part: name, mechanism: "" })}
          />
        </div>
        <figure aria-busy={!run}>
          <figcaption>
            <h2>{finding}</h2>
          </figcaption>
          <Drawing finding={finding} parts={drawn} chosen={part.name} choose={(name) => change({ part: name, mechanism: "" })} />
          <p class="hint">
            The fuller the bar beside a name, the further that part is from health. One typical person
            {run?.treatments.length ? ", treated" : ", untreated"}; the region where disease begins.
          </p>
          {run && (
            <details>
              <summary>Table: all levels of the drawing</summary>
              <Table
                twin={{
                  caption: `All levels ${when(month)}`,
                  columns: ["Level", "Part", "Now", "Health"],
                  rows: run.levels.map((level) => [
                    level.title,
                    model.parts.find((one) => one.name === level.part)?.title ?? level.part,
                    value(level) ?? null,
                    level.healthy,
                  ]),
                }}
              />
            </details>
          )}
        </figure>
      </div>
      <section aria-labelledby="part-title">
        <h2 id="part-title">{part.title}</h2>
        <p>{part.sentence}</p>
        {run && (
          <div class="charts">
            {own.map((level) => (
              <Lines
                key={level.readout}
                level={3}
                finding={`${level.title} is ${settle(value(level))}${level.unit ? ` ${level.unit}` : ""}, ${when(month)}; in health it is ${say(level.healthy)}.`}
                caption={level.title}
                clock={run.clock}
                unit={level.unit}
                months={run.months}
                height={170}
                lines={[
                  { name: "untreated", style: "first", values: level.untreated },
                  ...(level.treated ? [{ name: "treated", style: "second" as const, values: level.treated }] : []),
                ]}
                moments={[{ month, words: "now", short: "now" }]}
                domain={[Math.min(level.healthy, level.ill, 0), top(level)]}
              />
            ))}
          </div>
        )}
        <h3>What happens here: {part.mechanisms.length} mechanisms</h3>
        <ul class="mechanisms">
          {part.mechanisms.map((one) => (
            <li key={one.name}>
              <a
                href={address({ ...state, mechanism: one.name })}
                aria-current={state.mechanism === one.name ? "true" : undefined}
              >
                {one.claim}
              </a>
            </li>
          ))}
        </ul>
      </section>
      {state.mechanism && <MechanismPanel name={state.mechanism} state={state} />}
    </>
  );
}

function top(level: Level): number {
  const known = [...level.untreated, ...(level.treated ?? [])].filter((one): one is number => one !== null);
  return Math.max(level.healthy, level.ill > level.healthy ? Math.max(...known) : level.healthy, ...known) * 1.05 || 1;
}

function nearest(all: number[], wanted: number): number {
  let best = 0;
  all.forEach((one, k) => {
    if (Math.abs(one - wanted) < Math.abs(all[best]! - wanted)) best = k;
  });
  return best;
}

// What the drawing shows, in a sentence: the three levels that are furthest from health.
function finds(run: NeuronRun, month: number, value: (level: Level) => number | null | undefined): string {
  const far = run.levels
    .map((level) => ({ level, share: ill(level, value(level)) }))
    .sort((a, b) => b.share - a.share)
    .slice(0, 3);
  const words = far.map(({ level }) => `${lower(level.title)} ${settle(value(level))} (health ${say(level.healthy)})`);
  const moment = when(month);
  return `${moment[0]!.toUpperCase()}${moment.slice(1)}, furthest from health: ${words.join("; ")}.`;
}
