// The state of the page is its address: #/screen?name=value. What is as usual is left out.

import { useEffect, useState } from "preact/hooks";

export interface Given {
  product: string;
  dose: string;
  start: number;
}

export interface State {
  screen: "neuron" | "patient" | "treatments" | "trial" | "evidence";
  genotype: string;
  age: number;
  site: string;
  exposures: string[];
  treat: Given[];
  seed: number | null;
  months: number;
  month: number;
  part: string;
  mechanism: string;
  persons: number | null;
  models: number | null;
  board: string;
  group: string;
  verdict: string;
  quantity: string;
  measure: string;
  kind: string;
  endpoint: string;
  product: string;
  doses: string;
  starts: string;
  at: number;
  gain: string;
  pair: string[];
  begin: number;
  design: Record<string, string>;
  protocol: string;
  show: number | null;
  outcome: string;
  twins: number | null;
  trials: number | null;
  power: number | null;
}

// The form of a trial: what differs from its template, by control.
export const DESIGN = [
  "template", "drug", "dose", "control", "treated", "duration", "every", "age_min", "age_max", "onset_max",
  "capacity_min", "score_min", "primary", "alpha", "riluzole", "draw",
] as const;
export type Control = (typeof DESIGN)[number];

export const USUAL: State = {
  screen: "neuron",
  genotype: "sporadic",
  age: 62,
  site: "lumbar",
  exposures: [],
  treat: [],
  seed: null,
  months: 60,
  month: 0,
  part: "terminal",
  mechanism: "",
  persons: null,
  models: null,
  board: "experiments",
  group: "all",
  verdict: "all",
  quantity: "decline",
  measure: "slope",
  kind: "all",
  endpoint: "survival",
  product: "riluzole",
  doses: "",
  starts: "",
  at: 36,
  gain: "alsfrs",
  pair: ["riluzole", "edaravone_oral"],
  begin: 0,
  design: {},
  protocol: "",
  show: null,
  outcome: "all",
  twins: null,
  trials: null,
  power: null,
};

const SCREENS = ["neuron", "patient", "treatments", "trial", "evidence"] as const;

export function read(hash: string): State {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const asked = new URLSearchParams(query);
  const text = (name: keyof State): string => asked.get(name) ?? String(USUAL[name] ?? "");
  const figure = (name: "age" | "months" | "month" | "at" | "begin"): number => {
    const given = asked.get(name);
    const value = given === null || given.trim() === "" ? NaN : Number(given);
    return Number.isFinite(value) ? value : USUAL[name];
  };
  const whole = (name: "seed" | "persons" | "models" | "show" | "twins" | "trials" | "power"): number | null => {
    const given = asked.get(name);
    return given !== null && /^\d+$/.test(given) ? Number(given) : null;
  };
  return {
    screen: SCREENS.find((name) => name === path) ?? "neuron",
    genotype: text("genotype"),
    age: figure("age"),
    site: text("site"),
    exposures: (asked.get("exposures") ?? "").split(",").filter(Boolean),
    treat: asked.getAll("treat").map(treatment),
    seed: whole("seed"),
    months: figure("months"),
    month: figure("month"),
    part: text("part"),
    mechanism: text("mechanism"),
    persons: whole("persons"),
    models: whole("models"),
    board: text("board"),
    group: text("group"),
    verdict: text("verdict"),
    quantity: text("quantity"),
    measure: text("measure"),
    kind: text("kind"),
    endpoint: text("endpoint"),
    product: text("product"),
    doses: text("doses"),
    starts: text("starts"),
    at: figure("at"),
    gain: text("gain") === TIME ? USUAL.gain : text("gain"), // time is asked for in the page alone
    pair: asked.has("pair") ? asked.get("pair")!.split(",").filter(Boolean) : USUAL.pair,
    begin: figure("begin"),
    design: Object.fromEntries(DESIGN.flatMap((name) => (asked.has(name) ? [[name, asked.get(name)!]] : []))),
    protocol: text("protocol"),
    show: whole("show"),
    outcome: text("outcome"),
    twins: whole("twins"),
    trials: whole("trials"),
    power: whole("power"),
  };
}

export const TIME = "time";

function treatment(text: string): Given {
  const [product = "", dose = "", start = ""] = text.split(":");
  return { product, dose, start: Number.isFinite(Number(start)) ? Number(start) : 0 };
}

// The words of a question about one person, as the server reads them.
export function question(state: State): URLSearchParams {
  const asked = person(state);
  for (const one of state.treat) asked.append("treat", `${one.product}:${one.dose}:${one.start}`);
  if (state.months !== USUAL.months) asked.set("months", String(state.months));
  return asked;
}

// Who is asked about.
export function person(state: State): URLSearchParams {
  const asked = new URLSearchParams();
  if (state.genotype !== USUAL.genotype) asked.set("genotype", state.genotype);
  if (state.age !== USUAL.age) asked.set("age", String(state.age));
  if (state.site !== USUAL.site) asked.set("site", state.site);
  if (state.exposures.length) asked.set("exposures", state.exposures.join(","));
  if (state.seed !== null) asked.set("seed", String(state.seed));
  return asked;
}

const KEPT = ["month", "part", "mechanism", "persons", "models", "board", "group", "verdict", "quantity", "measure", "kind", "endpoint", "protocol", "show", "outcome", "twins", "trials", "power"] as const;
const OF_TREATMENTS = ["product", "doses", "starts", "at", "gain", "begin"] as const;

// The words of a question about a trial.
export function trialQuestion(state: State): URLSearchParams {
  if (state.protocol) return new URLSearchParams({ protocol: state.protocol });
  return new URLSearchParams(DESIGN.flatMap((name) => (state.design[name] === undefined ? [] : [[name, state.design[name]]])));
}

export function address(state: State): string {
  const asked = question(state);
  for (const name of DESIGN) if (state.design[name] !== undefined) asked.set(name, state.design[name]);
  for (const name of [...KEPT, ...OF_TREATMENTS]) {
    const value = state[name];
    if (value !== USUAL[name] && value !== null && value !== "") asked.set(name, String(value));
  }
  if (state.pair.join() !== USUAL.pair.join()) asked.set("pair", state.pair.join());
  const query = asked.toString();
  return `#/${state.screen}${query ? `?${query}` : ""}`;
}

// Another person or treatment: what was simulated of many people is not asked for again by itself.
export const ANEW: Partial<State> = { persons: null, models: null };

// Another trial: nothing of it is simulated by itself.
export const REDESIGNED: Partial<State> = { show: null, outcome: "all", power: null };

export type Change = (change: Partial<State>, keep?: boolean) => void;

// The state, and a way to change it; with ``keep`` the step can be gone back to.
export function useAddress(): [State, Change] {
  const [state, set] = useState(() => read(location.hash));
  useEffect(() => {
    const listen = () => set(read(location.hash));
    addEventListener("hashchange", listen);
    addEventListener("popstate", listen);
    return () => {
      removeEventListener("hashchange", listen);
      removeEventListener("popstate", listen);
    };
  }, []);
  const change: Change = (part, keep = false) => {
    const next = { ...read(location.hash), ...part };
    history[keep ? "pushState" : "replaceState"](null, "", address(next));
    set(next);
  };
  return [state, change];
}
