import { ask, stored, stream, type Boards, type Gaps, type Model } from "../api";
import { Bars } from "../charts/bars";
import { Dots } from "../charts/dots";
import { Table } from "../charts/frame";
import { Radios, Select } from "../controls";
import { useAnswer, useLong } from "../hooks";
import { Problem, Waiting } from "../notices";
import type { Change, State } from "../state";
import { say } from "../words";

const GROUPS: Record<string, string> = {
  calibration: "Calibration: set numbers",
  validation: "Validation: set no number",
  negative_controls: "Negative controls: nothing should happen",
  fresh: "Fresh, at the first run",
  claims: "Claims",
};

export function Evidence({ model, state, change }: { model: Model; state: State; change: Change }) {
  const { answer, error, again } = useAnswer("boards", (signal) => ask("/api/boards", new URLSearchParams(), signal));
  return (
    <>
      <h1>Evidence and boards</h1>
      <p class="lead">What the model reproduces of what was published, and what it misses. Both have the same size here.</p>
      {error && <Problem error={error} again={again} />}
      {answer && <Board boards={answer} state={state} change={change} />}
      {answer && <Fresh boards={answer} />}
      <Ranking model={model} state={state} change={change} />
      {answer && (
        <section aria-labelledby="trials-title">
          <h2 id="trials-title">Past trials as tests</h2>
          <p>
            {answer.trials.map((one) => one.title).join("; ")}. Simulated trials take minutes and are run by{" "}
            <code>charcot demo</code> and <code>charcot run</code>.
          </p>
        </section>
      )}
    </>
  );
}

function Board({ boards, state, change }: { boards: Boards; state: State; change: Change }) {
  const first = new Map<string, boolean>();
  for (const row of boards.first_run) first.set(row.experiment, (first.get(row.experiment) ?? true) && row.hit);
  const fresh = [...first.values()];
  const bars = Object.entries(boards.counts).map(([name, count]) => ({ name: GROUPS[name] ?? name, hit: count.passed, total: count.total }));
  bars.push({ name: GROUPS["fresh"]!, hit: fresh.filter(Boolean).length, total: fresh.length });
  const validation = boards.counts["validation"];
  const groups = [{ name: "all", title: "All" }, ...Object.keys(boards.counts).map((name) => ({ name, title: GROUPS[name] ?? name }))];
  const shown = boards.lines.filter(
    (line) =>
      (state.group === "all" || line.group === state.group) &&
      (state.verdict === "all" || line.passed === (state.verdict === "hit")),
  );
  return (
    <section aria-labelledby="board-title">
      <h2 id="board-title">The board</h2>
      <p>{boards.words}</p>
      <Bars
        finding={`Of the experiments that set no number, ${validation?.passed ?? 0} of ${validation?.total ?? 0} are hit.`}
        caption="Experiments and claims, hit and missed"
        bars={bars}
      />
      <div class="controls">
        <Select label="Group" value={state.group} options={groups} change={(group) => change({ group })} />
        <Radios
          label="Verdict"
          name="verdict"
          value={state.verdict}
          options={[
            { name: "all", title: "All" },
            { name: "hit", title: "Hit" },
            { name: "missed", title: "Missed" },
          ]}
          change={(verdict) => change({ verdict })}
        />
      </div>
      <p role="status">
        {shown.length} of {boards.lines.length} shown.
      </p>
      <Table
        twin={{
          caption: "Experiments and claims",
          columns: ["Experiment or claim", "Counts as", "Verdict", "Published, and what is accepted", "Where it misses, why", "Sources"],
          rows: shown.map((line) => [
            line.claim_id ? `${line.claim_id} ${line.title}` : line.title,
            GROUPS[line.group] ?? line.group,
            line.verdict,
            line.outcomes.map((one) => `${one.what}: ${one.published}; accepted ${one.expected} ${one.unit === "1" ? "" : one.unit}`.trim()).join(". "),
            line.reason,
            line.sources.join(", "),
          ]),
        }}
      />
    </section>
  );
}

function Fresh({ boards }: { boards: Boards }) {
  return (
    <section aria-labelledby="fresh-title">
      <h2 id="fresh-title">Fresh experiments at their first run</h2>
      <p>{boards.first_run_words}</p>
      <details>
        <summary>Table: all {boards.first_run.length} outcomes</summary>
        <Table
          twin={{
            caption: "Fresh experiments at their first run",
            columns: ["Experiment", "Outcome", "Asked", "Simulated", "Verdict"],
            rows: boards.first_run.map((one) => [one.title, one.outcome, one.expected, one.simulated, one.hit ? "hit" : "missed"]),
          }}
        />
      </details>
    </section>
  );
}

function Ranking({ model, state, change }: { model: Model; state: State; change: Change }) {
  const run = useLong<Gaps>(`gaps ${state.endpoint}`, (signal, progress) =>
    stream("/api/gaps", new URLSearchParams({ endpoint: state.endpoint }), signal, progress),
  );
  const best = run.answer?.rows[0];
  return (
    <section aria-labelledby="gaps-title" class="panel">
      <h2 id="gaps-title">What to measure next</h2>
      <p>
        Every number is moved up and down in the same virtual people. A gap is how far the endpoint moves within what the
        evidence leaves open about the number.
      </p>
      {stored ? (
        <p>This needs the explorer itself (charcot explore): it is not in this page.</p>
      ) : (
        <>
          <Select label="Endpoint" value={state.endpoint} options={model.endpoints} change={(endpoint) => change({ endpoint })} />
          {!run.progress && (
            <button type="button" onClick={run.begin}>
              Rank the gaps (some minutes)
            </button>
          )}
        </>
      )}
      <Waiting run={run} what="Virtual people simulated" />
      {run.error && <Problem error={run.error} again={run.begin} />}
      {run.answer && best && (
        <Dots
          finding={`${best.title} leaves most open: ${say(best.gap)} ${run.answer.unit} either way.`}
          caption={`Gaps: ${run.answer.endpoint}`}
          axis={`${run.answer.endpoint}, ${run.answer.unit || "relative"}; range: 95 % by the chance of the draw`}
          columns={["Number", "Gap", "Error", "Sensitivity", "Width of the prior", "Grade", "Why so wide"]}
          dots={run.answer.rows.slice(0, 20).map((one) => ({
            name: `${one.rank}. ${one.title} (grade ${one.grade})`,
            value: one.gap ?? 0,
            low: one.error === null ? null : (one.gap ?? 0) - 1.96 * one.error,
            high: one.error === null ? null : (one.gap ?? 0) + 1.96 * one.error,
            cells: [one.gap, one.error, one.sensitivity, one.width, one.grade, one.reason],
          }))}
          note={`${run.answer.patients} virtual people.`}
        />
      )}
    </section>
  );
}
