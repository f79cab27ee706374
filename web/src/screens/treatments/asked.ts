// What is asked of one person, whatever is given.

import { person, type State } from "../../state";

export function asked(state: State, gain: string): URLSearchParams {
  const words = person(state);
  words.set("at", String(state.at));
  words.set("gained", gain);
  return words;
}
