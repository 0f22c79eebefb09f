/** Found machines, as operators see and settle them. */
import type { ClaimBody, MachineView } from "../contracts/identification.ts";
import { machineKey, machinesOf } from "../contracts/keys.ts";
import { configurationFault, type Fault } from "../core/fault.ts";
import type { FoundMachine } from "../core/identification/machine.ts";
import type { NodeId } from "../core/ids.ts";
import type { Actor, ProvisionState } from "../core/node/node.ts";
import type { Store } from "../ports/store.ts";
import { type App, Contended, decideAgainAtMost } from "./app.ts";
import { attach } from "./attach.ts";
import { enrol } from "./import-lab.ts";

export function machineView({ verdict, ...machine }: FoundMachine): MachineView {
  const { id, lab, mac, bmcAddress, hardware, firstSeen, lastSeen, boots } = machine;
  const isHeld = verdict.kind === "held";
  return {
    id,
    lab,
    state: verdict.kind,
    reason: isHeld ? verdict.reason : null,
    why: isHeld ? verdict.why : `${verdict.by}: ${verdict.evidence}`,
    node: isHeld ? null : verdict.node,
    candidates: isHeld ? verdict.candidates : [],
    mac,
    bmcAddress,
    hardware,
    firstSeen,
    lastSeen,
    boots,
  };
}

/** Those that are held first, the oldest first. */
export async function viewMachines(
  store: Pick<Store, "list">,
  lab: string,
  limit: number,
  from: string | null,
): Promise<{ readonly machines: readonly MachineView[]; readonly next: string | null }> {
  const { items, next } = await store.list("machine", limit, from ?? machinesOf(lab));
  const own = items.filter((machine) => machine.lab === lab);
  return { machines: own.map(machineView), next: own.length < items.length ? null : next };
}

export type Claimed =
  | { readonly ok: true; readonly machine: FoundMachine }
  | { readonly ok: false; readonly fault: Fault };

const refuse = (code: string, message: string): Claimed => ({
  ok: false,
  fault: configurationFault(code, message),
});

/** Nothing is done to a node in these, so that it can be given another machine. */
const mayBeReplaced: readonly ProvisionState[] = ["available", "maintenance", "quarantined"];

/** A person says who the machine is. Null: there is no such machine. Saying it again changes nothing. */
export async function claimMachine(
  app: App,
  lab: string,
  id: string,
  body: ClaimBody,
  actor: Actor,
): Promise<Claimed | null> {
  for (let round = 0; round < decideAgainAtMost; round += 1) {
    const machine = await foundIn(app.store, lab, id);
    if (machine === null) return null;
    const { verdict } = machine;
    const node = await app.store.read("node", body.node);
    const hardware = await app.store.read("node-hardware", body.node);
    if (verdict.kind === "identified" && verdict.node === body.node && hardware?.machine === machine.id)
      return { ok: true, machine };
    if (node === null) {
      if (!("class" in body))
        return refuse(
          "node-unknown",
          `there is no node ${body.node}: name one of lab ${lab}, or say its class and its BMC to make it`,
        );
      const made = await makeNode(app, machine, body, actor);
      if (made !== null) return made;
      continue;
    }
    if (node.lab !== machine.lab)
      return refuse("node-elsewhere", `node ${node.id} belongs to lab ${node.lab}, the machine is in ${lab}`);
    const { state } = node.provision;
    const replaces = state !== "unidentified";
    if (replaces && !mayBeReplaced.includes(state)) {
      const message = `node ${node.id} has a machine and is ${state}: end what is done to it first, or take it offline and quarantine it`;
      return refuse("node-in-use", message);
    }
    const claimed = claimedAs(app, machine, node.id, actor);
    const attaching = { node: node.id, by: "claim", evidence: claimed.why, replaces, actor } as const;
    if (await attach(app, claimed.machine, machine.version, attaching))
      return { ok: true, machine: claimed.machine };
  }
  throw new Contended(`machine ${id} of lab ${lab} was changed by others all the time`);
}

function claimedAs(
  { clock }: App,
  machine: FoundMachine,
  node: NodeId,
  actor: Actor,
): { readonly machine: FoundMachine; readonly why: string } {
  const why = `${actor.kind} ${actor.name} says so`;
  const verdict = { kind: "identified", node, by: "claim", evidence: why, at: clock.now() } as const;
  return { why, machine: { ...machine, version: machine.version + 1, verdict } };
}

/** Null: it is there now, and waits for its machine. */
async function makeNode(
  app: App,
  { lab }: FoundMachine,
  { node: id, class: nodeClass, tags, bmc }: Extract<ClaimBody, { readonly class: string }>,
  actor: Actor,
): Promise<Claimed | null> {
  const node = { id, lab, class: nodeClass, tags, macs: [], bmc: { ...bmc, quiescentSeconds: 0 } };
  const enrolled = await enrol(app, node, actor);
  return enrolled.kind === "refused" ? refuse("node-refused", enrolled.why) : null;
}

/** Nobody wants to hear of it any more; if it tells of itself again, it is new. Null: there is no such machine. */
export async function forgetMachine(app: App, lab: string, id: string): Promise<Claimed | null> {
  for (let round = 0; round < decideAgainAtMost; round += 1) {
    const machine = await foundIn(app.store, lab, id);
    if (machine === null) return null;
    const { verdict } = machine;
    if (verdict.kind === "identified")
      return refuse(
        "machine-identified",
        `it is node ${verdict.node}: only a machine that is held can be forgotten`,
      );
    const value = { ...machine, version: machine.version + 1, forgotten: true };
    if ((await app.store.commit([{ kind: "machine", value, expect: machine.version }])) === "committed")
      return { ok: true, machine: value };
  }
  throw new Contended(`machine ${id} of lab ${lab} was changed by others all the time`);
}

async function foundIn(store: Pick<Store, "read">, lab: string, id: string): Promise<FoundMachine | null> {
  const machine = await store.read("machine", machineKey(lab, id));
  return machine === null || machine.forgotten ? null : machine;
}
