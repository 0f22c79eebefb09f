/** `rackwright-agent console NODE`: what the node's console prints, for whoever stands at the lab controller. */
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { consoleDir } from "./consoles.ts";
import { bootsIn } from "./log.ts";

const lookEveryMs = 250;
const pieceBytes = 64 * 1024;

/** Prints the boot that is under way from its beginning, and goes on until the signal; null: nothing was ever heard of it. */
export async function followLog(
  dir: string,
  node: string,
  print: (text: string) => void,
  signal: AbortSignal,
): Promise<{ readonly known: readonly string[] } | null> {
  const folder = join(dir, node);
  if (bootsIn(folder).length === 0)
    return {
      known: existsSync(dir) ? readdirSync(dir).filter((each) => bootsIn(join(dir, each)).length > 0) : [],
    };
  let [name, from] = ["", 0];
  while (!signal.aborted) {
    const newest = bootsIn(folder).at(-1) ?? name;
    if (newest !== name) [name, from] = [newest, 0];
    const file = openSync(join(folder, name), "r");
    try {
      // A log that was cut is shorter than what was read of it: what is left of it has been printed.
      from = Math.min(from, fstatSync(file).size);
      const piece = Buffer.alloc(pieceBytes);
      for (let read = -1; read !== 0; from += read) {
        read = readSync(file, piece, 0, pieceBytes, from);
        if (read > 0) print(piece.subarray(0, read).toString());
      }
    } finally {
      closeSync(file);
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, lookEveryMs);
      signal.addEventListener(
        "abort",
        () => {
          clearTimeout(timer);
          resolve();
        },
        { once: true },
      );
    });
  }
  return null;
}

/** The exit code. Ends with Ctrl-C. */
export async function followConsole(stateDir: string, node: string): Promise<number> {
  const ending = new AbortController();
  process.once("SIGINT", () => ending.abort());
  const print = (text: string): void => void process.stdout.write(text);
  const unknown = await followLog(consoleDir(stateDir), node, print, ending.signal);
  if (unknown === null) return 0;
  const others = unknown.known.length === 0 ? "none yet" : unknown.known.join(", ");
  process.stderr.write(
    `rackwright-agent: nothing was heard of the console of ${node} here; heard of: ${others}\n`,
  );
  return 1;
}
