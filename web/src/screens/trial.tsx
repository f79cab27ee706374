// A trial: its design beside the protocol that it is, one simulated trial patient by patient, and power.

import { ask, stored, type Model } from "../api";
import { useAnswer } from "../hooks";
import { Problem } from "../notices";
import { REDESIGNED, trialQuestion, type Change, type State } from "../state";
import { Form } from "./trial/form";
import { Own } from "./trial/own";
import { Power } from "./trial/power";
import { Protocol } from "./trial/protocol";
import { Simulated } from "./trial/simulated";

export function Trial({ model, state, change }: { model: Model; state: State; change: Change }) {
  const asked = trialQuestion(state);
  const key = asked.toString();
  const choices = useAnswer("trial choices", (signal) => ask("/api/trial/choices", new URLSearchParams(), signal));
  const { answer: design, error, again } = useAnswer(`design ${key}`, (signal) => ask("/api/trial/design", asked, signal));
  const ready = design && !error && design.problems.length === 0 && design.too_much.length === 0;
  return (
    <>
      <h1>A trial, designed and simulated</h1>
      <p class="lead">
        Choose a design and read the protocol that it is. Simulate the trial once and look at each virtual patient, or
        many times and see how often it finds its effect.
      </p>
      {choices.error && <Problem error={choices.error} again={choices.again} />}
      {error && <Problem error={error} again={again} />}
      <div class="two">
        <section class="panel" aria-labelledby="design-title">
          <h2 id="design-title">The design</h2>
          {state.protocol ? (
            <>
              <p>A protocol of your own is read{design?.own ? `: ${design.name}` : ""}. The form is put aside.</p>
              <button type="button" onClick={() => change({ protocol: "", ...REDESIGNED }, true)}>
                Back to the form
              </button>
            </>
          ) : (
            choices.answer && <Form model={model} choices={choices.answer} design={design} state={state} change={change} />
          )}
          {!stored && <Own change={change} />}
        </section>
        {design && <Protocol design={design} />}
      </div>
      {stored ? (
        <p class="notice">
          One simulated trial, and power, need the explorer itself (charcot explore): they are not in this page.
        </p>
      ) : (
        <>
          {design && design.too_much.length > 0 && (
            <div class="notice" role="status">
              <p>
                <strong>This trial is sound, and too much for a click.</strong>
              </p>
              <ul>
                {design.too_much.map((one) => (
                  <li key={one.message}>
                    {one.message}. {one.hint}
                  </li>
                ))}
              </ul>
            </div>
          )}
          <Simulated key={`run ${key}`} model={model} state={state} change={change} ready={Boolean(ready)} />
          {choices.answer && <Power key={`power ${key}`} choices={choices.answer} state={state} change={change} ready={Boolean(ready)} />}
        </>
      )}
    </>
  );
}
