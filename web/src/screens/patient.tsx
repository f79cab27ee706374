import { useEffect } from "preact/hooks";
import { ask, stored, stream, type Band, type Ensemble, type Model, type PatientRun } from "../api";
import { Heat } from "../charts/heat";
import { Lines, type Line, type Moment } from "../charts/lines";
import { Table } from "../charts/frame";
import { Range, Select, Text } from "../controls";
import { useAnswer, useLong } from "../hooks";
import { Problem, Waiting } from "../notices";
import { ANEW, question, type Change, type Given, type State } from "../state";
import { listed, lower, months, say, settle } from "../words";
import { Cannot } from "./cannot";
import { Openness } from "./openness";
import { Prognosis } from "./prognosis";
import { More, Who } from "./who";

type Series = PatientRun["series"][number];
const PERSONS = 60;
const TOTAL = "clinic.alsfrs_r.total";
const DOMAINS: Record<string, [number, number]> = { [TOTAL]: [0, 48], "clinic.vital_capacity": [0, 120] };

export function Patient({ model, state, change }: { model: Model; state: State; change: Change }) {
  const asked = question(state);
  const key = asked.toString();
  const { answer: run, error, busy, again } = useAnswer(`patient ${key}`, (signal) => ask("/api/patient", asked, signal));
  const people = useLong<Ensemble>(`ensemble ${key} ${state.persons ?? ""}`, (signal, progress) => {
    const wanted = question(state);
    wanted.set("persons", String(state.persons ?? PERSONS));
    return stream("/api/ensemble", wanted, signal, progress);
  });
  useEffect(() => {
    if (state.persons !== null) people.begin();
  }, [state.persons]);
  return (
    <>
      <h1>One virtual patient</h1>
      <p class="lead">
        A person of the model, not you. The pictures show what a person can do, for as long as the person lives. They do
        not show how long that is.
      </p>
      <section class="panel" aria-labelledby="who-title">
        <h2 id="who-title">Who the person is</h2>
        <div class="controls">
          <Who model={model} state={state} change={change} />
          <More model={model} state={state} change={change} />
        </div>
      </section>
      <Treatments model={model} state={state} change={change} />
      {error && <Problem error={error} again={again} />}
      <p role="status" class="hint">
        {busy ? "Simulating." : run && !error ? `Shown: ${told(run, model)}` : ""}
      </p>
      {run && <Courses run={run} people={people.answer} />}
      {run && (
        <section aria-labelledby="sure-title">
          <h2 id="sure-title">How sure is this?</h2>
          {people.answer ? (
            <Layers people={people.answer} />
          ) : (
            <p>
              One person is shown above. People with the same gene, age and site of onset differ, and the model itself
              may be wrong.
            </p>
          )}
          {stored ? (
            <p>
              The ranges between people, and what the evidence leaves open, need the explorer itself (charcot explore): they
              are not in this page.
            </p>
          ) : (
            !people.answer &&
            !people.progress && (
              <button type="button" onClick={() => (state.persons === null ? change({ persons: PERSONS }, true) : people.begin())}>
                Show how {PERSONS} such people differ
              </button>
            )
          )}
          <Waiting run={people} what="People simulated" />
          {people.error && <Problem error={people.error} again={people.begin} />}
          <Openness state={state} change={change} />
        </section>
      )}
      {run && <Prognosis key={key} state={state} />}
      <Cannot model={model} />
    </>
  );
}

function told(run: PatientRun, model: Model): string {
  const gene = model.genotypes.find((one) => one.name === run.person.genotype)?.title ?? run.person.genotype;
  const who = run.person.typical ? "the typical person" : `drawn person ${run.person.seed}`;
  const with_ = run.treatments.length ? `with ${listed(run.treatments.map((one) => one.title))}, beside the untreated twin` : "untreated";
  return `${who}, ${lower(gene)}, onset at ${say(run.person.age_at_onset)} years, ${with_}.`;
}

function Treatments({ model, state, change }: { model: Model; state: State; change: Change }) {
  const put = (treat: Given[]) => change({ treat, ...ANEW });
  const known = model.products.filter((one) => !stored || stored.grid.products.includes(one.name));
  const free = known.filter((one) => !state.treat.some((other) => other.product === one.name));
  const most = stored ? 1 : model.limits.most_treatments;
  return (
    <section class="panel" aria-labelledby="treatments-title">
      <h2 id="treatments-title">Treatments</h2>
      {state.treat.map((one, k) => {
        const product = model.products.find((other) => other.name === one.product);
        const with_ = (part: Partial<Given>) => put(state.treat.map((other, j) => (j === k ? { ...other, ...part } : other)));
        return (
          <fieldset key={k}>
            <legend>{product?.title ?? one.product}</legend>
            <div class="controls">
              <Select
                label={`Treatment ${k + 1}`}
                value={one.product}
                options={known.map((other) => ({ name: other.name, title: other.given_to_people ? other.title : `${other.title} (never given to people)` }))}
                change={(name) => with_({ product: name, dose: "" })}
              />
              {stored ? (
                <Select
                  label="Start, months after diagnosis"
                  value={String(one.start)}
                  options={stored.grid.starts.map((start) => ({ name: String(start), title: since(start) }))}
                  change={(start) => with_({ start: Number(start) })}
                />
              ) : (
                <>
                  <Text
                    label={`One dose of treatment ${k + 1}`}
                    hint={`Usual: ${product?.dose ?? "unknown"}. Empty takes it.`}
                    value={one.dose}
                    change={(dose) => with_({ dose })}
                  />
                  <Range
                    label={`Start of treatment ${k + 1}`}
                    unit="months after diagnosis"
                    value={one.start}
                    min={-24}
                    max={48}
                    words={since}
                    change={(start) => with_({ start })}
                  />
                </>
              )}
            </div>
            <p class="hint">{product?.standing}</p>
            <button type="button" onClick={() => put(state.treat.filter((_, j) => j !== k))}>
              Remove {product?.title ?? one.product}
            </button>
          </fieldset>
        );
      })}
      {state.treat.length < most && free[0] && (
        <button
          type="button"
          onClick={() =>
            put([...state.treat, { product: (free.find((one) => one.name === "riluzole") ?? free[0]!).name, dose: "", start: 0 }])
          }
        >
          Add a treatment
        </button>
      )}
    </section>
  );
}

function since(start: number): string {
  if (start === 0) return "at diagnosis";
  return `${months(Math.abs(start))} ${start < 0 ? "before" : "after"} diagnosis`;
}

function bandsOf(people: Ensemble | null, readout: string, arm: string, at: number[]): Line["bands"] {
  const band: Band | undefined = people?.bands.find((one) => one.readout === readout && one.arm === arm);
  if (!people || !band || people.months.length !== at.length) return undefined;
  const half = { low: band.lower, high: band.upper, words: "middle half of people" };
  // Beside a twin the wide bands would lie on each other: they are in the table below.
  return people.bands.some((one) => one.arm === "treated")
    ? [half]
    : [{ low: band.low, high: band.high, words: "9 of 10 people" }, half];
}

function Courses({ run, people }: { run: PatientRun; people: Ensemble | null }) {
  const treated = run.treatments.length ? `with ${listed(run.treatments.map((one) => lower(one.title)))}` : "";
  const moments: Moment[] = [];
  if (run.diagnosis !== null) moments.push({ month: run.diagnosis, words: "diagnosis (untreated)", short: "diagnosis" });
  for (const one of run.treatments)
    if (run.diagnosis !== null) moments.push({ month: run.diagnosis + one.start, words: `${one.title} begins`, short: "treatment begins" });
  const items = run.series.filter((one) => one.readout.startsWith("clinic.alsfrs_r.") && one.readout !== TOTAL);
  const lines = (series: Series): Line[] => [
    { name: "untreated", style: "first", values: series.untreated, bands: bandsOf(people, series.readout, "untreated", run.months) },
    ...(series.treated
      ? [{ name: "treated", style: "second" as const, values: series.treated, bands: bandsOf(people, series.readout, "treated", run.months) }]
      : []),
  ];
  return (
    <>
      <section aria-labelledby="function-title">
        <h2 id="function-title">Function and markers</h2>
        {run.not_eligible && <p class="notice">This person has antibodies against the vector: it is not given.</p>}
        <div class="charts">
          {run.series.slice(0, 3).map((series) => (
            <Lines
              key={series.readout}
              finding={goes(run, series, treated)}
              caption={`${series.title} over time`}
              clock={run.clock}
              unit={series.unit}
              months={run.months}
              lines={lines(series)}
              moments={moments}
              domain={DOMAINS[series.readout]}
              note={people ? `Bands: the middle half${treated ? "" : ", and 9 of 10,"} of such people; the line is the person above.` : undefined}
            />
          ))}
        </div>
      </section>
      <section aria-labelledby="items-title">
        <h2 id="items-title">Each item of the ALSFRS-R</h2>
        <div class="charts">
          <Items run={run} items={items} arm="untreated" words="Untreated" />
          {treated && <Items run={run} items={items} arm="treated" words={treated[0]!.toUpperCase() + treated.slice(1)} />}
        </div>
      </section>
      <section aria-labelledby="milestones-title">
        <h2 id="milestones-title">Milestones in words</h2>
        <Table
          whole
          twin={{
            caption: `Milestones, ${run.clock}`,
            columns: ["Milestone", "Item", "Untreated, month", ...(treated ? ["Treated, month"] : [])],
            rows: run.milestones.map((one) => [one.words, one.item, one.untreated, ...(treated ? [one.treated] : [])]),
          }}
        />
        <p class="hint">
          A dash: not within the months shown. The words are those of the ALSFRS-R. How good life is does not follow from
          a score.
        </p>
      </section>
      <section aria-labelledby="risk-title">
        <h2 id="risk-title">Who falls ill</h2>
        <p>
          Of people with this gene, {say(100 * run.risk.women)} % of women and {say(100 * run.risk.men)} % of men fall ill
          in their lives, in the model.{" "}
          {Object.entries(run.risk.odds_ratios).map(([name, odds]) => `${name}: odds ${say(odds)} times as high. `)}
        </p>
      </section>
    </>
  );
}

function goes(run: PatientRun, series: Series, treated: string): string {
  const onset = run.months.indexOf(0);
  const later = run.months.findIndex((one) => one >= Math.min(24, run.months[run.months.length - 1]!));
  const unit = series.unit ? ` ${series.unit}` : "";
  const head = `${series.title} goes from ${settle(series.untreated[onset])} at onset to ${settle(series.untreated[later])}${unit} ${months(run.months[later]!)} later`;
  return series.treated ? `${head}; ${treated} it is ${settle(series.treated[later])} then.` : `${head}.`;
}

function Items({ run, items, arm, words }: { run: PatientRun; items: Series[]; arm: "untreated" | "treated"; words: string }) {
  const last = run.months[run.months.length - 1]!;
  const every = last > 60 ? 12 : 6;
  const columns = run.months.filter((one) => one >= 0 && one % every === 0);
  const values = (series: Series) => series[arm] ?? [];
  const firsts = items
    .map((series) => ({ series, k: values(series).findIndex((one) => one !== null && one <= 2) }))
    .filter((one) => one.k >= 0)
    .sort((a, b) => a.k - b.k);
  const best = firsts[0];
  const finding = best
    ? `${words}, ${lower(best.series.title)} is the first of twelve items to fall to 2 points, in month ${say(run.months[best.k])}.`
    : `${words}, no item falls to 2 points within the months shown.`;
  return (
    <Heat
      finding={finding}
      caption={`Items of the ALSFRS-R, ${lower(words)} (0 to 4 points)`}
      axis={run.clock}
      shortAxis="months since untreated onset"
      what="Item"
      rows={items.map((one) => one.title)}
      columns={columns.map((one) => ({ short: say(one), long: `Month ${one}` }))}
      values={items.map((one) => columns.map((month) => values(one)[run.months.indexOf(month)] ?? null))}
      domain={[0, 4]}
      digits={(value) => value.toFixed(columns.length > 8 ? 0 : 1)}
      note="4: as in health. 0: lost. The table has the exact values."
    />
  );
}

function Layers({ people }: { people: Ensemble }) {
  const total = people.bands.filter((one) => one.readout === TOTAL);
  const k = people.months.findIndex((one) => one >= 24);
  const at = k < 0 ? people.months.length - 1 : k;
  const left = [
    people.never_ill ? `${people.never_ill} of the people drawn do not fall ill and are left out.` : "",
    people.failed ? `${people.failed} simulations failed and are left out.` : "",
    people.not_eligible ? `${people.not_eligible} have antibodies against a vector and were not given it.` : "",
  ];
  return (
    <>
      <ol class="layers">
        {people.layers.map((one) => (
          <li key={one.name}>
            <h3>{one.title}</h3>
            <p>{one.words}</p>
          </li>
        ))}
      </ol>
      <Table
        twin={{
          caption: `ALSFRS-R ${months(people.months[at]!)} after onset, points, by layer`,
          columns: ["Arm", "Median", "Middle half, from", "to", "9 of 10, from", "up to", "Median by chance, from", "at most"],
          rows: total.map((band) => [
            band.arm,
            band.median[at]!,
            band.lower[at]!,
            band.upper[at]!,
            band.low[at]!,
            band.high[at]!,
            band.median_low[at]!,
            band.median_high[at]!,
          ]),
        }}
      />
      <p class="hint">{left.filter(Boolean).join(" ")}</p>
    </>
  );
}
