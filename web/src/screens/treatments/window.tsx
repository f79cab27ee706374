// The window of one product: what is gained by dose and start.

import type { Window } from "../../api";
import { Heat, type Sign } from "../../charts/heat";
import { say } from "../../words";

const SIGNS: Record<string, { sign: string; short: string }> = {
  outside: { sign: "*", short: "outside" },
  never: { sign: "†", short: "never given" },
};
const LONGEST = 16; // letters of a row's name in the picture

export function signed(start: number): string {
  return start > 0 ? `+${say(start)}` : say(start);
}

export function WindowMap({ window }: { window: Window }) {
  const gains = window.gains.flat().filter((one): one is number => one !== null);
  const most = Math.max(...gains);
  const signs = window.doses.map((dose): Sign | null => {
    const own = SIGNS[dose.standing];
    return own ? { ...own, words: dose.words } : null;
  });
  const legend = [...new Map(signs.filter((one) => one !== null).map((one) => [one.sign, `${one.sign} ${one.words}.`])).values()];
  const { title, unit, at } = window.gained;
  const read = at === null ? title : `${title}, ${say(at)} months after onset`;
  return (
    <section aria-labelledby="window-title">
      <h2 id="window-title">Window: dose and start</h2>
      <Heat
        finding={window.finding}
        caption={`Gain by dose and start, ${window.title}${unit ? `, ${unit}` : ""}`}
        axis="start of the treatment, years from the onset of the untreated course"
        shortAxis="start, years from onset"
        what="Dose"
        rows={window.doses.map((dose) => short(dose))}
        names={window.doses.map((dose) => `${dose.dose} (${say(dose.multiple)} times)`)}
        columns={window.starts.map((start) => ({ short: signed(start), long: `Start ${signed(start)} years` }))}
        values={window.gains}
        domain={most > 0 ? [most, Math.min(0, ...gains)] : [1, 0]}
        digits={(value) => settled(value, most)}
        signs={{ what: "Outside what people were given", of: signs }}
        note={[
          `Gained: ${read}. Untreated: ${say(window.untreated)}${unit ? ` ${unit}` : ""}.`,
          ...legend,
          "Doses are given by the label's schedule. The stronger the colour, the more is gained. The model has no harm of overdose.",
        ].join(" ")}
      />
      {window.notes.length > 0 && (
        <ul>
          {window.notes.map((note) => (
            <li key={note} class="hint">
              {note}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function short({ multiple, dose }: Window["doses"][number]): string {
  const whole = `${say(multiple)}×, ${dose}`;
  return whole.length > LONGEST ? `${say(multiple)}×` : whole;
}

// As many digits as the largest gain makes worth while.
function settled(value: number, most: number): string {
  const text = value.toFixed(most >= 10 ? 0 : most >= 1 ? 1 : 2);
  return Number(text) === 0 ? "0" : text.replace("-", "−");
}
