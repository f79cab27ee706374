// Time is shown to nobody who did not ask: not in the address, and nothing of it on its way before.

import { DAYS, NOT_TO_KNOW } from "../prognosis";

export type Asked = "no" | "asked" | "shown";

export function Time({ time, ask }: { time: Asked; ask: (time: Asked) => void }) {
  if (time === "no") return null;
  return (
    <section aria-labelledby="time-title" class="panel">
      <h2 id="time-title">Time</h2>
      <p>
        {NOT_TO_KNOW} {DAYS}
      </p>
      <div class="actions">
        {time === "asked" && (
          <button type="button" onClick={() => ask("shown")}>
            Show what is gained in months of life
          </button>
        )}
        <button type="button" onClick={() => ask("no")}>
          {time === "asked" ? "Stay with function" : "Hide this again"}
        </button>
      </div>
      {time === "shown" && (
        <p>
          Shown below: months of life from onset without permanent ventilation. Of the typical person it is the month that
          half of such people live beyond; of a drawn person it is one draw.
        </p>
      )}
    </section>
  );
}
