// What a treatment gains in one person: by dose and start, in pairs, and until when.

import { useEffect, useState } from "preact/hooks";
import { stored, stream, type Model, type Window } from "../api";
import { Select, Text } from "../controls";
import { useLive } from "../hooks";
import { Problem, Waiting } from "../notices";
import { ANEW, person, TIME, type Change, type State } from "../state";
import { Cannot } from "./cannot";
import { asked } from "./treatments/asked";
import { Closing } from "./treatments/closing";
import { GainLayers } from "./treatments/layers";
import { Combinations } from "./treatments/pairs";
import { Time, type Asked } from "./treatments/time";
import { WindowMap } from "./treatments/window";
import { More, Who } from "./who";

const GAINS = [
  { name: "alsfrs", title: "ALSFRS-R, points" },
  { name: "innervation", title: "Muscle innervation, share" },
  { name: TIME, title: "Time (you are asked first)" },
];
const MONTHS = [12, 24, 36, 48, 60];

export function Treatments({ model, state, change }: { model: Model; state: State; change: Change }) {
  return (
    <>
      <h1>What a treatment gains</h1>
      <p class="lead">
        One person of the model, not you, against the same person untreated: by dose, by start, and two treatments
        together. Function is what a person can do, for as long as the person lives.
      </p>
      {stored ? (
        <p class="notice">
          These runs are simulated when they are asked for, and are not in this page. They need the explorer itself (charcot
          explore).
        </p>
      ) : (
        <Simulated model={model} state={state} change={change} />
      )}
      <Cannot model={model} />
    </>
  );
}

function Simulated({ model, state, change }: { model: Model; state: State; change: Change }) {
  const [time, ask] = useState<Asked>("no");
  const who = person(state).toString();
  useEffect(() => ask("no"), [who]); // of another person it is asked anew
  const gain = time === "shown" ? TIME : state.gain;
  const words = asked(state, gain);
  words.set("product", state.product);
  if (state.doses) words.set("doses", state.doses);
  if (state.starts) words.set("starts", state.starts);
  const run = useLive<Window>(`window ${words.toString()}`, (signal, progress) => stream("/api/window", words, signal, progress));
  const shown = run.shown && (run.shown.gained.name === TIME) === (gain === TIME) ? run.shown : null;
  return (
    <>
      <section class="panel" aria-labelledby="who-title">
        <h2 id="who-title">Who the person is</h2>
        <div class="controls">
          <Who model={model} state={state} change={change} />
          <More model={model} state={state} change={change} shown={false} />
        </div>
      </section>
      <Asking model={model} state={state} change={change} time={time} ask={ask} />
      <Time time={time} ask={ask} />
      {run.error && <Problem error={run.error} again={run.begin} />}
      <Waiting run={run} what="Simulations of this treatment" />
      {shown && <WindowMap window={shown} />}
      {!run.progress && !run.answer && !run.error && shown === null && (
        <button type="button" onClick={run.begin}>
          Simulate this treatment
        </button>
      )}
      {shown && <Closing window={shown} />}
      <Combinations model={model} state={state} change={change} gain={gain} />
      <GainLayers state={state} change={change} title={shown?.title ?? state.product} time={gain === TIME} />
    </>
  );
}

interface AskingProps {
  model: Model;
  state: State;
  change: Change;
  time: Asked;
  ask: (time: Asked) => void;
}

function Asking({ model, state, change, time, ask }: AskingProps) {
  const set = (part: Partial<State>) => change({ ...part, ...ANEW });
  const product = model.products.find((one) => one.name === state.product);
  return (
    <section class="panel" aria-labelledby="asked-title">
      <h2 id="asked-title">Which treatment, and what is gained</h2>
      <div class="controls">
        <Select
          label="Treatment"
          value={state.product}
          options={model.products.map((one) => ({ name: one.name, title: one.given_to_people ? one.title : `${one.title} (never given to people)` }))}
          change={(name) => set({ product: name })}
        />
        <Select
          label="What is gained"
          value={time === "no" ? state.gain : TIME}
          options={GAINS}
          change={(gain) => {
            ask(gain === TIME ? "asked" : "no");
            if (gain !== TIME) set({ gain });
          }}
        />
        <Select
          label="Read at, months after onset"
          value={String(state.at)}
          options={MONTHS.map((n) => ({ name: String(n), title: `${n} months after onset` }))}
          change={(at) => set({ at: Number(at) })}
        />
        <Text
          label="Doses, multiples of one usual dose"
          hint={`One usual dose: ${product?.dose ?? "unknown"}. Numbers with commas; empty takes 0.25, 0.5, 1, 2, 4.`}
          value={state.doses}
          change={(doses) => change({ doses: doses.trim() })}
        />
        <Text
          label="Starts, years from onset"
          hint="Before onset: negative. Numbers with commas; empty takes −3 to 3."
          value={state.starts}
          change={(starts) => change({ starts: starts.trim() })}
        />
      </div>
      <p class="hint">{product?.standing}</p>
    </section>
  );
}
