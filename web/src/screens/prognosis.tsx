// How long life may be: nothing of it is in the page before it is asked for, and no more than was asked for. It is on
// purpose no part of the address, so that nobody sees it who did not ask.

import { useEffect, useState } from "preact/hooks";
import { stored, stream, type Prognosis as Answer } from "../api";
import { Lines } from "../charts/lines";
import { Table } from "../charts/frame";
import { useLong } from "../hooks";
import { Problem, Waiting } from "../notices";
import { question, type State } from "../state";
import { say } from "../words";

// The right not to know, wherever time can be asked for.
export const NOT_TO_KNOW = "You do not have to look at this. Many people want to know how long life may be, and many do not; both are right.";
export const DAYS = "What makes a day good counts beside how many there are.";

const PERSONS = 60;
const STEPS = ["group", "middle", "curve"] as const;
type Step = (typeof STEPS)[number];
const BUTTONS: Record<Step, string> = {
  group: "Show the group only",
  middle: "Show also the middle of the group and its range, in months",
  curve: "Show also the whole curve",
};

export function Prognosis({ state }: { state: State }) {
  const [step, setStep] = useState<Step | null>(null);
  const run = useLong<Answer>(`prognosis ${step ?? ""}`, (signal, progress) => {
    const asked = question(state);
    asked.set("persons", String(PERSONS));
    asked.set("upto", step ?? "group");
    return stream("/api/prognosis", asked, signal, progress);
  });
  useEffect(() => {
    if (step) run.begin();
  }, [step]);
  const next = STEPS[step === null ? 0 : STEPS.indexOf(step) + 1];
  const answer = run.answer;
  return (
    <section aria-labelledby="time-title" class="panel">
      <h2 id="time-title">Time</h2>
      <p>
        {NOT_TO_KNOW} You can ask in steps, and stop at each. {DAYS}
      </p>
      {stored ? (
        <p>This page does not hold it. It needs the explorer itself (charcot explore).</p>
      ) : (
        <div class="actions">
          {next && !run.progress && (
            <button type="button" onClick={() => setStep(next)}>
              {BUTTONS[next]}
            </button>
          )}
          {step && (
            <button type="button" onClick={() => setStep(null)}>
              Hide this again
            </button>
          )}
        </div>
      )}
      <Waiting run={run} what="People simulated" />
      {run.error && <Problem error={run.error} again={run.begin} />}
      {step && answer && (
        <>
          <h3>Group: {answer.group}</h3>
          <p>
            {answer.group_words}. This is {answer.group_source}. It rests on {answer.persons} virtual people.
          </p>
          {answer.times && <Times answer={answer} />}
          {answer.curves && answer.months && <Curve answer={answer} />}
        </>
      )}
    </section>
  );
}

function Times({ answer }: { answer: Answer }) {
  const rows = answer.times ?? [];
  const words = (value: number | null) => (value === null ? `more than ${say(answer.seen)}` : say(value));
  return (
    <>
      <h3>The middle, and its range</h3>
      {rows.map((one) => (
        <p key={one.arm}>
          {one.arm === "treated" ? "Treated" : "Untreated"}: half of such virtual people live without permanent ventilation
          for {words(one.median)} months from onset or longer. The middle half lies between {words(one.lower_quartile)} and{" "}
          {words(one.upper_quartile)} months: a quarter live shorter, a quarter longer.
        </p>
      ))}
      <Table
        twin={{
          caption: "Months from onset to death or permanent ventilation",
          columns: ["Arm", "A quarter by", "Half by", "Three quarters by", "Half by chance, from", "to"],
          rows: rows.map((one) => [one.arm, one.lower_quartile, one.median, one.upper_quartile, one.median_low, one.median_high]),
        }}
      />
    </>
  );
}

function Curve({ answer }: { answer: Answer }) {
  const curves = answer.curves ?? [];
  const months = answer.months ?? [];
  const three = months.indexOf(36);
  const share = curves.map((one) => `${one.arm} ${Math.round(100 * (one.alive[three] ?? 0))} of 100`).join(", ");
  return (
    <Lines
      finding={`Three years after onset this many such people live without permanent ventilation: ${share}.`}
      caption="People who live without permanent ventilation"
      clock={answer.clock}
      unit="share"
      months={months}
      domain={[0, 1]}
      lines={curves.map((one, k) => ({
        name: one.arm,
        style: k === 0 ? ("first" as const) : ("second" as const),
        values: one.alive,
        bands: [{ low: one.low, high: one.high, words: "95 % interval by the chance of the draw" }],
      }))}
    />
  );
}
