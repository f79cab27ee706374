// Native controls with a name, a unit and 44 pixels.

import { useEffect, useId, useState } from "preact/hooks";

interface RangeProps {
  label: string;
  unit: string;
  value: number;
  min: number;
  max: number;
  step?: number;
  words: (value: number) => string;
  change: (value: number) => void;
}

// A slider with a number box: arrows go one step, Shift and arrows or page keys go ten.
export function Range({ label, unit, value, min, max, step = 1, words, change }: RangeProps) {
  const id = useId();
  const [typed, type] = useState<string | null>(null);
  useEffect(() => type(null), [value]);
  const settle = (text: string) => {
    const wanted = Number(text);
    if (text.trim() !== "" && Number.isFinite(wanted)) change(wanted);
  };
  const key = (event: KeyboardEvent) => {
    const way = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (event.shiftKey && way) {
      event.preventDefault();
      change(Math.min(max, Math.max(min, value + way * 10 * step)));
    }
  };
  return (
    <div class="field">
      <label for={id}>
        {label}, {unit}
      </label>
      <div class="range">
        <input
          id={id}
          type="range"
          min={min}
          max={max}
          step={step}
          value={Math.min(max, Math.max(min, value))}
          aria-valuetext={words(value)}
          onInput={(event) => change(Number(event.currentTarget.value))}
          onKeyDown={key}
        />
        <input
          type="number"
          inputMode="decimal"
          step="any"
          aria-label={`${label}, ${unit}, as a number`}
          value={typed ?? String(value)}
          onInput={(event) => type(event.currentTarget.value)}
          onChange={(event) => settle(event.currentTarget.value)}
        />
      </div>
      <p class="hint">{words(value)}</p>
    </div>
  );
}

export interface Option {
  name: string;
  title: string;
}

export function Select(props: { label: string; value: string; options: Option[]; change: (value: string) => void }) {
  const id = useId();
  const known = props.options.some((one) => one.name === props.value);
  const options = known ? props.options : [...props.options, { name: props.value, title: `${props.value} (unknown)` }];
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      <select id={id} value={props.value} onChange={(event) => props.change(event.currentTarget.value)}>
        {options.map((one) => (
          <option key={one.name} value={one.name}>
            {one.title}
          </option>
        ))}
      </select>
    </div>
  );
}

export function Checks(props: { label: string; hint: string; value: string[]; options: Option[]; change: (value: string[]) => void }) {
  const toggle = (name: string) => {
    const now = props.value.includes(name) ? props.value.filter((one) => one !== name) : [...props.value, name];
    props.change(props.options.map((one) => one.name).filter((one) => now.includes(one)));
  };
  return (
    <fieldset>
      <legend>{props.label}</legend>
      <div class="checks">
        {props.options.map((one) => (
          <label key={one.name} class="check">
            <input type="checkbox" checked={props.value.includes(one.name)} onChange={() => toggle(one.name)} /> {one.title}
          </label>
        ))}
      </div>
      <p class="hint">{props.hint}</p>
    </fieldset>
  );
}

export function Radios(props: { label: string; name: string; value: string; options: Option[]; change: (value: string) => void }) {
  return (
    <fieldset class="radios">
      <legend>{props.label}</legend>
      <div class="checks">
        {props.options.map((one) => (
          <label key={one.name} class="check">
            <input
              type="radio"
              name={props.name}
              checked={props.value === one.name}
              onChange={() => props.change(one.name)}
            />{" "}
            {one.title}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

interface TextProps {
  label: string;
  hint: string;
  value: string;
  change: (value: string) => void;
  wrong?: boolean;
}

// What is typed stays while answers to earlier changes come in.
export function Text(props: TextProps) {
  const id = useId();
  const [typed, type] = useState<string | null>(null);
  useEffect(() => type(null), [props.value]);
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      <input
        id={id}
        type="text"
        value={typed ?? props.value}
        aria-describedby={`${id}-hint`}
        aria-invalid={props.wrong || undefined}
        onInput={(event) => type(event.currentTarget.value)}
        onChange={(event) => props.change(event.currentTarget.value)}
      />
      <p class="hint" id={`${id}-hint`}>
        {props.hint}
      </p>
    </div>
  );
}
