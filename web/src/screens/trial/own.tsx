// A protocol of one's own: pasted or from a file. The server reads it in memory; nothing of it is kept on disk.

import { useRef, useState } from "preact/hooks";
import { sendProtocol } from "../../api";
import { Problem } from "../../notices";
import { REDESIGNED, type Change } from "../../state";

const MOST = 65536; // bytes, as the server takes them

export function Own({ change }: { change: Change }) {
  const [text, write] = useState("");
  const [error, fail] = useState<Error | null>(null);
  const control = useRef<AbortController | null>(null);
  const size = new TextEncoder().encode(text).length;
  const send = () => {
    control.current?.abort();
    const mine = new AbortController();
    control.current = mine;
    sendProtocol(text, mine.signal).then(
      (design) => {
        fail(null);
        change({ protocol: design.hash, ...REDESIGNED }, true);
      },
      (wrong: Error) => mine.signal.aborted || fail(wrong),
    );
  };
  const open = async (file: File | undefined) => {
    if (!file) return;
    // No more than can be sent is read, whatever the file.
    write(await file.slice(0, MOST + 1).text());
    fail(null);
  };
  return (
    <details>
      <summary>Use a protocol of your own</summary>
      <div class="field">
        <label for="own-file">From a file (YAML)</label>
        <input id="own-file" type="file" accept=".yaml,.yml" onChange={(event) => void open(event.currentTarget.files?.[0])} />
      </div>
      <div class="field">
        <label for="own-text">Or pasted here (YAML)</label>
        <textarea id="own-text" rows={10} spellcheck={false} value={text} onInput={(event) => write(event.currentTarget.value)} aria-describedby="own-hint" />
        <p class="hint" id="own-hint">
          It goes to your own machine only, is read in memory, and is forgotten when the explorer stops. At most{" "}
          {MOST.toLocaleString("en")} bytes.
        </p>
      </div>
      {size > MOST ? (
        <p role="alert" class="wrong">
          This text is too long. Run it with charcot trial FILE.
        </p>
      ) : (
        <button type="button" onClick={send}>
          Read this protocol
        </button>
      )}
      {error && <Problem error={error} again={send} />}
    </details>
  );
}
