// What to measure next: the stored ranking, and the same question asked anew of a few people.

import { stored, stream, type Gaps, type Model } from "../../api";
import { Dots } from "../../charts/dots";
import { Select } from "../../controls";
import { useLong } from "../../hooks";
import { Problem, Waiting } from "../../notices";
import type { Change, State } from "../../state";
import { say } from "../../words";

const SHOWN = 20;

interface RankingProps {
  model: Model;
  gaps: Record<string, Gaps>;
  state: State;
  change: Change;
}

export function Ranking({ model, gaps, state, change }: RankingProps) {
  const run = useLong<Gaps>(`gaps ${state.endpoint}`, (signal, progress) =>
    stream("/api/gaps", new URLSearchParams({ endpoint: state.endpoint }), signal, progress),
  );
  const kept = gaps[state.endpoint];
  return (
    <section aria-labelledby="gaps-title">
      <h2 id="gaps-title">What to measure next</h2>
      <p>
        Every number is moved up and down in the same virtual people. A gap is how far the endpoint moves within what the
        evidence leaves open about the number: the first in the list is the first to measure.
      </p>
      <div class="controls">
        <Select label="Endpoint" value={state.endpoint} options={model.endpoints} change={(endpoint) => change({ endpoint })} />
      </div>
      {kept ? (
        <Ranked gaps={kept} note={`As stored, of ${kept.patients} virtual people.`} />
      ) : (
        <p role="alert" class="notice">
          No endpoint is called “{state.endpoint}”. Choose one above.
        </p>
      )}
      {kept && !stored && (
        <>
          <h3>Ask again</h3>
          <p>The same question, simulated now with 20 people. Another draw of people gives another order of close ranks.</p>
          {!run.progress && (
            <button type="button" onClick={run.begin}>
              Rank the gaps (some minutes)
            </button>
          )}
        </>
      )}
      <Waiting run={run} what="Virtual people simulated" />
      {run.error && <Problem error={run.error} again={run.begin} />}
      {run.answer && <Ranked gaps={run.answer} note={`Simulated now, of ${run.answer.patients} virtual people.`} />}
    </section>
  );
}

function Ranked({ gaps, note }: { gaps: Gaps; note: string }) {
  const best = gaps.rows[0];
  if (!best) return null;
  return (
    <Dots
      finding={`${best.title} leaves most open: ${say(best.gap)} ${gaps.unit} either way.`}
      caption={`Gaps: ${gaps.endpoint}`}
      axis={gaps.unit || "relative"}
      columns={["Number", "Gap", "Error", "Sensitivity", "Width of the prior", "Grade", "Why so wide"]}
      dots={gaps.rows.slice(0, SHOWN).map((one) => ({
        name: `${one.rank}. ${one.title} (grade ${one.grade})`,
        value: one.gap ?? 0,
        low: one.error === null ? null : (one.gap ?? 0) - 1.96 * one.error,
        high: one.error === null ? null : (one.gap ?? 0) + 1.96 * one.error,
        cells: [one.gap, one.error, one.sensitivity, one.width, one.grade, one.reason],
      }))}
      note={`${note} Endpoint: ${gaps.endpoint}. The line is the 95 % interval by the chance of the draw.`}
    />
  );
}
