// Experiments and claims with their verdicts, and the fresh set at its first run.

import type { Boards } from "../../api";
import { Bars } from "../../charts/bars";
import { Table } from "../../charts/frame";
import { Radios, Select } from "../../controls";
import type { Change, State } from "../../state";

const GROUPS: Record<string, string> = {
  calibration: "Calibration: set numbers",
  validation: "Validation: set no number",
  negative_controls: "Negative controls: nothing should happen",
  fresh: "Fresh, at the first run",
  claims: "Claims",
};

export const VERDICTS = [
  { name: "all", title: "All" },
  { name: "hit", title: "Hit" },
  { name: "missed", title: "Missed" },
];

export function Board({ boards, state, change }: { boards: Boards; state: State; change: Change }) {
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
          options={VERDICTS}
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

export function Fresh({ boards }: { boards: Boards }) {
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
