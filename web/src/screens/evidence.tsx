import { ask, type Model } from "../api";
import { Radios } from "../controls";
import { useAnswer } from "../hooks";
import { Problem } from "../notices";
import type { Change, State } from "../state";
import { Board, Fresh } from "./evidence/board";
import { PastTrials } from "./evidence/past";
import { Ranking } from "./evidence/ranking";
import { PatientTargets } from "./evidence/targets";

const BOARDS = [
  { name: "experiments", title: "Experiments and claims" },
  { name: "trials", title: "Past trials and their placebo arms" },
  { name: "patients", title: "Patients beside published figures" },
  { name: "gaps", title: "What to measure next" },
];

export function Evidence({ model, state, change }: { model: Model; state: State; change: Change }) {
  const boards = useAnswer("boards", (signal) => ask("/api/boards", new URLSearchParams(), signal));
  const findings = useAnswer("findings", (signal) => ask("/api/findings", new URLSearchParams(), signal));
  const found = findings.answer;
  return (
    <>
      <h1>Evidence and boards</h1>
      <p class="lead">What the model reproduces of what was published, and what it misses. Both have the same size here.</p>
      <div class="controls">
        <Radios label="Board" name="board" value={state.board} options={BOARDS} change={(board) => change({ board }, true)} />
      </div>
      {boards.error && <Problem error={boards.error} again={boards.again} />}
      {findings.error && <Problem error={findings.error} again={findings.again} />}
      {!BOARDS.some((one) => one.name === state.board) && (
        <p role="alert" class="notice">
          No board is called “{state.board}”. Choose one above.
        </p>
      )}
      {state.board === "experiments" && boards.answer && (
        <>
          <Board boards={boards.answer} state={state} change={change} />
          <Fresh boards={boards.answer} />
        </>
      )}
      {state.board === "trials" && found && <PastTrials past={found.past} state={state} change={change} />}
      {state.board === "patients" && found && <PatientTargets targets={found.patients} state={state} change={change} />}
      {state.board === "gaps" && found && <Ranking model={model} gaps={found.gaps} state={state} change={change} />}
      {state.board === "trials" && boards.answer && (
        <section aria-labelledby="trials-title">
          <h2 id="trials-title">Trials that can be simulated whole</h2>
          <p>
            {boards.answer.trials.map((one) => one.title).join("; ")}. They take minutes and are run by{" "}
            <code>charcot demo</code> and <code>charcot run</code>.
          </p>
        </section>
      )}
    </>
  );
}
