/**
 * Watchdogs that look at labs and their hands: who can be reached, what became of commands that nobody reported on, whether
 * the power is as we believe. Each is bounded work per tick, and decides nothing about a node: whoever is woken looks.
 */
import type { Receipt } from "../contracts/command.ts";
import type { CommandResult } from "../core/command.ts";
import type { Controller } from "../core/hands.ts";
import { branded, type ControllerId, isJobId } from "../core/ids.ts";
import type { Lab } from "../core/lab.ts";
import { type Actor, jobOf, type NodeState } from "../core/node/node.ts";
import { after, type Instant, minutes } from "../core/time.ts";
import { advanceNode } from "./advance-node.ts";
import type { App } from "./app.ts";
import { everyLab, sweepScope } from "./sweep.ts";

/** Which controllers can be reached. One that is back has its lab's overdue nodes looked at, at once. */
export async function watchLabs(app: App): Promise<{ labs: number; silent: number; changed: number }> {
  const seen = { labs: 0, silent: 0, changed: 0 };
  await everyLab(app, async (lab) => {
    seen.labs += 1;
    const present = await app.hands.present(lab.controllers);
    if (present.size === 0) {
      seen.silent += 1;
      app.log.error("lab is silent: none of its controllers can be reached; its nodes' clocks stand still", {
        lab: lab.id,
        controllers: lab.controllers,
      });
    }
    let back = false;
    for (const id of lab.controllers) {
      const reachable = present.has(id);
      const changed = await setReachable(app, lab, id, reachable);
      if (changed) seen.changed += 1;
      back ||= changed && reachable;
    }
    if (back) await sweepScope(app, lab.id);
  });
  return seen;
}

async function setReachable(
  { store, log }: App,
  lab: Lab,
  id: ControllerId,
  reachable: boolean,
): Promise<boolean> {
  const known = await store.read("controller", id);
  if (known === null || known.reachable === reachable) return false;
  const value: Controller = { ...known, version: known.version + 1, reachable };
  // Somebody else has written it meanwhile: the next tick looks again.
  if ((await store.commit([{ kind: "controller", value, expect: known.version }])) === "conflict")
    return false;
  if (reachable) log.info("lab controller is back", { lab: lab.id, controller: id });
  else log.warn("lab controller cannot be reached", { lab: lab.id, controller: id });
  return true;
}

/** So many nodes of a lab are looked through per tick. */
const commandsPerLab = 100;
const byWatchdog = (name: string): Actor => ({ kind: "watchdog", name });

/** Commands that were sent more than once without a report: what SSM kept of the agent's answers is taken as its word. */
export async function watchCommands(app: App): Promise<{ unanswered: number; found: number }> {
  const seen = { unanswered: 0, found: 0 };
  await everyLab(app, async (lab) => {
    // What was sent again is due again within this time.
    const horizon = after(app.clock.now(), app.policy.command.sendAgainAtMostMs);
    const refs = await app.store.due(lab.id, horizon, commandsPerLab);
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
  });
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
