// Two treatments together, each pair beside its parts.

import { stream, type Model, type Pairs } from "../../api";
import { Dots } from "../../charts/dots";
import { Table } from "../../charts/frame";
import { Range, Select } from "../../controls";
import { useLive } from "../../hooks";
import { Problem, Waiting } from "../../notices";
import { ANEW, type Change, type State } from "../../state";
import { say } from "../../words";
import { asked } from "./asked";

const MOST = 4;
const FEWEST = 2;

interface CombinationsProps {
  model: Model;
  state: State;
  change: Change;
  gain: string;
}

export function Combinations({ model, state, change, gain }: CombinationsProps) {
  const words = asked(state, gain);
  for (const one of state.pair) words.append("with", one);
  words.set("start", String(state.begin));
  const run = useLive<Pairs>(`pairs ${words.toString()}`, (signal, progress) => stream("/api/pairs", words, signal, progress));
  const shown = run.shown && run.shown.gained.name === gain ? run.shown : null;
  return (
    <section aria-labelledby="pairs-title">
      <h2 id="pairs-title">Two treatments together</h2>
      <Chosen model={model} state={state} change={change} />
      {run.error && <Problem error={run.error} again={run.begin} />}
      <Waiting run={run} what="Simulations of the pairs" />
      {!run.progress && !run.answer && !run.error && shown === null && (
        <button type="button" onClick={run.begin}>
          Simulate the pairs
        </button>
      )}
      {shown && <Beside pairs={shown} />}
    </section>
  );
}

export function since(start: number): string {
  if (start === 0) return "at onset";
  const years = Math.abs(start);
  return `${say(years)} ${years === 1 ? "year" : "years"} ${start < 0 ? "before" : "after"} onset`;
}

function Chosen({ model, state, change }: { model: Model; state: State; change: Change }) {
  const put = (pair: string[]) => change({ pair });
  const title = (name: string) => model.products.find((one) => one.name === name)?.title ?? name;
  const free = model.products.filter((one) => !state.pair.includes(one.name));
  return (
    <div class="panel">
      <div class="controls">
        {state.pair.map((name, k) => (
          <div key={k}>
            <Select
              label={`Treatment ${k + 1} of the pairs`}
              value={name}
              options={model.products
                .filter((one) => one.name === name || !state.pair.includes(one.name))
                .map((one) => ({ name: one.name, title: one.given_to_people ? one.title : `${one.title} (never given to people)` }))}
              change={(other) => put(state.pair.map((one, j) => (j === k ? other : one)))}
            />
            {state.pair.length > FEWEST && (
              <button type="button" onClick={() => put(state.pair.filter((_, j) => j !== k))}>
                Remove {title(name)}
              </button>
            )}
          </div>
        ))}
        <Range
          label="Start of the treatments"
          unit="years from onset"
          value={state.begin}
          min={-3}
          max={5}
          step={0.5}
          words={since}
          change={(begin) => change({ begin, ...ANEW })}
        />
      </div>
      {state.pair.length < MOST && free[0] && (
        <button type="button" onClick={() => put([...state.pair, free[0]!.name])}>
          Add a treatment to the pairs
        </button>
      )}
    </div>
  );
}

function Beside({ pairs }: { pairs: Pairs }) {
  const { title, unit, at } = pairs.gained;
  const read = at === null ? title : `${title}, ${say(at)} months after onset`;
  return (
    <>
      <p class="hint">
        Gained: {read}, by usual doses from {pairs.start_words.replace("at onset", "onset")} on. Untreated:{" "}
        {say(pairs.untreated)} {unit}. Filled diamond: together they gain about the sum; hollow: more or less. {pairs.about}
      </p>
      <div class="charts">
        {pairs.pairs.map((pair) => (
          <Dots
            key={`${pair.first} ${pair.second}`}
            finding={pair.finding}
            caption={`${pair.first} and ${pair.second}`}
            axis={`gain${unit ? `, ${unit}` : ""}`}
            columns={["Given", "Gain", "Sum of the parts"]}
            dots={[
              { name: `${pair.first} alone`, value: pair.gain_first ?? 0, low: null, high: null, cells: [pair.gain_first, ""] },
              { name: `${pair.second} alone`, value: pair.gain_second ?? 0, low: null, high: null, cells: [pair.gain_second, ""] },
              {
                name: `Together: ${pair.beside} the sum`,
                value: pair.together ?? 0,
                low: null,
                high: null,
                against: pair.added === null ? undefined : { value: pair.added, held: pair.beside === "about" },
                cells: [pair.together, pair.added],
              },
            ]}
            note="Dot: what is gained. Diamond: the sum of the parts."
          />
        ))}
      </div>
      <Table
        twin={{
          caption: `Pairs beside their parts${unit ? `, ${unit}` : ""}`,
          columns: ["Pair", "First alone", "Second alone", "Together", "Sum of the parts", "In words", "Bliss", "Never given to people"],
          rows: pairs.pairs.map((pair) => [
            `${pair.first} (${pair.first_dose}) and ${pair.second} (${pair.second_dose})`,
            pair.gain_first,
            pair.gain_second,
            pair.together,
            pair.added,
            `${pair.beside} the sum`,
            pair.bliss,
            pair.never_given || "–",
          ]),
        }}
      />
      {pairs.notes.length > 0 && (
        <ul>
          {pairs.notes.map((note) => (
            <li key={note} class="hint">
              {note}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
