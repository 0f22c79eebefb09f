/**
 * What a data directory holds. Ports, keys and passwords are chosen once and kept, so that whatever lives on through a
 * restart (the rack, an agent's spool) finds everything where it was.
 */
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import { newKeyPair } from "../drivers/os/ssh.ts";
import { pickAgain, pickPort } from "./rack/ports.ts";

const portNames = ["dynamodb", "sqs", "ssm", "images", "agent", "rack"] as const;
type PortName = (typeof portNames)[number];

const settings = z.strictObject({
  schema: z.literal("rackwright.local/1"),
  ports: z.record(z.enum(portNames), z.int().positive()),
  /** For the virtual BMCs; made up here, known to the rack and to the agent's secrets, and to nobody else. */
  bmc: z.strictObject({ username: z.string(), password: z.string() }),
});
export type Settings = z.infer<typeof settings>;

export interface Layout {
  readonly dir: string;
  readonly database: string;
  readonly queues: string;
  readonly ssm: string;
  readonly images: string;
  /** Every letter that a user would have got. */
  readonly mail: string;
  readonly issuer: string;
  /** Lets the command line do everything. */
  readonly token: string;
  /** Every event of the bus, one line of JSON each. */
  readonly events: string;
  readonly streamPosition: string;
  readonly webhookPosition: string;
  /** A link to the bundles that are deployed. */
  readonly functions: string;
  readonly agent: string;
  readonly secrets: string;
  readonly controller: string;
  readonly rack: string;
  readonly bootFiles: string;
  readonly bin: string;
  readonly logs: string;
  readonly userKey: string;
  readonly processes: string;
  /** The reservation of the main job, for a restart to carry on. */
  readonly run: string;
}

export function layoutOf(dir: string): Layout {
  const at = (...parts: string[]) => join(dir, ...parts);
  const layout: Layout = {
    dir,
    database: at("dynamodb.sqlite"),
    queues: at("sqs.sqlite"),
    ssm: at("ssm.sqlite"),
    images: at("images"),
    mail: at("mail"),
    issuer: at("issuer.json"),
    token: at("token"),
    events: at("events.jsonl"),
    streamPosition: at("stream-position.json"),
    webhookPosition: at("webhook-position.json"),
    functions: at("functions"),
    agent: at("agent"),
    secrets: at("agent-secrets"),
    controller: at("ssm-agent"),
    rack: at("rack"),
    bootFiles: at("boot-files"),
    bin: at("bin"),
    logs: at("logs"),
    userKey: at("user-key"),
    processes: at("processes.json"),
    run: at("run.json"),
  };
  const { images, agent, secrets, controller, rack, bootFiles, bin, logs } = layout;
  for (const folder of [images, agent, secrets, controller, rack, bootFiles, bin, logs]) {
    mkdirSync(folder, { recursive: true });
  }
  return layout;
}

export function writeAtomically(file: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, text, { mode });
  chmodSync(`${file}.new`, mode);
  renameSync(`${file}.new`, file);
}

/** What was chosen before, or a fresh choice. */
export async function settle({ dir }: Layout): Promise<Settings> {
  const file = join(dir, "settings.json");
  if (existsSync(file)) {
    const before = settings.parse(JSON.parse(readFileSync(file, "utf8")));
    await pickAgain(Object.values(before.ports));
    return before;
  }
  const ports: Partial<Record<PortName, number>> = {};
  const taken = new Set<number>();
  for (const name of portNames) ports[name] = await pickPort(taken);
  const chosen = settings.parse({
    schema: "rackwright.local/1",
    ports,
    bmc: { username: "rackwright", password: randomBytes(12).toString("base64url") },
  });
  writeAtomically(file, JSON.stringify(chosen, null, 2), 0o600);
  return chosen;
}

/** The key pair of the main job's user: made once, its public half goes into the reservation. */
export function userKey({ userKey: file }: Layout): { file: string; publicKey: string } {
  if (!existsSync(file)) {
    const pair = newKeyPair("rackwright-demo");
    writeAtomically(file, pair.private, 0o600);
    writeAtomically(`${file}.pub`, pair.public);
  }
  return { file, publicKey: readFileSync(`${file}.pub`, "utf8").trim() };
}
