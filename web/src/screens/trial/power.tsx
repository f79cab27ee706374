// How often such trials find their effect, and how often one that is not there: from a small library of twins.

import { useEffect } from "preact/hooks";
import { stream, type TrialChoices, type TrialPower } from "../../api";
import { Dots, type Dot } from "../../charts/dots";
import { Table } from "../../charts/frame";
import { Range } from "../../controls";
import { useLong } from "../../hooks";
import { Problem, Waiting } from "../../notices";
import { trialQuestion, type Change, type State } from "../../state";
import { say, type Value } from "../../words";
import { Key } from "./key";

const PEOPLE = 400;
const TRIALS = 200;
type Line = TrialPower["lines"][number];

interface PowerProps {
  choices: TrialChoices;
  state: State;
  change: Change;
  ready: boolean;
}

export function Power({ choices, state, change, ready }: PowerProps) {
  const people = state.twins ?? PEOPLE;
  const trials = state.trials ?? TRIALS;
  const asking = () => {
    const asked = trialQuestion(state);
    asked.set("people", String(people));
    asked.set("trials", String(trials));
    return asked;
  };
  const run = useLong<TrialPower>(`power ${asking().toString()}`, (signal, progress) => stream("/api/trial/power", asking(), signal, progress));
  const asked = state.power !== null;
  useEffect(() => {
    if (asked) run.begin();
  }, [asked]);
  const limits = choices.limits;
  return (
    <section aria-labelledby="power-title">
      <h2 id="power-title">Power</h2>
      <p>
        Each virtual person who may enter is simulated untreated and treated, into a library of twins. Trials are drawn from
        it, and as many with nobody treated.
      </p>
      <div class="controls">
        <Range
          label="Size of the library"
          unit="people drawn"
          value={people}
          min={100}
          max={limits.most_people}
          step={50}
          words={(n) => `${n} people drawn`}
          change={(n) => change({ twins: n, power: null })}
        />
        <Range
          label="Repetitions"
          unit="simulated trials"
          value={trials}
          min={50}
          max={limits.most_trials}
          step={50}
          words={(n) => `${n} simulated trials`}
          change={(n) => change({ trials: n, power: null })}
        />
      </div>
      {!run.answer &&
        !run.progress &&
        (ready ? (
          <button type="button" onClick={() => (asked ? run.begin() : change({ power: 1 }, true))}>
            Count power: {people} people, {trials} trials
          </button>
        ) : (
          <p class="hint">It can be counted when the protocol has no problem and is small enough.</p>
        ))}
      <Waiting run={run} what="People and trials simulated" />
      {run.error && <Problem error={run.error} again={run.begin} />}
      {run.answer && <Found power={run.answer} />}
    </section>
  );
}

const percent = (share: Value) => (share === null ? null : 100 * share);

function Found({ power }: { power: TrialPower }) {
  const arms = new Set(power.lines.map((one) => one.arm)).size > 1;
  const named = (line: Line) => (arms ? `${line.title}, ${line.arm}` : line.title);
  const first = power.lines[0]!;
  const row = (line: Line, what: "power" | "type_one", words: string): Dot => {
    const [value, error, low, high] = [line[what], line[`${what}_error`], line[`${what}_lower`], line[`${what}_upper`]].map(percent) as [Value, Value, Value, Value];
    return { name: `${named(line)}: ${words}`, value: value ?? 0, low, high, cells: [value, error, low, high, line.trials] };
  };
  return (
    <>
      <Key message={power.key} />
      <Dots
        finding={`With ${power.patients} patients ${say(percent(first.power))} % of the trials find the effect (± ${say(percent(first.power_error))}), and ${say(percent(first.type_one))} % (± ${say(percent(first.type_one_error))}) find one that is not there.`}
        caption="Power and type I error"
        axis="trials that are significant, %"
        columns={["Endpoint", "Share of trials, %", "Monte-Carlo error", "From", "to", "Trials"]}
        dots={power.lines.flatMap((line) => [row(line, "power", "power"), row(line, "type_one", "type I error")])}
        note={`The line is the 95 % Monte-Carlo interval. ${power.eligible} of ${power.drawn} people drawn may enter.`}
      />
      <Table
        whole
        twin={{
          caption: "Operating characteristics",
          columns: ["Endpoint", "Large-sample effect", "Error of the effect", "Unit", "Bias", "Error of the bias", "Coverage, %", "Error of the coverage, %", "Gave no estimate"],
          rows: power.lines.map((line) => [
            named(line),
            line.value,
            line.value_error,
            line.unit,
            line.bias,
            line.bias_error,
            percent(line.coverage),
            percent(line.coverage_error),
            line.trials - line.estimated,
          ]),
        }}
      />
      <ul>
        {power.words.map((one) => (
          <li key={one}>{one}</li>
        ))}
      </ul>
      <p class="hint">
        The same numbers: <code>{power.command}</code>
      </p>
    </>
  );
}
