/**
 * Loaded into the process of the functions before anything else: counts their requests to AWS by the name of the call, and
 * keeps the counts in the file that BENCH_CALLS names.
 */
import { subscribe } from "node:diagnostics_channel";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import * as z from "zod";
import { requestChannel } from "../../lib/aws/requests.ts";

const keptEveryMs = 250;
const named = z.looseObject({ command: z.string() });
const counted = z.record(z.string(), z.number());
export type Calls = z.infer<typeof counted>;

const file = process.env["BENCH_CALLS"];
if (file !== undefined) {
  const calls: Calls = {};
  subscribe(requestChannel, (message) => {
    const name = named.parse(message).command.replace(/Command$/, "");
    calls[name] = (calls[name] ?? 0) + 1;
  });
  setInterval(() => {
    writeFileSync(`${file}.new`, JSON.stringify(calls));
    renameSync(`${file}.new`, file);
  }, keptEveryMs).unref();
}

export const callsIn = (kept: string): Calls =>
  existsSync(kept) ? counted.parse(JSON.parse(readFileSync(kept, "utf8"))) : {};
