/**
 * Reading a node's console. The control plane never opens a connection into a lab: whoever looks has the lines that the agent
 * told last, and a command is on its way for newer ones, at most one in some seconds however many look. Such a command
 * touches nothing, so it is part of no job, and one that is lost is only asked for again.
 */

import { type ConsoleLine, mostConsoleLines, type NodeConsole } from "../contracts/console.ts";
import { leaseId } from "../contracts/keys.ts";
import type { ConsoleView } from "../contracts/views.ts";
import { type Caller, isOperator } from "../core/caller.ts";
import type { Command, CommandResult } from "../core/command.ts";
import { branded, isCommandId, type ReservationId } from "../core/ids.ts";
import { jobOf, type NodeState, reservationOf } from "../core/node/node.ts";
import { after, type Instant, instant, type Ms, minutes, seconds } from "../core/time.ts";
import { type App, decideAgainAtMost } from "./app.ts";
import { targetOf } from "./dispatch.ts";

/** SSM takes about five commands a second of an account, and switching machines comes first. */
const askEveryMs: Ms = seconds(4);
const keptMs: Ms = minutes(60 * 24);
const commandMs: Ms = seconds(30);
const lookAgainMs: Ms = 500;

export interface Reading {
  /** Only lines that came after this. */
  readonly seen: number;
  readonly waitMs: Ms;
  readonly sleep: (span: Ms) => Promise<void>;
  /** From when on the lines are the caller's to read; null: not, or not any more. Asked at every look. */
  readonly from: (node: NodeState) => Promise<Instant | null>;
}

/** `hidden`: there is no such node for the caller. */
export async function readConsole(
  app: App,
  id: string,
  { seen, waitMs, sleep, from }: Reading,
): Promise<ConsoleView | "hidden" | "no-console"> {
  const until = after(app.clock.now(), waitMs);
  for (;;) {
    const node = await app.store.read("node", id);
    const since = node === null ? null : await from(node);
    if (node === null || since === null) return "hidden";
    const stored = await app.store.read("console", node.id);
    const kept = current(stored, app.clock.now());
    const lines = (kept?.lines ?? []).filter(({ at }) => at > seen && at >= since);
    const now = app.clock.now();
    if ((await ask(app, node, stored)) === "no-console") return "no-console";
    if (lines.length > 0 || now >= until)
      return { node: id, lines, readAt: kept?.readAt ?? null, after: lines.at(-1)?.at ?? seen };
    await sleep(Math.max(1, Math.min(lookAgainMs, until - now)));
  }
}

/**
 * From when on a caller may read a node's console: an operator from the beginning, the owner of a reservation from the moment
 * when the node was made ready for it, while he has it. What the one before him left on it is not his. Null: not at all.
 */
export async function readableFrom(
  store: App["store"],
  node: NodeState,
  caller: Caller,
): Promise<Instant | null> {
  if (isOperator(caller)) return instant(0);
  const { provision } = node;
  const mine = await ownedBy(store, reservationOf(node), caller);
  if (!mine || provision.state === "reclaiming") return null;
  return provision.state === "in-use" ? provision.grantedAt : (jobOf(node)?.startedAt ?? null);
}

async function ownedBy(store: App["store"], id: ReservationId | null, { name }: Caller): Promise<boolean> {
  const reservation = id === null ? null : await store.read("reservation", id);
  if (reservation === null || reservation.endedAt !== null) return false;
  return reservation.owner === name && reservation.outcome === null;
}

/** The table forgets late. */
const current = (stored: NodeConsole | null, now: Instant): NodeConsole | null =>
  stored === null || stored.expiresAt < now ? null : stored;

/** Has the agent tell what is new, unless somebody did so just now. */
async function ask(app: App, node: NodeState, stored: NodeConsole | null): Promise<"asked" | "no-console"> {
  const { store, clock, outbox } = app;
  const now = clock.now();
  const kept = current(stored, now);
  if (kept?.askedAt != null && now < after(kept.askedAt, askEveryMs)) return "asked";
  const [spec, lab] = await Promise.all([store.read("node-spec", node.id), store.read("lab", node.lab)]);
  if (spec?.console === undefined || lab === null) return "no-console";
  const value: NodeConsole = {
    node: node.id,
    version: (stored?.version ?? 0) + 1,
    lines: kept?.lines ?? [],
    askedAt: now,
    readAt: kept?.readAt ?? null,
    expiresAt: after(now, keptMs),
  };
  const expect = stored === null ? "absent" : stored.version;
  // Somebody else was first: he asks.
  if ((await store.commit([{ kind: "console", value, expect }])) === "conflict") return "asked";
  const [lease, ...controllers] = await Promise.all([
    store.read("lease", leaseId(node.lab, spec.power.domain)),
    ...lab.controllers.map((each) => store.read("controller", each)),
  ]);
  const known = controllers.filter((each) => each?.reachable === true);
  // Who has its hands on the node listens to its console.
  const to = known.find((each) => each?.id === lease?.owner) ?? known[0];
  if (to == null) return "asked";
  const command: Command = {
    id: branded(isCommandId, `console.${node.id}.${now}`),
    node: node.id,
    lab: node.lab,
    journal: to.journal,
    epoch: Math.max(1, node.epoch),
    notAfter: after(now, commandMs),
    mustEnd: after(now, 2 * commandMs),
    actions: [{ verb: "console.tail", lines: mostConsoleLines }],
    target: targetOf(spec),
  };
  outbox.send(to.id, command);
  await outbox.flush();
  return "asked";
}

export const onlyReadConsole = ({ results }: CommandResult): boolean =>
  results.length > 0 && results.every(({ verb }) => verb === "console.tail");

/** Takes down what a command has read of a console, whatever it was for. Doubled, late or reordered, it is the same lines. */
export async function keepConsole({ store, clock }: App, result: CommandResult): Promise<void> {
  const { node, results, endedAt } = result;
  const read = results.flatMap(({ observed }) => linesOf(observed?.console, observed?.consoleAt));
  if (read.length === 0 && !onlyReadConsole(result)) return;
  for (let round = 0; round < decideAgainAtMost; round += 1) {
    const stored = await store.read("console", node);
    const lines = [...new Map([...(stored?.lines ?? []), ...read].map((line) => [line.at, line])).values()]
      .sort((a, b) => a.at - b.at)
      .slice(-mostConsoleLines);
    const value: NodeConsole = {
      node,
      version: (stored?.version ?? 0) + 1,
      lines,
      askedAt: stored?.askedAt ?? null,
      readAt: stored?.readAt != null && stored.readAt > endedAt ? stored.readAt : endedAt,
      expiresAt: after(clock.now(), keptMs),
    };
    const expect = stored === null ? "absent" : stored.version;
    if ((await store.commit([{ kind: "console", value, expect }])) === "committed") return;
  }
  // It is only for people to read, and is told again whenever somebody asks.
}

const linesOf = (texts: readonly string[] = [], times: readonly Instant[] = []): readonly ConsoleLine[] =>
  texts.flatMap((text, index) => {
    const at = times[index];
    return at === undefined ? [] : [{ at, text }];
  });
