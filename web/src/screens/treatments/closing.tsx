// Until when there is something to gain, in words, and beside ideal rescues.

import type { Window } from "../../api";
import { Table } from "../../charts/frame";

export function Closing({ window }: { window: Window }) {
  const name = (one: Window["closing"][number]) =>
    one.ideal ? `${one.what[0]!.toUpperCase()}${one.what.slice(1)}` : window.title;
  return (
    <section aria-labelledby="closing-title">
      <h2 id="closing-title">Time of no return</h2>
      {window.closing_words.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      <Table
        whole
        twin={{
          caption: "When each window closes, years from the onset of the untreated course",
          columns: ["What is done", "Dose", `Best gain${window.gained.unit ? `, ${window.gained.unit}` : ""}`, "Best start, years", "Half lost, years", "Nine tenths lost, years"],
          rows: (window.helps ? window.closing : window.closing.filter((one) => one.ideal)).map((one) => [
            name(one),
            one.dose || "–",
            one.best,
            one.best_start,
            one.half_lost ?? one.half_words,
            one.lost ?? one.lost_words,
          ]),
        }}
      />
      <p class="hint">
        No number was set for this. An ideal rescue switches off the causes of one layer of the disease, or of all, from its
        start on; what it cannot bring back makes the window close.
      </p>
    </section>
  );
}
