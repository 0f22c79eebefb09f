/** Maintenance and retirement of nodes, one or many: bounded work per call, and every node that was touched is named. */
import type { UpkeepBody, UpkeepScope, UpkeepView } from "../contracts/upkeep.ts";
import { configurationFault, type Fault } from "../core/fault.ts";
import { type Actor, type NodeState, reservationOf } from "../core/node/node.ts";
import { advanceNode } from "./advance-node.ts";
import type { App } from "./app.ts";
import { giveBack } from "./hardware-log.ts";

/** So many nodes are looked at per call, and so many changed side by side. */
const nodesPerCall = 100;
const atOnce = 10;

export type UpkeepDone =
  | { readonly ok: true; readonly view: UpkeepView }
  | { readonly ok: false; readonly fault: Fault };

export async function upkeep(app: App, wanted: UpkeepBody, actor: Actor): Promise<UpkeepDone> {
  if (wanted.action === "drain" && wanted.until <= app.clock.now())
    return refused("already-over", "until: lies in the past; say when the maintenance is to be over");
  const { node } = wanted.of;
  if (node !== undefined) {
    const state = await app.store.read("node", node);
    if (state === null) return refused("node-unknown", `there is no node ${node}`);
    const fits = await isIn(app, state, wanted.of);
    const nodes = fits ? [await change(app, state, wanted, actor)] : [];
    return { ok: true, view: { nodes, next: null } };
  }
  const { items, next } = await app.store.list("node", nodesPerCall, wanted.next);
  const among = wanted.action === "return" ? items.filter(isTaken) : items;
  const members = await inGroups(among, async (each) => ((await isIn(app, each, wanted.of)) ? [each] : []));
  const nodes = await inGroups(members.flat(), (each) => change(app, each, wanted, actor));
  return { ok: true, view: { nodes, next } };
}

const refused = (code: string, message: string): UpkeepDone => ({
  ok: false,
  fault: configurationFault(code, message),
});

/** Of a group only what was taken comes back: who is quarantined or retired in it is called back by name. */
export const isTaken = ({ provision, upkeep: planned }: NodeState): boolean =>
  provision.state === "maintenance" || planned?.to === "maintenance";

async function isIn({ store }: App, node: NodeState, wanted: UpkeepScope): Promise<boolean> {
  if (wanted.lab !== undefined && node.lab !== wanted.lab) return false;
  if (wanted.class !== undefined && node.class !== wanted.class) return false;
  if (wanted.rack === undefined && wanted.powerDomain === undefined) return true;
  const spec = await store.read("node-spec", node.id);
  return (
    (wanted.rack === undefined || spec?.rack?.name === wanted.rack) &&
    (wanted.powerDomain === undefined || spec?.power.domain === wanted.powerDomain)
  );
}

async function change(
  app: App,
  { id }: NodeState,
  wanted: UpkeepBody,
  actor: Actor,
): Promise<UpkeepView["nodes"][number]> {
  const advanced = await carryOut(app, id, wanted, actor);
  const now = await app.store.read("node", id);
  return {
    node: id,
    outcome: advanced === "changed" ? "changed" : "unchanged",
    state: now?.provision.state ?? "gone",
    reservation: now === null ? null : reservationOf(now),
  };
}

function carryOut(app: App, id: string, wanted: UpkeepBody, actor: Actor) {
  const { reason } = wanted;
  switch (wanted.action) {
    case "return":
      return giveBack(app, id, reason, actor);
    case "drain": {
      const { until, atEnd } = wanted;
      return advanceNode(app, id, {
        kind: "upkeep",
        upkeep: { to: "maintenance", reason, until, atEnd },
        actor,
      });
    }
    case "retire": {
      const forGood = { to: "retired", reason, until: null, atEnd: "remind" } as const;
      return advanceNode(app, id, { kind: "upkeep", upkeep: forGood, actor });
    }
  }
}

async function inGroups<T, R>(all: readonly T[], work: (each: T) => Promise<R>): Promise<R[]> {
  const done: R[] = [];
  for (let from = 0; from < all.length; from += atOnce)
    done.push(...(await Promise.all(all.slice(from, from + atOnce).map(work))));
  return done;
}
