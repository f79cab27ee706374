// Who the person is: the controls that the Neuron and the Patient screen share.

import { stored, type Model } from "../api";
import { Checks, Range, Select, type Option } from "../controls";
import { ANEW, type Change, type State } from "../state";

// What the exported page has; all of it where there is a server.
function within(options: Option[], held: string[] | undefined): Option[] {
  return held ? options.filter((one) => held.includes(one.name)) : options;
}

export function Who({ model, state, change }: { model: Model; state: State; change: Change }) {
  const set = (part: Partial<State>) => change({ ...part, ...ANEW });
  return (
    <>
      <Select label="Gene" value={state.genotype} options={within(model.genotypes, stored?.grid.genotypes)} change={(genotype) => set({ genotype })} />
      {stored ? (
        <Select
          label="Age at onset, years"
          value={String(state.age)}
          options={stored.grid.ages.map((age) => ({ name: String(age), title: `${age} years` }))}
          change={(age) => set({ age: Number(age) })}
        />
      ) : (
        <Range
          label="Age at onset"
          unit="years"
          value={state.age}
          min={model.limits.youngest}
          max={model.limits.oldest}
          words={(age) => `${age} years`}
          change={(age) => set({ age })}
        />
      )}
      <Select label="Where it begins" value={state.site} options={within(model.sites, stored?.grid.sites)} change={(site) => set({ site })} />
    </>
  );
}

interface MoreProps {
  model: Model;
  state: State;
  change: Change;
  shown?: boolean; // whether so many months are shown
}

export function More({ model, state, change, shown = true }: MoreProps) {
  const set = (part: Partial<State>) => change({ ...part, ...ANEW });
  if (stored) return null;
  return (
    <>
      <div class="field">
        <label for="person">Which person (a number; empty: the typical person)</label>
        <input
          id="person"
          type="number"
          min={0}
          step={1}
          value={state.seed ?? ""}
          onChange={(event) => {
            const text = event.currentTarget.value;
            set({ seed: /^\d+$/.test(text) ? Number(text) : null });
          }}
        />
        <p class="hint">
          {state.seed === null
            ? "The typical person has the typical value of everything."
            : `Drawn person ${state.seed}: the same person each time.`}
        </p>
      </div>
      {shown && (
        <Select
          label="Months shown"
          value={String(state.months)}
          options={[24, 36, 60, 120].map((n) => ({ name: String(n), title: `${n} months after onset` }))}
          change={(months) => set({ months: Number(months) })}
        />
      )}
      <Checks
        label="Exposures"
        hint="They change who falls ill and when. With the age at onset given, they do not change the course."
        value={state.exposures}
        options={model.exposures}
        change={(exposures) => set({ exposures })}
      />
    </>
  );
}
