// The protocol of a design, line by line, with what is wrong at its line; to copy and to keep.

import { useEffect, useState } from "preact/hooks";
import type { TrialDesign } from "../../api";
import { save } from "../../charts/frame";

export function Protocol({ design }: { design: TrialDesign }) {
  const [said, say] = useState("");
  useEffect(() => say(""), [design.yaml]);
  const bad = new Set(design.problems.map((one) => one.line));
  const lines = design.yaml.replace(/\n$/, "").split("\n");
  const copy = () =>
    navigator.clipboard.writeText(design.yaml).then(
      () => say("Copied."),
      () => say("The browser does not let this page copy. Download it instead."),
    );
  return (
    <section class="panel" aria-labelledby="protocol-title">
      <h2 id="protocol-title">The protocol</h2>
      <p role="status" class={design.problems.length ? "wrong" : "hint"}>
        {design.problems.length ? `${count(design.problems.length, "problem")}: mend ${design.problems.length === 1 ? "it" : "them"} first.` : design.words}
      </p>
      {design.problems.length > 0 && (
        <ul>
          {design.problems.map((one) => (
            <li key={`${one.line} ${one.message}`}>
              Line {one.line}: {one.message}. {one.hint}
            </li>
          ))}
        </ul>
      )}
      <pre class="yaml" tabIndex={0} role="region" aria-label={`Protocol as YAML, ${lines.length} lines`}>
        {lines.map((line, k) => (
          <span key={k} class={bad.has(k + 1) ? "row bad" : "row"}>
            {line}
            {bad.has(k + 1) ? "  ◀ problem" : ""}
          </span>
        ))}
      </pre>
      <div class="actions">
        <button type="button" onClick={() => void copy()}>
          Copy the protocol
        </button>
        <button type="button" onClick={() => save(`${design.name}.yaml`, "application/yaml", design.yaml)}>
          Download the protocol
        </button>
      </div>
      <p role="status" class="hint">
        {said}
      </p>
      <p class="hint">
        <code>charcot trial {design.name}.yaml</code> runs it as it is.
      </p>
      {design.given.length > 0 && (
        <>
          <h3>What people were given</h3>
          <ul>
            {design.given.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

export function count(n: number, what: string): string {
  return n === 1 ? `1 ${what}` : `${n.toLocaleString("en")} ${what}s`;
}
