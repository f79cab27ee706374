// One mechanism: its claim, equation, numbers with priors, evidence for and against, experiments hit and missed.

import { useEffect, useRef } from "preact/hooks";
import { askMechanism, type Mechanism } from "../api";
import { Dots } from "../charts/dots";
import { Table } from "../charts/frame";
import { useAnswer } from "../hooks";
import { Problem } from "../notices";
import { address, type State } from "../state";
import { listed, number, say } from "../words";

const WAYS: Record<string, string> = {
  acts: "acts on it",
  shares: "shares a source",
  line: "its animal line or gene meets it",
  reads: "reads what it writes",
};

export function MechanismPanel({ name, state }: { name: string; state: State }) {
  const { answer, error, again } = useAnswer(`mechanism ${name}`, (signal) => askMechanism(name, signal));
  const title = useRef<HTMLHeadingElement | null>(null);
  useEffect(() => title.current?.focus(), [name]);
  const shown = answer?.name === name ? answer : null;
  return (
    <section class="panel" aria-labelledby="mechanism-title" aria-busy={!shown && !error}>
      <h2 id="mechanism-title" tabIndex={-1} ref={title}>
        {shown ? shown.claim : "Looking it up"}
      </h2>
      <p>
        <a href={address({ ...state, mechanism: "" })}>Close this mechanism</a>
      </p>
      {error && !shown && <Problem error={error} again={again} />}
      {shown && <Facts fact={shown} />}
    </section>
  );
}

function Facts({ fact }: { fact: Mechanism }) {
  const known = fact.numbers.filter((one) => one.low !== null && one.value !== null && one.value > 0);
  const widest = [...known].sort((a, b) => b.width - a.width)[0];
  const hits = fact.experiments.filter((one) => one.passed);
  const missed = fact.experiments.filter((one) => !one.passed);
  return (
    <>
      <p>
        <code>{fact.name}</code>, {fact.row}; once per {fact.scope}.
      </p>
      <h3>Equation</h3>
      {fact.equation && <pre>{fact.equation}</pre>}
      <details>
        <summary>As the code has it</summary>
        <pre>{fact.equations.join("\n")}</pre>
      </details>
      <h3>Numbers</h3>
      {fact.numbers.length === 0 && <p>It has no numbers of its own.</p>}
      {widest && (
        <Dots
          level={4}
          finding={`The evidence leaves most open: ${widest.title}, ${say(widest.value)}${widest.unit ? ` ${widest.unit}` : ""} (${number(widest.low)} to ${number(widest.high)}).`}
          caption={`Numbers of ${fact.name} and what the evidence leaves open`}
          axis="times the value that the model uses; range: 95 % of the prior"
          columns={["Number", "Value", "Unit", "From", "To", "Grade", "Width of the prior", "Between patients"]}
          logarithmic
          dots={known.map((one) => ({
            name: `${one.title} (grade ${one.grade})`,
            value: 1,
            low: one.low! / one.value!,
            high: one.high! / one.value!,
            cells: [one.value, one.unit, one.low, one.high, one.grade, one.width, one.between_patients],
          }))}
        />
      )}
      {fact.numbers.length > 0 && (
        <details>
          <summary>All its numbers, with sources</summary>
          <Table
            twin={{
              caption: `Numbers of ${fact.name}`,
              columns: ["Number", "What it is", "Value", "Unit", "Grade", "Grade means", "Why so wide", "Sources", "Note"],
              rows: fact.numbers.map((one) => [
                one.name,
                one.title,
                one.value,
                one.unit || "no unit",
                one.grade,
                one.grade_meaning,
                one.prior_reason,
                one.sources.join("; ") || "free: no source gives it",
                one.note,
              ]),
            }}
          />
        </details>
      )}
      <div class="halves">
        <Sources title="Evidence for" sources={fact.sources_for} />
        <Sources title="Evidence against" sources={fact.sources_against} />
      </div>
      {fact.disputes.map((one) => (
        <div key={one.key} class="notice">
          <p>
            <strong>Disputed.</strong> {one.claim} ({listed(one.sources_for)}). Against that: {one.counter_claim} (
            {listed(one.sources_against)}).
          </p>
        </div>
      ))}
      <h3>
        Experiments and claims: {hits.length} hit, {missed.length} missed
      </h3>
      <div class="halves">
        <Ties title={`Hit (${hits.length})`} ties={hits} />
        <Ties title={`Missed (${missed.length})`} ties={missed} />
      </div>
    </>
  );
}

function Sources({ title, sources }: { title: string; sources: string[] }) {
  return (
    <div>
      <h3>{title}</h3>
      {sources.length ? (
        <ul>
          {sources.map((one) => (
            <li key={one}>{one}</li>
          ))}
        </ul>
      ) : (
        <p>None cited.</p>
      )}
    </div>
  );
}

function Ties({ title, ties }: { title: string; ties: Mechanism["experiments"] }) {
  return (
    <div>
      <h4>{title}</h4>
      {ties.length === 0 && <p>None.</p>}
      <ul>
        {ties.map((one) => (
          <li key={one.name}>
            {one.title} ({one.use}; {WAYS[one.how] ?? one.how}). {one.reason}
          </li>
        ))}
      </ul>
    </div>
  );
}
