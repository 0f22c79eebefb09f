/**
 * The rack's directory: `rack.json` (the running process and its ports), `nodes/ID.json` (state), `logs/ID.jsonl`
 * (what really happened, append-only), `disks/ID.img`. Writes are whole or not at all; they are synchronous because they
 * are small and a machine must not go on before its state is down.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { explain, nodeId } from "../../contracts/scalars.ts";
import { type NodeState, nodeState } from "./node-state.ts";

const logEntry = z.discriminatedUnion("kind", [
  /** What the BMC was asked for. `ignored`: accepted, and nothing comes of it. */
  z.strictObject({
    at: z.number(),
    kind: z.literal("power-command"),
    resetType: z.string(),
    outcome: z.enum(["accepted", "already-there", "conflict", "ignored"]),
    /** What the client calls itself. */
    client: z.string(),
  }),
  /** What the machine's power really did. */
  z.strictObject({ at: z.number(), kind: z.literal("power"), change: z.enum(["on", "off", "reset"]) }),
  /** What firmware booted; `none`: it found nothing. */
  z.strictObject({ at: z.number(), kind: z.literal("boot"), source: z.enum(["network", "disk", "none"]) }),
  z.strictObject({
    at: z.number(),
    kind: z.literal("ramdisk"),
    kernelBytes: z.number(),
    initrdBytes: z.number(),
  }),
  /** The ramdisk told what it runs on; `told`: and was heard. */
  z.strictObject({ at: z.number(), kind: z.literal("discovery"), told: z.boolean() }),
  /** An image was written and read back. */
  z.strictObject({
    at: z.number(),
    kind: z.literal("image-written"),
    installation: z.string(),
    sha256: z.string(),
    matches: z.boolean(),
  }),
  z.strictObject({ at: z.number(), kind: z.literal("identify"), lit: z.boolean() }),
  z.strictObject({ at: z.number(), kind: z.literal("hang"), phase: z.string() }),
  z.strictObject({ at: z.number(), kind: z.literal("login"), user: z.string() }),
  /** The machine's software gave up: what a person would read on its console. */
  z.strictObject({ at: z.number(), kind: z.literal("console"), text: z.string() }),
]);
export type LogEntry = z.infer<typeof logEntry>;
/** An entry without its time, which the log adds. */
export type Happening = LogEntry extends infer Each
  ? Each extends LogEntry
    ? Omit<Each, "at">
    : never
  : never;

const portOrNone = z.int().min(1).max(65535);
export const rackFile = z.strictObject({
  pid: z.int().positive(),
  /** When the process was started, in the kernel's clock ticks (/proc/PID/stat, field 22); null where there is no /proc. */
  processStart: z.string().nullable(),
  controlPort: portOrNone,
  nodes: z.array(
    z.strictObject({
      id: nodeId,
      bmcPort: portOrNone,
      sshPort: portOrNone,
      /** Where its console is listened to; a rack that was started by an earlier program has none. */
      consolePort: portOrNone.exactOptional(),
    }),
  ),
});
export type RackFile = z.infer<typeof rackFile>;

/** Replaces the file whole; its mode keeps other accounts out, for it may hold tokens and keys. */
export function writeWhole(path: string, text: string): void {
  const half = `${path}.${process.pid}.tmp`;
  writeFileSync(half, text, { mode: 0o600 });
  renameSync(half, path);
}

/** The content of a JSON file of ours, or null when there is none; throws for one that is not as we write it. */
function readJson<T>(path: string, schema: z.ZodType<T>): T | null {
  if (!existsSync(path)) return null;
  const parsed = schema.safeParse(JSON.parse(readFileSync(path, "utf8")));
  if (parsed.success) return parsed.data;
  throw new Error(
    `${path} is not what this rack writes (${explain(parsed.error)}). Remove the rack's directory to start afresh.`,
  );
}

export class RackStore {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
    for (const folder of ["nodes", "logs", "disks"])
      mkdirSync(join(dir, folder), { recursive: true, mode: 0o700 });
  }

  readRackFile(): RackFile | null {
    return readJson(join(this.dir, "rack.json"), rackFile);
  }

  writeRackFile(file: RackFile): void {
    writeWhole(join(this.dir, "rack.json"), `${JSON.stringify(file, null, 2)}\n`);
  }

  readNode(id: string): NodeState | null {
    return readJson(join(this.dir, "nodes", `${id}.json`), nodeState);
  }

  writeNode(state: NodeState): void {
    writeWhole(join(this.dir, "nodes", `${state.node}.json`), JSON.stringify(state));
  }

  diskPath(id: string): string {
    return join(this.dir, "disks", `${id}.img`);
  }

  log(id: string, happening: Happening): void {
    const entry: LogEntry = { at: Date.now(), ...happening };
    appendFileSync(join(this.dir, "logs", `${id}.jsonl`), `${JSON.stringify(entry)}\n`);
  }

  /** Oldest first. A last line that a kill cut short is left out. */
  readLog(id: string): LogEntry[] {
    const path = join(this.dir, "logs", `${id}.jsonl`);
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
    return lines.map((line) => logEntry.parse(JSON.parse(line)));
  }
}
