// What no screen of one person can tell.

import type { Model } from "../api";

export function Cannot({ model }: { model: Model }) {
  return (
    <section aria-labelledby="cannot-title">
      <h2 id="cannot-title">What this cannot tell you</h2>
      <ul>
        {model.cannot.map((one) => (
          <li key={one}>{one}</li>
        ))}
      </ul>
    </section>
  );
}
