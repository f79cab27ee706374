// How sure a gain is, in three layers, for the usual dose and one start.

import { useEffect } from "preact/hooks";
import { stream, type Opened } from "../../api";
import { useLong } from "../../hooks";
import { Problem, Waiting } from "../../notices";
import type { Change, State } from "../../state";
import { Beside, LeftOut, Meanings } from "../openness";
import { asked } from "./asked";
import { since } from "./pairs";

const MODELS = 6;

interface GainLayersProps {
  state: State;
  change: Change;
  title: string;
  time: boolean; // what is shown is time
}

export function GainLayers({ state, change, title, time }: GainLayersProps) {
  const words = asked(state, state.gain);
  words.set("product", state.product);
  words.set("start", String(state.begin));
  words.set("models", String(state.models ?? MODELS));
  const run = useLong<Opened>(`gain ${words.toString()} ${state.models ?? ""}`, (signal, progress) =>
    stream("/api/gain/open", words, signal, progress),
  );
  useEffect(() => {
    if (state.models !== null) run.begin();
  }, [state.models]);
  return (
    <section aria-labelledby="sure-title">
      <h2 id="sure-title">How sure is this?</h2>
      <p>
        Above stands one person in one model. People with the same gene, age and site differ, and the numbers of the model
        may be others. Three layers can be shown of function, for {title} at its usual dose, begun {since(state.begin)}. Of
        the other doses and starts, of pairs, and of time they are not simulated here: <code>charcot sweep --models</code>{" "}
        shows them.
      </p>
      {!run.answer && !run.progress && !time && (
        <button type="button" onClick={() => (state.models === null ? change({ models: MODELS }, true) : run.begin())}>
          Show three layers of this gain, with {MODELS} plausible models (ten seconds)
        </button>
      )}
      <Waiting run={run} what="Simulations under plausible models" />
      {run.error && <Problem error={run.error} again={run.begin} />}
      {run.answer && <Layers opened={run.answer} />}
    </section>
  );
}

function Layers({ opened }: { opened: Opened }) {
  return (
    <>
      <Meanings opened={opened} />
      {opened.series.map((series) => (
        <Beside key={series.readout} opened={opened} series={series} k={0} />
      ))}
      <LeftOut opened={opened} />
    </>
  );
}
