/**
 * Hands the lines of a growing file to a webhook, in order, each as the body of a POST, until it answers with 2xx. How far it
 * is stands in a file beside: after a restart it goes on there. Whoever listens may get an event twice.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import * as z from "zod";
import { writeAtomically } from "../layout.ts";

export interface Webhook {
  /** There is more in the file. */
  look(): void;
  stop(): Promise<void>;
}

export interface WebhookSettings {
  readonly url: string;
  readonly file: string;
  readonly positionFile: string;
  /** How long it waits after the given number of failures in a row. */
  readonly waitMs?: (failures: number) => number;
}

const position = z.strictObject({ schema: z.literal("rackwright.webhook/1"), bytes: z.int().min(0) });
const patienceMs = 10_000;
const chunkBytes = 256 * 1024;

export function startWebhook({
  url,
  file,
  positionFile,
  waitMs = (failures) => Math.min(60_000, 1000 * 2 ** failures),
}: WebhookSettings): Webhook {
  const stopping = new AbortController();
  let wake: () => void = () => undefined;
  let more = true;
  let idle = false;
  // One that is new hears of what happens from now on.
  let bytes = existsSync(positionFile)
    ? position.parse(JSON.parse(readFileSync(positionFile, "utf8"))).bytes
    : sizeOf(file);
  keep();

  function keep(): void {
    writeAtomically(positionFile, JSON.stringify({ schema: "rackwright.webhook/1", bytes }));
  }

  /** Until the time is over; without one, until there is more in the file. */
  const pause = (ms: number | null): Promise<void> =>
    new Promise((resolve) => {
      if (stopping.signal.aborted) return resolve();
      idle = ms === null;
      const timer = ms === null ? undefined : setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  async function post(line: string): Promise<void> {
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(patienceMs)]);
    const headers = { "content-type": "application/json" };
    const { ok, status } = await fetch(url, { method: "POST", headers, body: line, signal });
    if (!ok) throw new Error(`it answered with ${status}`);
  }

  async function run(): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      const line = await nextLine(file, bytes);
      if (line === null) {
        if (!more) await pause(null);
        more = false;
        continue;
      }
      try {
        await post(line);
        bytes += Buffer.byteLength(line) + 1;
        failures = 0;
        keep();
      } catch (error) {
        if (stopping.signal.aborted) return;
        failures += 1;
        console.error(
          JSON.stringify({ level: "WARN", message: "webhook failed", url, failures, error: String(error) }),
        );
        await pause(waitMs(failures));
      }
    }
  }

  const running = run();
  return {
    look: () => {
      more = true;
      if (idle) wake();
    },
    stop: async () => {
      stopping.abort();
      wake();
      await running;
    },
  };
}

const sizeOf = (file: string): number => (existsSync(file) ? statSync(file).size : 0);

/** The whole line that begins there, without its end; null: there is none yet. */
async function nextLine(file: string, from: number): Promise<string | null> {
  if (sizeOf(file) <= from) return null;
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(chunkBytes), 0, chunkBytes, from);
    const end = buffer.subarray(0, bytesRead).indexOf("\n");
    return end === -1 ? null : buffer.subarray(0, end).toString();
  } finally {
    await handle.close();
  }
}
