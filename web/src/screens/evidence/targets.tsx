// Virtual patients beside published figures, as stored by charcot population check.

import type { Findings } from "../../api";
import { Bars } from "../../charts/bars";
import { Table } from "../../charts/frame";
import { Radios, Select } from "../../controls";
import type { Change, State } from "../../state";
import { VERDICTS } from "./board";

type Targets = Findings["patients"];
type Line = Targets["lines"][number];
const KINDS: Record<string, string> = {
  calibration: "Calibration: may set numbers",
  validation: "Validation: sets no number",
  conditional: "Conditional: patients of a trial",
};

function belongs(line: Line, kind: string): boolean {
  return kind === "all" || (kind === "conditional" ? line.conditional : line.kind === kind);
}

// How far off in what a figure may differ by: one is the limit.
function distance(line: Line): number {
  if (line.simulated === null || !line.may_differ_by) return Infinity;
  return Math.abs(line.simulated - line.published) / line.may_differ_by;
}

const STEPS = [
  { name: "At most half of what it may differ by", from: 0, to: 0.5 },
  { name: "Half to all of it", from: 0.5, to: 1 },
  { name: "Once to twice as far", from: 1, to: 2 },
  { name: "More than twice as far, or no figure", from: 2, to: Infinity },
];

export function PatientTargets({ targets, state, change }: { targets: Targets; state: State; change: Change }) {
  const kinds = [{ name: "all", title: "All" }, ...Object.keys(targets.counts).map((name) => ({ name, title: KINDS[name] ?? name }))];
  const known = kinds.some((one) => one.name === state.kind);
  const own = targets.lines.filter((line) => belongs(line, state.kind));
  const inside = own.filter((line) => line.inside).length;
  const asked = targets.asked[state.kind];
  const shown = own.filter((line) => state.verdict === "all" || line.inside === (state.verdict === "hit"));
  return (
    <section aria-labelledby="targets-title">
      <h2 id="targets-title">Patients beside published figures</h2>
      <p>{targets.words}</p>
      <div class="controls">
        <Select label="Kind of figure" value={state.kind} options={kinds} change={(kind) => change({ kind })} />
        <Radios label="Verdict" name="verdict" value={state.verdict} options={VERDICTS} change={(verdict) => change({ verdict })} />
      </div>
      {known ? (
        <Bars
          finding={`${inside} of ${own.length} simulated figures lie inside what was published${asked === undefined ? "" : `, ${Math.round((100 * inside) / own.length)} % (${Math.round(100 * asked)} % asked for)`}.`}
          caption="Simulated figures by how far they are off"
          what="How far off"
          bars={STEPS.map((step) => {
            const mine = own.filter((line) => distance(line) > (step.from || -1) && distance(line) <= step.to);
            return { name: step.name, hit: mine.filter((line) => line.inside).length, total: mine.length };
          })}
        />
      ) : (
        <p role="alert" class="notice">
          No kind of figure is called “{state.kind}”. Choose one above.
        </p>
      )}
      <p role="status">
        {shown.length} of {targets.lines.length} figures shown.
      </p>
      <Table
        twin={{
          caption: "Published and simulated figures of patients",
          columns: ["Figure", "Unit", "Published", "Simulated", "Its Monte-Carlo error", "May differ by", "Verdict", "Counts as", "Why it is missed", "Sources"],
          rows: shown.map((line) => [
            line.name,
            line.unit === "1" ? "" : line.unit,
            line.published,
            line.simulated,
            line.monte_carlo,
            line.may_differ_by,
            line.inside ? "hit" : "missed",
            line.conditional ? `${line.kind}, conditional` : line.kind,
            line.why && (line.shown_by ? `${line.why} Shown by ${line.shown_by}.` : `${line.why} A guess: no command shows it.`),
            `${line.sources.join(", ")} (${line.mark})`,
          ]),
        }}
      />
    </section>
  );
}
