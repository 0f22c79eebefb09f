/**
 * What one node's console printed, on the controller's disk: a file for each boot, cut to size, the newest ones kept. What is
 * lost with a crash is what came within the last quarter of a second.
 */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { ConsoleLine } from "../../contracts/console.ts";
import { instant } from "../../core/time.ts";

export interface LogLimits {
  readonly bytesPerBoot: number;
  readonly bootsKept: number;
}

export interface ConsoleLog {
  /** The machine boots: what comes from now on goes to another file. */
  begin(): void;
  write(lines: readonly ConsoleLine[]): void;
  /** Of the boot that is under way. */
  tail(count: number): readonly ConsoleLine[];
  /** Puts on disk what is not there yet. */
  flush(): void;
}

/** For whoever asks for the last ones. */
const keptInMemory = 200;
const flushMs = 250;
const cut = "(what came before was cut)\n";

/** Named by the time when they begin, so that they sort by it; the oldest first. */
export const bootsIn = (dir: string): readonly string[] =>
  existsSync(dir)
    ? readdirSync(dir)
        .filter((name) => /^\d{13}\.log$/.test(name))
        .sort()
    : [];

const textOf = ({ at, text }: ConsoleLine): string => `${new Date(at).toISOString()} ${text}\n`;

function linesIn(file: string): ConsoleLine[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .flatMap((line) => {
      const [, at = "", text = ""] = /^(\d{4}-\d\d-\d\dT[\d:.]+Z) (.*)$/.exec(line) ?? [];
      const epochMs = Date.parse(at);
      return Number.isNaN(epochMs) ? [] : [{ at: instant(epochMs), text }];
    });
}

export function consoleLog(
  dir: string,
  { bytesPerBoot, bootsKept }: LogLimits,
  now: () => number,
): ConsoleLog {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const newest = bootsIn(dir).at(-1) ?? null;
  // An agent that starts again goes on with the boot that it finds.
  let file = newest === null ? null : join(dir, newest);
  let recent = file === null ? [] : linesIn(file).slice(-keptInMemory);
  let bytes = file === null ? 0 : readFileSync(file).byteLength;
  let unwritten = "";
  let timer: NodeJS.Timeout | null = null;

  function fresh(): string {
    const name = `${String(now()).padStart(13, "0")}.log`;
    for (const old of bootsIn(dir).slice(0, Math.max(0, bootsIn(dir).length + 1 - bootsKept)))
      rmSync(join(dir, old), { force: true });
    bytes = 0;
    return join(dir, name);
  }

  function flush(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (unwritten === "") return;
    file ??= fresh();
    appendFileSync(file, unwritten, { mode: 0o600 });
    bytes += Buffer.byteLength(unwritten);
    unwritten = "";
    if (bytes <= bytesPerBoot) return;
    const kept = readFileSync(file).subarray(-Math.floor(bytesPerBoot / 2));
    // Not from the middle of a line.
    const text = `${cut}${kept.subarray(kept.indexOf(0x0a) + 1).toString()}`;
    writeFileSync(file, text, { mode: 0o600 });
    bytes = Buffer.byteLength(text);
  }

  return {
    begin: () => {
      flush();
      recent = [];
      file = null;
    },
    write: (lines) => {
      unwritten += lines.map(textOf).join("");
      recent = [...recent, ...lines].slice(-keptInMemory);
      timer ??= setTimeout(flush, flushMs).unref();
    },
    tail: (count) => recent.slice(-count),
    flush,
  };
}
