// The key message of a simulated trial, as reports have it: with what was never given to people.

import type { TrialRun } from "../../api";

export function Key({ message }: { message: TrialRun["key"] }) {
  return (
    <div class="panel key">
      <h3>Key message</h3>
      <p>{message.question}</p>
      <p>
        <strong>{message.answer}</strong>
      </p>
      {message.interval && <p>{message.interval}</p>}
      <ul>
        {message.given.map((one) => (
          <li key={one}>{one}</li>
        ))}
      </ul>
      <p class="hint">{message.model_risk}</p>
    </div>
  );
}
