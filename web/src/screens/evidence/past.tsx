// Past trials: placebo arms, effects of drugs, and why trials failed, as stored by charcot hindcast.

import type { Findings } from "../../api";
import { Bars } from "../../charts/bars";
import { Dots } from "../../charts/dots";
import { Heat } from "../../charts/heat";
import { Radios, Select } from "../../controls";
import type { Change, State } from "../../state";
import { say, type Value } from "../../words";
import { VERDICTS } from "./board";

type Past = Findings["past"];
const KEY = "with its 95 % interval. Diamond: published; filled inside the interval, hollow outside.";

export function PastTrials({ past, state, change }: { past: Past; state: State; change: Change }) {
  return (
    <>
      <section aria-labelledby="past-title">
        <h2 id="past-title">Past trials in the model</h2>
        <p>{past.words}</p>
        <Bars
          finding={counted(past)}
          caption="Past trials, hit and missed"
          what="Figures"
          bars={[
            ...past.quantities.map((one) => {
              const own = past.figures.filter((figure) => figure.quantity === one.name);
              return { name: one.title, hit: own.filter((figure) => figure.inside).length, total: own.length };
            }),
            { name: "Effects of drugs", hit: past.effects.filter((one) => one.hit).length, total: past.effects.length },
          ]}
        />
        <p class="hint">{past.limits}</p>
        <div class="controls">
          <Radios label="Verdict" name="verdict" value={state.verdict} options={VERDICTS} change={(verdict) => change({ verdict })} />
        </div>
      </section>
      <Placebo past={past} state={state} change={change} />
      <Effects past={past} state={state} change={change} />
      <Failures past={past} />
    </>
  );
}

function counted(past: Past): string {
  const inside = past.figures.filter((one) => one.inside).length;
  return `${inside} of ${past.figures.length} published placebo figures, and ${past.effects.filter((one) => one.hit).length} of ${past.effects.length} published effects, lie inside the interval predicted.`;
}

function wanted(state: State, hit: boolean): boolean {
  return state.verdict === "all" || hit === (state.verdict === "hit");
}

function range(value: Value, low: Value, high: Value): { value: number; low: Value; high: Value } {
  return { value: value ?? 0, low, high };
}

function Placebo({ past, state, change }: { past: Past; state: State; change: Change }) {
  const quantity = past.quantities.find((one) => one.name === state.quantity);
  const all = past.figures.filter((one) => one.quantity === state.quantity && one.predicted !== null);
  const shown = all.filter((one) => wanted(state, one.inside));
  const title = quantity?.title ?? "";
  return (
    <section aria-labelledby="placebo-title">
      <h2 id="placebo-title">Placebo arms</h2>
      <div class="controls">
        <Select label="Figure" value={state.quantity} options={past.quantities} change={(name) => change({ quantity: name })} />
      </div>
      {!quantity && (
        <p role="alert" class="notice">
          No figure is called “{state.quantity}”. Choose one above.
        </p>
      )}
      {shown.length > 0 && (
        <Dots
          finding={`${title}: ${all.filter((one) => one.inside).length} of ${all.length} published figures of placebo arms lie inside the interval predicted.`}
          caption={`Placebo arms: ${title}`}
          axis={title}
          columns={["Trial", "Published", "Its standard error", "Predicted", "From", "to", "Verdict", "Counts as", "On the figure"]}
          dots={shown.map((one) => ({
            name: `${one.title}: ${one.inside ? "hit" : "missed"}`,
            ...range(one.predicted, one.lower, one.upper),
            against: { value: one.published, held: one.inside },
            cells: [one.published, one.error, one.predicted, one.lower, one.upper, one.inside ? "hit" : "missed", one.kind, one.note],
          }))}
          note={`Dot and line: predicted, ${KEY}`}
        />
      )}
      {quantity && shown.length === 0 && <p role="status">None with this verdict.</p>}
    </section>
  );
}

function Effects({ past, state, change }: { past: Past; state: State; change: Change }) {
  const measure = past.measures.find((one) => one.name === state.measure);
  const all = past.effects.filter((one) => one.measure === state.measure);
  const shown = all.filter((one) => wanted(state, one.hit));
  const title = measure?.title ?? "";
  return (
    <section aria-labelledby="effects-title">
      <h2 id="effects-title">Effects of drugs</h2>
      <p>
        Active less placebo, of drugs whose target is in the model. An interval is wide where a trial was small: a hit shows
        no more than that trial and model do not disagree.
      </p>
      <div class="controls">
        <Select label="Measure" value={state.measure} options={past.measures} change={(name) => change({ measure: name })} />
      </div>
      {!measure && (
        <p role="alert" class="notice">
          No measure is called “{state.measure}”. Choose one above.
        </p>
      )}
      {shown.length > 0 && (
        <Dots
          finding={`Of ${all.length} published effects (${title}), ${all.filter((one) => one.hit).length} lie inside the interval simulated.`}
          caption={`Effects of drugs: ${title}`}
          axis={`${title}, active less placebo`}
          columns={["Drug and trial", "Published", "Its standard error", "Simulated", "From", "to", "Verdict", "On the figure"]}
          dots={shown.map((one) => ({
            name: `${one.title}: ${one.hit ? "hit" : "missed"}`,
            ...range(one.simulated, one.lower, one.upper),
            against: { value: one.published, held: one.hit },
            cells: [one.published, one.error, one.simulated, one.lower, one.upper, one.hit ? "hit" : "missed", one.note],
          }))}
          note={`Dot and line: simulated, ${KEY}`}
        />
      )}
      {measure && shown.length === 0 && <p role="status">None with this verdict.</p>}
    </section>
  );
}

function Failures({ past }: { past: Past }) {
  const known = past.failures.filter((one) => one.first);
  const counts = new Map<string, number>();
  for (const one of known) counts.set(one.first, (counts.get(one.first) ?? 0) + 1);
  const [first, count] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? ["nothing", 0];
  return (
    <section aria-labelledby="failures-title">
      <h2 id="failures-title">Why trials failed</h2>
      <p>
        A trial that failed is simulated with one thing after the other mended: its target, the dose, the start, the patients,
        their number (power), the endpoint. Each gets its share of the power that was lacking (Shapley values; they may be
        negative). A drug without a target in the model has no effect here, so that its target is the first cause by
        construction.
      </p>
      <Heat
        finding={`In ${count} of ${known.length} failed trials what lacked most was the ${first}, in the model.`}
        caption="Shares of the power that was lacking"
        axis="what was mended"
        what="Trial"
        rows={known.map((one) => one.trial.replace(/_/g, " "))}
        columns={past.factors.map((one) => ({ short: one, long: one[0]!.toUpperCase() + one.slice(1) }))}
        values={known.map((one) => one.shares)}
        domain={[1, 0]}
        digits={(value) => say(Math.round(value * 100) / 100)}
        note={`1: all of the power that was lacking. ${past.failures.length - known.length} more failed with too few people to tell.`}
      />
    </section>
  );
}
