/** Import a lab: what is new is enrolled, what has changed is updated, what is the same is left alone. */

import type { LabFile, LabNode } from "../contracts/lab-file.ts";
import { codecs } from "../contracts/stored.ts";
import { fullBudget } from "../core/correction/budget.ts";
import type { LabId } from "../core/ids.ts";
import { enrolledNode } from "../core/node/enrol.ts";
import type { Actor, NodeSpec } from "../core/node/node.ts";
import type { Write } from "../ports/store.ts";
import { advanceNode } from "./advance-node.ts";
import { type App, Contended, decideAgainAtMost } from "./app.ts";

export interface Imported {
  readonly enrolled: readonly string[];
  readonly changed: readonly string[];
  readonly unchanged: number;
  /** What could not be imported, and why. */
  readonly refused: readonly string[];
}

export async function importLab(app: App, file: LabFile, actor: Actor): Promise<Imported> {
  await importSettings(app, file);
  const enrolled: string[] = [];
  const changed: string[] = [];
  const refused: string[] = [];
  for (const node of file.nodes) {
    const spec = specOf(node, file.lab);
    const outcome = await importNode(app, spec, actor);
    if (outcome.kind === "enrolled") enrolled.push(node.id);
    else if (outcome.kind === "changed") changed.push(node.id);
    else if (outcome.kind === "refused") refused.push(outcome.why);
  }
  const unchanged = file.nodes.length - enrolled.length - changed.length - refused.length;
  return { enrolled, changed, unchanged, refused };
}

/** The lab itself, and what its correction budget is counted against. */
async function importSettings({ store, policy, clock }: App, file: LabFile): Promise<void> {
  for (let round = 0; round < decideAgainAtMost; round += 1) {
    const [lab, budget] = await Promise.all([store.read("lab", file.lab), store.read("budget", file.lab)]);
    const wanted = {
      id: file.lab,
      controllers: file.controllers,
      classes: [...new Set(file.nodes.map((node) => node.class))].sort(),
      correction: file.correction.mode,
      overrides: file.correction.policy,
      switches: file.switches,
      biosProfiles: file.biosProfiles,
    };
    const value = { ...wanted, version: (lab?.version ?? 0) + 1 };
    const isNew =
      lab === null ||
      JSON.stringify({ ...lab, version: 0 }) !== JSON.stringify({ ...codecs.lab.parse(value), version: 0 });
    const nodes = file.nodes.length;
    const full = fullBudget(file.lab, policy.budget, clock.now(), nodes);
    const writes: Write[] = [
      ...(isNew ? [{ kind: "lab", value, expect: lab?.version ?? "absent" } as const] : []),
      ...(budget === null ? [{ kind: "budget", value: full, expect: "absent" } as const] : []),
      ...(budget !== null && budget.nodes !== nodes
        ? [
            {
              kind: "budget",
              value: { ...budget, version: budget.version + 1, nodes },
              expect: budget.version,
            } as const,
          ]
        : []),
    ];
    if (writes.length === 0 || (await store.commit(writes)) === "committed") return;
  }
  throw new Contended(`lab ${file.lab} was changed by others ${decideAgainAtMost} times in a row`);
}

function specOf({ bmc, ...node }: LabNode, lab: LabId): NodeSpec {
  const { driver, address, options, credential, domain = bmc.address, quiescentSeconds } = bmc;
  const power = {
    driver,
    address,
    options,
    domain,
    credential,
    quiescentMs: Math.round(quiescentSeconds * 1000),
  };
  return { ...node, lab, power, version: 1 };
}

export type Enrolled =
  | { readonly kind: "enrolled" | "changed" | "unchanged" }
  | { readonly kind: "refused"; readonly why: string };

/** One node of a lab that is there already. */
export async function enrol(
  app: App,
  node: LabNode & { readonly lab: LabId },
  actor: Actor,
): Promise<Enrolled> {
  if ((await app.store.read("lab", node.lab)) === null)
    return { kind: "refused", why: `there is no lab ${node.lab}: import it first` };
  const outcome = await importNode(app, specOf(node, node.lab), actor);
  if (outcome.kind === "enrolled" || outcome.kind === "changed")
    await noteNode(app, node, outcome.kind === "enrolled" ? 1 : 0);
  return outcome;
}

/** The lab has so many more nodes, and perhaps another class of them. */
async function noteNode(
  { store }: App,
  node: LabNode & { readonly lab: LabId },
  more: number,
): Promise<void> {
  for (let round = 0; round < decideAgainAtMost; round += 1) {
    const [lab, budget] = await Promise.all([store.read("lab", node.lab), store.read("budget", node.lab)]);
    if (lab === null || budget === null) return;
    const classes = [...new Set([...lab.classes, node.class])].sort();
    const nodes = budget.nodes + more;
    const committed = await store.commit([
      { kind: "lab", value: { ...lab, version: lab.version + 1, classes }, expect: lab.version },
      { kind: "budget", value: { ...budget, version: budget.version + 1, nodes }, expect: budget.version },
    ]);
    if (committed === "committed") return;
  }
  throw new Contended(`lab ${node.lab} was changed by others ${decideAgainAtMost} times in a row`);
}

async function importNode(app: App, spec: NodeSpec, actor: Actor): Promise<Enrolled> {
  const { store, clock, outbox } = app;
  const known = await store.read("node-spec", spec.id);
  if (known === null) {
    const now = clock.now();
    const node = enrolledNode(spec, actor, now);
    const committed = await store.commit([
      { kind: "node-spec", value: spec, expect: "absent" },
      { kind: "node", value: node, expect: "absent" },
      ...spec.macs.map((mac) => ({ kind: "mac", value: { mac, node: spec.id }, expect: "absent" }) as const),
      {
        kind: "timeline",
        expect: "absent",
        value: {
          entity: { kind: "node", id: spec.id },
          sequence: 1,
          at: now,
          actor,
          from: "(none)",
          to: "enrolled",
          phase: "unknown",
          why: `enrolled in lab ${spec.lab} as ${spec.class}`,
          evidence: null,
          reservation: null,
          job: null,
          attempt: null,
          command: null,
          correction: null,
          proposed: null,
        },
      },
    ]);
    if (committed === "conflict") return ownersOf(app, spec);
    outbox.wake({ entity: { kind: "node", id: spec.id }, due: null, by: "engine" });
    return { kind: "enrolled" };
  }
  const wanted = { ...spec, version: known.version };
  if (JSON.stringify(codecs["node-spec"].parse(wanted)) === JSON.stringify(known))
    return { kind: "unchanged" };
  if (known.lab !== spec.lab)
    return {
      kind: "refused",
      why: `node ${spec.id} belongs to lab ${known.lab}: it cannot be moved by an import`,
    };
  const fresh = spec.macs.filter((mac) => !known.macs.includes(mac));
  const also: readonly Write[] = [
    { kind: "node-spec", value: { ...spec, version: known.version + 1 }, expect: known.version },
    ...fresh.map((mac) => ({ kind: "mac", value: { mac, node: spec.id }, expect: "absent" }) as const),
  ];
  const { class: nodeClass, tags, switchPort = null, biosProfile = null } = spec;
  const settings = { class: nodeClass, tags, switchPort, biosProfile };
  try {
    await advanceNode(app, spec.id, { kind: "settings", ...settings, actor }, { also });
    return { kind: "changed" };
  } catch (error) {
    if (error instanceof Contended) return ownersOf(app, spec);
    throw error;
  }
}

/** Two nodes cannot share a MAC: says whose it is. */
async function ownersOf({ store }: App, { id, macs }: NodeSpec): Promise<Enrolled> {
  for (const mac of macs) {
    const owner = await store.read("mac", mac);
    if (owner !== null && owner.node !== id)
      return { kind: "refused", why: `node ${id}: MAC ${mac} is already that of node ${owner.node}` };
  }
  return { kind: "refused", why: `node ${id} was changed by others meanwhile: import again` };
}
