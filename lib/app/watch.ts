/**
 * Watchdogs that look at labs and their hands: who can be reached, what became of commands that nobody reported on, whether
 * the power is as we believe. Each is bounded work per tick, and decides nothing about a node: whoever is woken looks.
 */
import type { Receipt } from "../contracts/command.ts";
import type { CommandResult } from "../core/command.ts";
import { suspectDomains } from "../core/correction/budget.ts";
import { overridden } from "../core/correction/policy.ts";
import { type Controller, isAbandoned, silentSince } from "../core/hands.ts";
import { branded, isJobId } from "../core/ids.ts";
import type { Lab } from "../core/lab.ts";
import { type Actor, jobOf, type NodeState } from "../core/node/node.ts";
import { after, type Instant, minutes } from "../core/time.ts";
import { advanceNode } from "./advance-node.ts";
import type { App } from "./app.ts";
import { labsInTurn, sweepScope } from "./sweep.ts";

export type LabsSeen = {
  readonly labs: number;
  readonly silent: number;
  /** Silent for so long that nobody waits for them any more. */
  readonly abandoned: number;
  /** Suspect instead of their nodes, as a whole or by a power domain. */
  readonly suspect: number;
  readonly changed: number;
};

/**
 * Which controllers can be reached, and which labs are suspect. A lab that is back has its overdue nodes looked at, at once.
 * A silent lab stands for its nodes: nobody looks at them before it is back, or its own deadline has passed, and it is
 * abandoned.
 */
export async function watchLabs(app: App): Promise<LabsSeen> {
  const seen = { labs: 0, silent: 0, abandoned: 0, suspect: 0, changed: 0 };
  await labsInTurn(app, "labs", async (lab) => {
    seen.labs += 1;
    const present = await app.hands.present(lab.controllers);
    let back = false;
    const known: (Controller | null)[] = [];
    for (const id of lab.controllers) {
      const reachable = present.has(id);
      const before = await app.store.read("controller", id);
      const after = await setReachable(app, lab, before, reachable);
      const changed = before?.reachable !== after?.reachable;
      if (changed) seen.changed += 1;
      back ||= changed && reachable;
      known.push(after);
    }
    if (present.size === 0) {
      seen.silent += 1;
      const abandoned = isAbandoned(known, app.clock.now(), app.policy.abandonMs);
      if (abandoned) seen.abandoned += 1;
      app.log.error(
        abandoned
          ? "lab is silent, and abandoned: what its nodes were to do is given up"
          : "lab is silent: none of its controllers can be reached; its nodes' clocks stand still",
        { lab: lab.id, controllers: lab.controllers, since: silentSince(known) },
      );
      if (abandoned) await sweepScope(app, lab.id);
    }
    if (await warnOfSuspicion(app, lab)) seen.suspect += 1;
    if (back) await sweepScope(app, lab.id);
  });
  return seen;
}

async function warnOfSuspicion({ store, log, policy, clock }: App, { id, overrides }: Lab): Promise<boolean> {
  const budget = await store.read("budget", id);
  if (budget === null) return false;
  const domains = suspectDomains(budget, overridden(policy, overrides).budget, clock.now());
  if (budget.suspect === null && domains.length === 0) return false;
  log.warn("lab is suspect, not its nodes: see what they have in common", {
    lab: id,
    since: budget.suspect?.since ?? null,
    late: budget.late.length,
    domains,
  });
  return true;
}

/** As it is stored then. */
async function setReachable(
  { store, log, clock }: App,
  lab: Lab,
  known: Controller | null,
  reachable: boolean,
): Promise<Controller | null> {
  if (known === null || (known.reachable === reachable && known.since !== undefined)) return known;
  const value: Controller = { ...known, version: known.version + 1, reachable, since: clock.now() };
  // Somebody else has written it meanwhile: the next tick looks again.
  if ((await store.commit([{ kind: "controller", value, expect: known.version }])) === "conflict")
    return known;
  if (known.reachable === reachable) return value;
  if (reachable) log.info("lab controller is back", { lab: lab.id, controller: known.id });
  else log.warn("lab controller cannot be reached", { lab: lab.id, controller: known.id });
  return value;
}

/** So many nodes of a lab are looked through per tick, those first whose next word is awaited soonest. */
const commandsPerLab = 500;
const commandsPerTick = 2_000;
const byWatchdog = (name: string): Actor => ({ kind: "watchdog", name });

/** Commands that were sent more than once without a report: what SSM kept of the agent's answers is taken as its word. */
export async function watchCommands(app: App): Promise<{ unanswered: number; found: number }> {
  const seen = { unanswered: 0, found: 0 };
  let left = commandsPerTick;
  const visit = async (lab: Lab): Promise<void> => {
    // What was sent again is due again within this time.
    const horizon = after(app.clock.now(), app.policy.command.sendAgainAtMostMs);
    const refs = left <= 0 ? [] : await app.store.due(lab.id, horizon, Math.min(left, commandsPerLab));
    left -= refs.length;
    const nodes = await app.store.readMany(
      "node",
      refs.map(({ id }) => id),
    );
    const unanswered = nodes.filter((node) => sendsOf(node) > 1);
    seen.unanswered += unanswered.length;
    const controllers = new Set(unanswered.flatMap((node) => jobOf(node)?.command?.to?.controller ?? []));
    for (const controller of controllers) {
      const receipts = await app.hands.answers(controller);
      for (const node of unanswered) {
        const result = wordOn(node, receipts, app.clock.now());
        if (result === null) continue;
        seen.found += 1;
        await advanceNode(app, node.id, { kind: "command", result, actor: byWatchdog("commands") });
      }
    }
  };
  await labsInTurn(app, "commands", visit, () => left <= 0);
  return seen;
}

const sendsOf = (node: NodeState): number => jobOf(node)?.command?.sends ?? 0;

/** What a controller said about the node's command, if it is its last word. */
function wordOn(node: NodeState, receipts: readonly Receipt[], now: Instant): CommandResult | null {
  const command = jobOf(node)?.command ?? null;
  if (command === null) return null;
  for (const { journal, commands } of receipts) {
    if (journal !== command.to?.journal) continue;
    for (const each of commands) {
      if (each.id !== command.id) continue;
      if (each.verdict === "known" && each.result !== null) return each.result;
      if (each.verdict === "refused") {
        const { id, epoch } = command;
        const touchedNothing = { startedAt: null, endedAt: now, results: [], reason: each.reason };
        return { command: id, node: node.id, epoch, status: "refused", ...touchedNothing };
      }
    }
  }
  return null;
}

const nodesPerTick = 20;
/** A node at rest has its power read this often. */
const driftEveryMs = minutes(6 * 60);

/** Goes round all nodes, a few per tick: one at rest whose power nobody has read for hours is inspected. */
export async function watchPower(app: App): Promise<{ looked: number; inspected: number }> {
  const { store, clock } = app;
  const cursor = await store.read("cursor", "power-drift");
  const page = await store.list("node", nodesPerTick, cursor?.from ?? null);
  let inspected = 0;
  for (const node of page.items) {
    const now = clock.now();
    const rests = node.provision.state === "available" && node.administrative.state === "online";
    if (!rests || node.waiting.length > 0 || now < after(node.power.at, driftEveryMs)) continue;
    const requestedBy = byWatchdog("power-drift");
    const id = branded(isJobId, `${node.id}.power.v${node.version}`);
    const request = { id, program: "inspect", target: null, requestedBy, requestedAt: now } as const;
    await advanceNode(app, node.id, { kind: "job", request, actor: requestedBy });
    inspected += 1;
  }
  await store.commit([{ kind: "cursor", value: { id: "power-drift", from: page.next }, expect: "any" }]);
  return { looked: page.items.length, inspected };
}
