// The randomised patients of one simulated trial, one at a time: what the visits recorded, and the true course behind.

import { useState } from "preact/hooks";
import type { Model, TrialRun } from "../../api";
import { Lines } from "../../charts/lines";
import { Radios, Select } from "../../controls";
import type { Change, State } from "../../state";
import { listed, lower, settle } from "../../words";

type Patient = TrialRun["patients"][number];
const OUTCOMES = [
  { name: "all", title: "All" },
  { name: "completed", title: "Completed" },
  { name: "died", title: "Died or ventilated" },
  { name: "withdrew", title: "Left the trial" },
  { name: "failed", title: "Simulation failed" },
];
const DOMAINS: Record<string, [number, number]> = { alsfrs_r: [0, 48], vital_capacity: [0, 120] };

interface BrowserProps {
  model: Model;
  run: TrialRun;
  state: State;
  change: Change;
}

export function Browser({ model, run, state, change }: BrowserProps) {
  const known = OUTCOMES.filter((one) => one.name === "all" || run.patients.some((patient) => patient.outcome === one.name));
  const among = run.patients.filter((one) => state.outcome === "all" || one.outcome === state.outcome);
  const patient = run.patients.find((one) => one.place === state.show);
  const choose = (outcome: string) => {
    const first = run.patients.find((one) => outcome === "all" || one.outcome === outcome);
    const stays = patient && (outcome === "all" || patient.outcome === outcome);
    change({ outcome, show: stays ? patient.place : (first?.place ?? 1) });
  };
  // The next one of those that are shown, in a circle.
  const step = (way: 1 | -1) => {
    const next =
      way === 1
        ? (among.find((one) => one.place > (state.show ?? 0)) ?? among[0])
        : ([...among].reverse().find((one) => one.place < (state.show ?? 0)) ?? among[among.length - 1]);
    if (next) change({ show: next.place });
  };
  const key = (event: KeyboardEvent) => {
    const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key] as 1 | -1 | undefined;
    if (!way) return;
    event.preventDefault();
    step(way);
  };
  const arm = (name: string) => run.arms.find((one) => one.name === name)?.title ?? name;
  return (
    <>
      <h3>Patient by patient</h3>
      <div class="controls">
        <Radios label="Patients" name="outcome" value={state.outcome} options={known} change={choose} />
        <Select
          label="Patient"
          value={String(state.show ?? 1)}
          options={among.map((one) => ({ name: String(one.place), title: `${one.place}: ${arm(one.arm)}, ${outcome(one)}` }))}
          change={(place) => change({ show: Number(place) })}
        />
      </div>
      <div class="step" role="group" aria-label="Step through the patients" onKeyDown={key}>
        <button type="button" onClick={() => step(-1)}>
          Previous patient
        </button>
        <button type="button" onClick={() => step(1)}>
          Next patient
        </button>
        <span class="hint">Here the arrow keys left and right do the same.</span>
      </div>
      <p role="status">
        {patient ? `Patient ${patient.place} of ${run.patients.length}: ${arm(patient.arm)}. ${patient.words}` : ""}
      </p>
      {patient ? (
        <One model={model} run={run} patient={patient} arm={arm(patient.arm)} />
      ) : (
        <p role="alert" class="notice">
          No patient has the number {state.show}. There are 1 to {run.patients.length}.
        </p>
      )}
      <List run={run} among={among} arm={arm} change={change} />
    </>
  );
}

function outcome(patient: Patient): string {
  return OUTCOMES.find((one) => one.name === patient.outcome)!.title.toLowerCase();
}

function recorded(patient: Patient, readout: string): (number | null)[] {
  return patient.seen.find((one) => one.readout === readout)?.recorded ?? [];
}

function One({ model, run, patient, arm }: { model: Model; run: TrialRun; patient: Patient; arm: string }) {
  const title = (among: { name: string; title: string }[], name: string) => among.find((one) => one.name === name)?.title ?? name;
  const facts = [
    `${patient.sex === "F" ? "Woman" : "Man"}, ${settle(patient.age)} years at randomisation, ${settle(patient.since_onset)} months after onset`,
    `onset: ${title(model.sites, patient.site)}`,
    `gene: ${title(model.genotypes, patient.genotype)}`,
    patient.background ? `takes ${listed(patient.background.split(", ").map((name) => lower(title(model.products, name))))}` : "no background treatment",
    `arm: ${arm}`,
    `identifier ${patient.subject}`,
  ];
  return (
    <>
      <p>{facts.join("; ")}.</p>
      <div class="charts">
        {run.readouts.map((readout) => {
          const seen = patient.seen.find((one) => one.readout === readout.name)!;
          const there = seen.recorded.filter((value) => value !== null);
          return (
            <Lines
              key={readout.name}
              level={4}
              finding={
                there.length
                  ? `${readout.title} of patient ${patient.place}, ${readout.unit}: ${settle(there[0])} at baseline, ${settle(there[there.length - 1])} at the last of ${there.length} visits.`
                  : `${readout.title} of patient ${patient.place}: no visit took place.`
              }
              caption={`${readout.title} at the visits of patient ${patient.place}`}
              clock={run.clock}
              shortClock={run.clock}
              unit={readout.unit}
              months={run.months}
              domain={DOMAINS[readout.name]}
              lines={[
                { name: "true course", style: "plain", values: seen.true },
                { name: "recorded", style: "first", values: seen.recorded, dots: true },
              ]}
              moments={patient.end < run.months[run.months.length - 1]! ? [{ month: patient.end, words: patient.words, short: outcome(patient) }] : []}
              note="Dots: what the visits recorded, noise and all. The other line is the true course, which no trial sees; it goes on where a patient left."
            />
          );
        })}
      </div>
    </>
  );
}

interface ListProps {
  run: TrialRun;
  among: Patient[];
  arm: (name: string) => string;
  change: Change;
}

// Rows are made when the list is opened.
function List({ run, among, arm, change }: ListProps) {
  const [open, setOpen] = useState(false);
  const first = run.readouts[0]!;
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>List: {among.length === run.patients.length ? `all ${among.length}` : among.length} patients</summary>
      {open && (
        <div class="scroll" tabIndex={0} role="region" aria-label="Randomised patients">
          <table>
            <caption>Randomised patients</caption>
            <thead>
              <tr>
                {["Patient", "Arm", "Age, years", "Months since onset", `${first.title} at baseline, ${first.unit}`, "Visits", "What happened"].map((one) => (
                  <th key={one} scope="col">
                    {one}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {among.map((one) => (
                <tr key={one.place}>
                  <th scope="row">
                    <button type="button" aria-label={`Show patient ${one.place}`} onClick={() => change({ show: one.place })}>
                      {one.place}
                    </button>
                  </th>
                  <td>{arm(one.arm)}</td>
                  <td data-value={String(one.age)}>{settle(one.age)}</td>
                  <td data-value={String(one.since_onset)}>{settle(one.since_onset)}</td>
                  <td data-value={String(recorded(one, first.name)[0])}>{settle(recorded(one, first.name)[0])}</td>
                  <td data-value={String(one.visits)}>{one.visits}</td>
                  <td>{one.words}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}
