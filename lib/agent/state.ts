/**
 * What the agent must not forget, and the records that change it. The journal stores the records in order; the state is
 * what they add up to. Pure, so that recovery after a crash is the same code as normal work.
 */
import * as z from "zod";
import { command } from "../contracts/command.ts";
import { commandResult, type Report, report } from "../contracts/report.ts";
import {
  bootId,
  commandId,
  imageSettings,
  installationId,
  journalId,
  labFileName,
  mac,
  nodeId,
  revisionId,
  sha256,
} from "../contracts/scalars.ts";
import { visit } from "../contracts/wiring.ts";
import type { Command, CommandResult } from "../core/command.ts";
import type { BootId, CommandId, JournalId, NodeId } from "../core/ids.ts";

const range = z.tuple([z.int(), z.int()]);

/** One network boot that was allowed, from arming to its verified write. */
export const armedBoot = z.strictObject({
  node: nodeId,
  macs: z.array(mac),
  installation: installationId,
  boot: bootId,
  /** Null where nothing is to be written. */
  revision: revisionId.nullable(),
  /** What our ramdisk does where it leaves the disk as it is. */
  visit: visit.nullable().default(null),
  /** What our ramdisk writes; null where a distribution's installer is booted. */
  image: z.strictObject({ sha256, sizeBytes: z.int().positive() }).nullable(),
  /** What is to become larger once it is written. */
  grow: z.literal("last-partition").nullable().default(null),
  /** What is overwritten with zeros before. */
  wipe: z.literal("whole-disk").nullable().default(null),
  installer: z
    .strictObject({ distro: labFileName, template: labFileName, variables: imageSettings })
    .nullable()
    .default(null),
  /** Of a boot in which the disk is read: what the system on it came from, which keeps its voice. */
  reads: installationId.nullable().default(null),
  /** We began to switch the node on after it was proved off and armed: only then may a script be fetched. */
  poweredOn: z.boolean(),
  state: z.enum(["armed", "issued", "voided", "verified"]),
  /** One-time; made when the script is fetched. */
  token: z.string().nullable(),
  osToken: z.string().nullable(),
  /** Which bytes of the image were served under the token, `[from, to)`, merged. */
  served: z.array(range),
});
export type ArmedBoot = z.infer<typeof armedBoot>;

/** What a verified write has left on the node's disk, and how to reach the system that it boots. */
export const installed = z.strictObject({
  node: nodeId,
  macs: z.array(mac),
  installation: installationId,
  token: z.string(),
  hostKey: z.string().nullable(),
  /** The SHA-256 fingerprint of its WinRM listener's certificate. */
  certificate: z.string().nullable().default(null),
  address: z.string().nullable(),
});
export type Installed = z.infer<typeof installed>;

/** A machine that was given the ramdisk to tell what it is; `token`: null when it has told. */
export const discovery = z.strictObject({ mac, token: z.string().nullable(), at: z.int() });
export type BegunDiscovery = z.infer<typeof discovery>;

export type JournalRecord =
  /** The first: which journal this is. Commands name it. */
  | { readonly t: "journal"; readonly id: JournalId }
  | { readonly t: "accepted"; readonly command: Command }
  | { readonly t: "started"; readonly id: CommandId; readonly at: number }
  /** The intent, on disk before anything is touched. */
  | { readonly t: "acting"; readonly id: CommandId; readonly action: number }
  | { readonly t: "finished"; readonly result: CommandResult }
  | { readonly t: "boot"; readonly boot: ArmedBoot }
  | { readonly t: "served"; readonly boot: BootId; readonly from: number; readonly to: number }
  | { readonly t: "installed"; readonly installed: Installed }
  | { readonly t: "discovery"; readonly discovery: BegunDiscovery }
  | { readonly t: "report"; readonly seq: number; readonly report: Report }
  /** Everything up to this number has reached the queue. */
  | { readonly t: "sent"; readonly seq: number }
  /** Given up, oldest first, because the queue could not be reached for so long. */
  | { readonly t: "dropped"; readonly seqs: readonly number[] }
  /** How often a power domain has refused a version of its secret in a row. */
  | { readonly t: "breaker"; readonly domain: string; readonly secret: string; readonly refusals: number }
  /** Written by compaction for commands whose record is gone. */
  | { readonly t: "epoch"; readonly node: NodeId; readonly epoch: number };

export const record: z.ZodType<JournalRecord> = z.discriminatedUnion("t", [
  z.strictObject({ t: z.literal("journal"), id: journalId }),
  z.strictObject({ t: z.literal("accepted"), command }),
  z.strictObject({ t: z.literal("started"), id: commandId, at: z.int() }),
  z.strictObject({ t: z.literal("acting"), id: commandId, action: z.int() }),
  z.strictObject({ t: z.literal("finished"), result: commandResult }),
  z.strictObject({ t: z.literal("boot"), boot: armedBoot }),
  z.strictObject({ t: z.literal("served"), boot: bootId, from: z.int(), to: z.int() }),
  z.strictObject({ t: z.literal("installed"), installed }),
  z.strictObject({ t: z.literal("discovery"), discovery }),
  z.strictObject({ t: z.literal("report"), seq: z.int(), report }),
  z.strictObject({ t: z.literal("sent"), seq: z.int() }),
  z.strictObject({ t: z.literal("dropped"), seqs: z.array(z.int()) }),
  z.strictObject({ t: z.literal("breaker"), domain: z.string(), secret: z.string(), refusals: z.int() }),
  z.strictObject({ t: z.literal("epoch"), node: nodeId, epoch: z.int() }),
]);

export interface KnownCommand {
  readonly command: Command;
  readonly startedAt: number | null;
  /** The action whose effect may be under way. */
  readonly acting: number | null;
  readonly result: CommandResult | null;
}

export interface AgentState {
  journal: JournalId | null;
  readonly commands: Map<string, KnownCommand>;
  readonly epochs: Map<string, number>;
  /** By node: the network boot that was allowed last. */
  readonly boots: Map<string, ArmedBoot>;
  readonly installed: Map<string, Installed>;
  /** By MAC, the oldest first. */
  readonly discoveries: Map<string, BegunDiscovery>;
  /** What has not reached the queue yet, by number. */
  readonly spool: Map<number, Report>;
  /** By power domain. */
  readonly breakers: Map<string, { readonly secret: string; readonly refusals: number }>;
  lastSeq: number;
}

export const emptyState = (): AgentState => ({
  journal: null,
  breakers: new Map(),
  commands: new Map(),
  epochs: new Map(),
  boots: new Map(),
  installed: new Map(),
  discoveries: new Map(),
  spool: new Map(),
  lastSeq: 0,
});

export function apply(state: AgentState, change: JournalRecord): void {
  switch (change.t) {
    case "journal":
      state.journal = change.id;
      return;
    case "accepted": {
      const { command: accepted } = change;
      state.commands.set(accepted.id, { command: accepted, startedAt: null, acting: null, result: null });
      raise(state, accepted.node, accepted.epoch);
      return;
    }
    case "started":
      return update(state, change.id, { startedAt: change.at });
    case "acting":
      return update(state, change.id, { acting: change.action });
    case "finished":
      return update(state, change.result.command, { result: change.result, acting: null });
    case "boot": {
      const before = state.boots.get(change.boot.node);
      state.boots.set(change.boot.node, change.boot);
      // A newer installation ends the voice of the system that the older one wrote; a reader or a visit leaves it as it is.
      if (before?.boot !== change.boot.boot && change.boot.reads === null && change.boot.visit === null)
        state.installed.delete(change.boot.node);
      return;
    }
    case "served": {
      const boot = [...state.boots.values()].find((each) => each.boot === change.boot);
      if (boot !== undefined) {
        state.boots.set(boot.node, { ...boot, served: merged([...boot.served, [change.from, change.to]]) });
      }
      return;
    }
    case "installed":
      state.installed.set(change.installed.node, change.installed);
      return;
    case "discovery":
      state.discoveries.delete(change.discovery.mac);
      state.discoveries.set(change.discovery.mac, change.discovery);
      // Whoever makes up addresses fills no memory: the oldest are forgotten.
      for (const mac of [...state.discoveries.keys()].slice(0, -mostDiscoveries))
        state.discoveries.delete(mac);
      return;
    case "report":
      state.spool.set(change.seq, change.report);
      state.lastSeq = Math.max(state.lastSeq, change.seq);
      return;
    case "sent":
      for (const seq of state.spool.keys()) if (seq <= change.seq) state.spool.delete(seq);
      state.lastSeq = Math.max(state.lastSeq, change.seq);
      return;
    case "dropped":
      for (const seq of change.seqs) state.spool.delete(seq);
      return;
    case "breaker":
      if (change.refusals === 0) state.breakers.delete(change.domain);
      else state.breakers.set(change.domain, { secret: change.secret, refusals: change.refusals });
      return;
    case "epoch":
      return raise(state, change.node, change.epoch);
  }
}

function update(state: AgentState, id: string, change: Partial<KnownCommand>): void {
  const known = state.commands.get(id);
  if (known !== undefined) state.commands.set(id, { ...known, ...change });
}

function raise(state: AgentState, node: string, epoch: number): void {
  state.epochs.set(node, Math.max(epoch, state.epochs.get(node) ?? 0));
}

/** Ranges as few as possible, in order. */
export function merged(ranges: readonly (readonly [number, number])[]): [number, number][] {
  const result: [number, number][] = [];
  for (const [from, to] of ranges.toSorted(([a], [b]) => a - b)) {
    const last = result.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else result.push([from, to]);
  }
  return result;
}

export const allServed = ({ served, image }: ArmedBoot): boolean =>
  image !== null && served.length === 1 && served[0]?.[0] === 0 && (served[0]?.[1] ?? 0) >= image.sizeBytes;

const mostDiscoveries = 2000;

/** Finished commands are remembered for as long as somebody may deliver them again: SSM may, for as long as they may start. */
const rememberMs = 24 * 3_600_000;

/** The shortest journal that adds up to the same state. */
export function compacted(state: AgentState, now: number): JournalRecord[] {
  const records: JournalRecord[] = [];
  if (state.journal !== null) records.push({ t: "journal", id: state.journal });
  for (const [domain, breaker] of state.breakers) records.push({ t: "breaker", domain, ...breaker });
  for (const [node, epoch] of state.epochs) {
    const parsed = nodeId.safeParse(node);
    if (parsed.success) records.push({ t: "epoch", node: parsed.data, epoch });
  }
  for (const { command: known, startedAt, acting, result } of state.commands.values()) {
    if (result !== null && result.endedAt < now - rememberMs) continue;
    records.push({ t: "accepted", command: known });
    if (startedAt !== null) records.push({ t: "started", id: known.id, at: startedAt });
    if (acting !== null) records.push({ t: "acting", id: known.id, action: acting });
    if (result !== null) records.push({ t: "finished", result });
  }
  for (const boot of state.boots.values()) records.push({ t: "boot", boot });
  for (const each of state.installed.values()) records.push({ t: "installed", installed: each });
  for (const each of state.discoveries.values()) records.push({ t: "discovery", discovery: each });
  for (const [seq, each] of state.spool) records.push({ t: "report", seq, report: each });
  if (state.spool.size === 0) records.push({ t: "sent", seq: state.lastSeq });
  return records;
}
