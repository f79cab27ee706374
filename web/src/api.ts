// Where answers come from: the server, or, in a page that was exported, the answers stored in it.

import type { components } from "./schema";

type Schemas = components["schemas"];
export type Model = Schemas["Model"];
export type PatientRun = Schemas["PatientRun"];
export type NeuronRun = Schemas["NeuronRun"];
export type Mechanism = Schemas["Mechanism"];
export type Boards = Schemas["Boards"];
export type Ensemble = Schemas["Ensemble"];
export type Band = Schemas["Band"];
export type Opened = Schemas["Opened"];
export type Prognosis = Schemas["Prognosis"];
export type Findings = Schemas["Findings"];
export type Gaps = Schemas["Gaps"];
export type Window = Schemas["Window"];
export type Pairs = Schemas["Pairs"];
export type TrialChoices = Schemas["TrialChoices"];
export type TrialDesign = Schemas["TrialDesign"];
export type TrialRun = Schemas["TrialRun"];
export type TrialPower = Schemas["TrialPower"];
export type Trouble = Schemas["Trouble"];

export interface Answers {
  "/api/model": Model;
  "/api/patient": PatientRun;
  "/api/neuron": NeuronRun;
  "/api/boards": Boards;
  "/api/findings": Findings;
  "/api/trial/choices": TrialChoices;
  "/api/trial/design": TrialDesign;
}
export interface Streams {
  "/api/ensemble": Ensemble;
  "/api/open": Opened;
  "/api/prognosis": Prognosis;
  "/api/gaps": Gaps;
  "/api/window": Window;
  "/api/pairs": Pairs;
  "/api/gain/open": Opened;
  "/api/trial/run": TrialRun;
  "/api/trial/power": TrialPower;
}

// What is wrong with a question: the words of the server.
export class Refused extends Error {
  constructor(readonly trouble: Trouble) {
    super(trouble.message);
  }
}

// The server does not answer at all.
export class Away extends Error {}

export const stored: Stored | null = readStored();

export interface Stored {
  answers: Record<string, unknown>;
  people: Record<string, PatientRun>;
  treated: Record<string, Treated>;
  neurons: Record<string, NeuronRun>;
  refused: Record<string, string>;
  grid: { genotypes: string[]; ages: number[]; sites: string[]; products: string[]; starts: number[] };
}

// What a treatment changes of a stored person: rows in the order of the person's own.
interface Treated {
  treatments: PatientRun["treatments"];
  not_eligible: boolean;
  series: (number | null)[][];
  milestones: (number | null)[];
}

function readStored(): Stored | null {
  const place = document.getElementById("stored");
  return place ? (JSON.parse(place.textContent ?? "") as Stored) : null;
}

async function reach(url: string, signal: AbortSignal, more: RequestInit = {}): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(url, { ...more, signal, credentials: "omit" });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Away("The explorer's server does not answer.");
  }
  if (!answer.ok) throw new Refused((await answer.json()) as Trouble);
  return answer;
}

function missing(message: string): Refused {
  const hint = "Run charcot explore for all of them.";
  return new Refused({ message: "This page holds only some answers.", problems: [{ code: "not-stored", message, hint, line: 0, control: "" }] });
}

function fromStore<T>(path: string, query: URLSearchParams): T {
  const key = query.toString();
  if (path === "/api/patient") return storedPatient(query) as T;
  const found = path === "/api/neuron" ? stored?.neurons[key] : stored?.answers[key ? `${path}?${key}` : path];
  if (found === undefined) throw missing(stored?.refused[key] ?? "This one is not in it");
  return found as T;
}

function storedPatient(query: URLSearchParams): PatientRun {
  const key = query.toString();
  const alone = new URLSearchParams(query);
  alone.delete("treat");
  const base = stored?.people[alone.toString()];
  if (!base) throw missing(stored?.refused[alone.toString()] ?? "This one is not in it");
  if (!query.has("treat")) return base;
  const treated = stored?.treated[key];
  if (!treated) throw missing("This treatment from this month on is not in it");
  return {
    ...base,
    treatments: treated.treatments,
    not_eligible: treated.not_eligible,
    series: base.series.map((one, k) => ({ ...one, treated: treated.series[k] ?? null })),
    milestones: base.milestones.map((one, k) => ({ ...one, treated: treated.milestones[k] ?? null })),
  };
}

export async function ask<P extends keyof Answers>(
  path: P,
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<Answers[P]> {
  const text = query.toString();
  const url = text ? `${path}?${text}` : path;
  return stored ? fromStore(path, query) : ((await (await reach(`.${url}`, signal)).json()) as Answers[P]);
}

export async function askMechanism(name: string, signal: AbortSignal): Promise<Mechanism> {
  const url = `/api/mechanisms/${encodeURIComponent(name)}`;
  if (stored) return fromStore(`/api/mechanisms/${name}`, new URLSearchParams());
  return (await (await reach(`.${url}`, signal)).json()) as Mechanism;
}

// A protocol of one's own, which the server reads in memory.
export async function sendProtocol(text: string, signal: AbortSignal): Promise<TrialDesign> {
  const more = { method: "POST", body: text, headers: { "content-type": "application/yaml" } };
  return (await (await reach("./api/trial/protocol", signal, more)).json()) as TrialDesign;
}

// How the server is; null where it does not answer.
export async function health(): Promise<Schemas["Health"] | null> {
  try {
    const answer = await fetch("./api/health", { credentials: "omit" });
    return answer.ok ? ((await answer.json()) as Schemas["Health"]) : null;
  } catch {
    return null;
  }
}

// A long answer, with progress; leaving (the signal) ends the work on the server.
export async function stream<P extends keyof Streams>(
  path: P,
  query: URLSearchParams,
  signal: AbortSignal,
  progress: (done: number, total: number) => void,
): Promise<Streams[P]> {
  if (stored) throw missing("This is simulated when it is asked for");
  const answer = await reach(`.${path}?${query.toString()}`, signal);
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      text += value;
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const name = /^event: (.*)$/m.exec(block)?.[1];
        const data: unknown = JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? "null");
        if (name === "answer") return data as Streams[P];
        if (name === "trouble") throw new Refused(data as Trouble);
        const told = data as { done: number; total: number };
        progress(told.done, told.total);
      }
    }
  } catch (error) {
    if (error instanceof Refused || signal.aborted) throw error;
    throw new Away("The explorer's server stopped while it was at work.");
  }
  throw new Away("The explorer's server stopped while it was at work.");
}
