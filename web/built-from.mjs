// Writes beside the built pages which sources they were built from, so that a stale build is found without Node.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const MADE = new Set(["node_modules", "schema.d.ts"]);

function* sources(folder) {
  for (const name of readdirSync(folder).sort()) {
    if (MADE.has(name) || name.startsWith(".")) continue;
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* sources(path);
    else yield path;
  }
}

const hash = createHash("sha256");
for (const path of [...sources(".")].sort()) hash.update(path).update("\0").update(readFileSync(path)).update("\0");
writeFileSync("../src/charcot/interfaces/explorer/assets/built-from.txt", hash.digest("hex") + "\n");
