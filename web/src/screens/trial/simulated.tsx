// One simulated trial: what became of its people, and each randomised patient.

import { useEffect } from "preact/hooks";
import { stream, type Model, type TrialRun } from "../../api";
import { Table, TwinTable } from "../../charts/frame";
import { useLong } from "../../hooks";
import { Problem, Waiting } from "../../notices";
import { trialQuestion, type Change, type State } from "../../state";
import { sex } from "../../words";
import { Browser } from "./browser";
import { Key } from "./key";

interface SimulatedProps {
  model: Model;
  state: State;
  change: Change;
  ready: boolean;
}

export function Simulated({ model, state, change, ready }: SimulatedProps) {
  const key = trialQuestion(state).toString();
  const run = useLong<TrialRun>(`trial ${key}`, (signal, progress) => stream("/api/trial/run", trialQuestion(state), signal, progress));
  const asked = state.show !== null;
  useEffect(() => {
    if (asked) run.begin();
  }, [asked]);
  return (
    <section aria-labelledby="simulated-title">
      <h2 id="simulated-title">One simulated trial</h2>
      {!run.answer && !run.progress && (
        <>
          <p>
            People are drawn, screened, randomised and visited as the protocol says. In a simulated trial patients also
            die: what became of each is shown after you ask for it.
          </p>
          {ready ? (
            <button type="button" onClick={() => (asked ? run.begin() : change({ show: 1 }, true))}>
              Simulate this trial once
            </button>
          ) : (
            <p class="hint">It can be simulated when its protocol has no problem and is small enough.</p>
          )}
        </>
      )}
      <Waiting run={run} what="Virtual people simulated" />
      {run.error && <Problem error={run.error} again={run.begin} />}
      {run.answer && (
        <>
          <Key message={run.answer.key} />
          <Flow run={run.answer} />
          <Browser model={model} run={run.answer} state={state} change={change} />
          <LeftOut run={run.answer} />
        </>
      )}
    </section>
  );
}

function Flow({ run }: { run: TrialRun }) {
  const n = (figure: number) => figure.toLocaleString("en");
  return (
    <>
      <h3>What became of the patients</h3>
      <p>
        {n(run.drawn)} virtual people were drawn, {n(run.screened)} came to screening, and {n(run.patients.length)} were
        randomised.
      </p>
      <Table
        whole
        twin={{
          caption: "Patients by arm",
          columns: ["Arm", "Randomised", "Completed", "Died or ventilated", "Left the trial", "Simulation failed"],
          rows: run.arms.map((arm) => [arm.title, arm.randomised, arm.completed, arm.died, arm.withdrew, arm.failed]),
        }}
      />
    </>
  );
}

function LeftOut({ run }: { run: TrialRun }) {
  const counts = new Map<string, number>();
  for (const one of run.left_out) counts.set(one.reason, (counts.get(one.reason) ?? 0) + 1);
  const rows = [...counts].sort((a, b) => b[1] - a[1]);
  return (
    <>
      <h3>Who was not randomised, and why</h3>
      {rows.length === 0 && <p>Everybody who was drawn was randomised.</p>}
      {rows.length > 0 && (
        <>
          <Table whole twin={{ caption: "First reason", columns: ["Reason", "People"], rows }} />
          <TwinTable
            twin={{
              caption: "People who were not randomised",
              columns: ["Person", "Age at screening, years", "Sex", "Came to screening", "First reason"],
              rows: run.left_out.map((one) => [String(one.number), one.age, sex(one.sex), one.came ? "yes" : "no", one.reason]),
            }}
          />
        </>
      )}
    </>
  );
}
