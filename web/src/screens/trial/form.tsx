// The design form. What a control says goes to the server as it is typed; what is wrong with it comes back to it.

import type { ComponentChildren } from "preact";
import { stored, type Model, type TrialChoices, type TrialDesign } from "../../api";
import { Range, Select, Text } from "../../controls";
import { REDESIGNED, type Change, type Control, type State } from "../../state";

const EVERY = ["1", "2", "4", "8", "12", "13", "26"]; // weeks
const USUAL = "aav-mir126";

interface FormProps {
  model: Model;
  choices: TrialChoices;
  design: TrialDesign | null;
  state: State;
  change: Change;
}

export function Form({ model, choices, design, state, change }: FormProps) {
  const name = state.design["template"] ?? USUAL;
  const template = choices.templates.find((one) => one.name === name) ?? choices.templates[0]!;
  const value = (control: Control): string => state.design[control] ?? design?.values[control] ?? template.values[control] ?? "";
  const set = (control: Control, text: string) => {
    const next = { ...state.design };
    if (control === "drug") delete next["dose"];
    if (text === template.values[control]) delete next[control];
    else next[control] = text;
    change({ design: next, ...REDESIGNED });
  };
  const wrong = (control: Control) => (state.protocol ? [] : (design?.problems ?? []).filter((one) => one.control === control));
  const text = (control: Control, label: string, hint: string) => (
    <Field wrong={wrong(control)}>
      <Text label={label} hint={hint} value={value(control)} wrong={wrong(control).length > 0} change={(words) => set(control, words)} />
    </Field>
  );
  const range = (control: Control, label: string, unit: string, most: number, step = 1, least = step) =>
    Number.isFinite(Number(value(control))) ? (
      <Field wrong={wrong(control)}>
        <Range
          label={label}
          unit={unit}
          value={Number(value(control))}
          min={least}
          max={most}
          step={step}
          words={(figure) => `${figure} ${unit}`}
          change={(figure) => set(control, String(figure))}
        />
      </Field>
    ) : (
      text(control, `${label}, ${unit}`, "A number.")
    );
  const choose = (control: Control, label: string, options: { name: string; title: string }[], wide = false) => (
    <Field wide={wide} wrong={wrong(control)}>
      <Select label={label} value={value(control)} options={options} change={(words) => set(control, words)} />
    </Field>
  );
  const start = (
    <Select
      label="Start from"
      value={name}
      options={choices.templates}
      change={(chosen) => change({ design: chosen === USUAL ? {} : { template: chosen }, ...REDESIGNED })}
    />
  );
  if (stored) return <div class="controls">{start}</div>;
  const primary = choices.endpoints.find((one) => one.name === value("primary"));
  const product = model.products.find((one) => one.name === value("drug"));
  const weeks = EVERY.includes(value("every")) ? EVERY : [...EVERY, value("every")];
  return (
    <>
      <div class="controls">{start}</div>
      <fieldset>
        <legend>Arms</legend>
        <div class="controls tight">
          {choose(
            "drug",
            "Treatment of the treated arm",
            model.products.map((one) => ({ name: one.name, title: one.given_to_people ? one.title : `${one.title} (never given to people)` })),
            true,
          )}
          {text("dose", "One dose, with its unit", `Usual: ${product?.dose ?? "unknown"}.`)}
          {range("treated", "Size of the treated arm", "patients", 150)}
          {range("control", "Size of the untreated arm", "patients", 150)}
        </div>
      </fieldset>
      <fieldset>
        <legend>Visits</legend>
        <div class="controls tight">
          {range("duration", "Time to the last visit", "months", 36, 0.5, 1)}
          {choose("every", "Time between visits", weeks.map((one) => ({ name: one, title: `every ${one} ${one === "1" ? "week" : "weeks"}` })))}
        </div>
      </fieldset>
      <fieldset>
        <legend>Who may enter (empty: no such rule)</legend>
        <div class="controls tight">
          {text("age_min", "Age at least, years", "At screening.")}
          {text("age_max", "Age at most, years", "At screening.")}
          {text("onset_max", "Time since onset at most, months", "From the onset that is remembered.")}
          {text("capacity_min", "Vital capacity at least, % predicted", "Slow vital capacity at screening.")}
          {text("score_min", "ALSFRS-R at least, points", "0 to 48, at screening.")}
          {range("riluzole", "Share who take riluzole", "% of patients", 100, 1, 0)}
        </div>
      </fieldset>
      <fieldset>
        <legend>Analysis</legend>
        <div class="controls tight">
          <Field wide wrong={[]}>
            <Select
              label="Primary endpoint"
              value={primary?.measure ?? "unknown"}
              options={choices.measures}
              change={(measure) => set("primary", choices.endpoints.find((one) => one.measure === measure)!.name)}
            />
          </Field>
          {choose("primary", "Its analysis", choices.endpoints.filter((one) => one.measure === primary?.measure), true)}
          {text("alpha", "Alpha, two-sided", "0.05 is usual.")}
          {text("draw", "Seed (which virtual patients)", "A whole number: the same one gives the same trial.")}
        </div>
      </fieldset>
    </>
  );
}

// A control with what is wrong with it.
function Field({ wrong, wide = false, children }: { wrong: TrialDesign["problems"]; wide?: boolean; children: ComponentChildren }) {
  return (
    <div class={wide ? "field wide" : "field"}>
      {children}
      {wrong.map((one) => (
        <p key={one.message} class="wrong">
          {one.message}. {one.hint} (line {one.line})
        </p>
      ))}
    </div>
  );
}
