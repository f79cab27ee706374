// What went wrong, and how far a long run is.

import { useEffect } from "preact/hooks";
import { Away, health, Refused } from "./api";
import type { Long } from "./hooks";

const EVERY = 2000; // milliseconds between looks for a server that went away

export function Problem({ error, again }: { error: Error; again: () => void }) {
  useEffect(() => {
    if (!(error instanceof Away)) return;
    const timer = setInterval(() => {
      void health().then((there) => {
        if (there) again();
      });
    }, EVERY);
    return () => clearInterval(timer);
  }, [error]);
  if (error instanceof Refused) {
    const found = error.trouble.problems ?? [];
    return (
      <div class="notice" role="alert">
        <p>
          <strong>{error.trouble.message}</strong>
        </p>
        <ul>
          {found.map((one) => (
            <li key={one.message}>
              {one.line ? `Line ${one.line}: ` : ""}
              {one.message}. {one.hint}
            </li>
          ))}
        </ul>
      </div>
    );
  }
  return (
    <div class="notice" role="alert">
      <p>
        <strong>{error.message}</strong> Start it again with <code>charcot explore</code>; this page goes on by itself
        when it is back. Nothing that you set is lost: it is in the address.
      </p>
      <button type="button" onClick={again}>
        Try again
      </button>
    </div>
  );
}

export function Waiting<T>({ run, what }: { run: Long<T>; what: string }) {
  if (!run.progress) return null;
  const { done, total } = run.progress;
  const far = total ? `${done.toLocaleString("en")} of ${total.toLocaleString("en")}` : done ? done.toLocaleString("en") : "waiting";
  const words = `${what}: ${far}`;
  return (
    <div class="waiting" role="status">
      <label>
        <span>{words}</span>
        <progress max={total || 1} value={total ? done : undefined} />
      </label>
      <button type="button" onClick={run.cancel}>
        Cancel
      </button>
    </div>
  );
}
