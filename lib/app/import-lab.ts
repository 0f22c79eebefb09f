/** Import a lab: what is new is enrolled, what has changed is updated, what is the same is left alone. */

import type { Inventory } from "../contracts/inventory.ts";
import type { LabFile, LabNode, LabPart, LabSettings } from "../contracts/lab-file.ts";
import { codecs } from "../contracts/stored.ts";
import { fullBudget } from "../core/correction/budget.ts";
import type { LabId } from "../core/ids.ts";
import { misfits } from "../core/inventory/contradictions.ts";
import { specOf } from "../core/inventory/description.ts";
import type { Lab } from "../core/lab.ts";
import type { Actor } from "../core/node/node.ts";
import type { Write } from "../ports/store.ts";
import { type App, Contended, decideAgainAtMost } from "./app.ts";
import { type Enrolled, enrolNode, release } from "./enrol-node.ts";
import { enrolNodes } from "./enrol-nodes.ts";

export interface Imported {
  readonly enrolled: readonly string[];
  readonly changed: readonly string[];
  readonly unchanged: number;
  /** What could not be imported, and why. */
  readonly refused: readonly string[];
}

export interface Total {
  readonly nodes: number;
  readonly classes: readonly string[];
}

const totalOf = (nodes: readonly LabNode[]): Total => ({
  nodes: nodes.length,
  classes: nodes.map((node) => node.class),
});

/** A whole lab in one go: for labs that one call can hold. */
export async function importLab(app: App, file: LabFile, actor: Actor): Promise<Imported> {
  const { schema: _, lab, nodes, ...settings } = file;
  await importSettings(app, lab, settings, totalOf(nodes));
  return importNodes(app, lab, nodes, actor);
}

/** Null: there is no such lab yet, and the part has no settings to make it with. The same part again changes nothing. */
export async function importPart(
  app: App,
  lab: LabId,
  part: LabPart,
  actor: Actor,
): Promise<Imported | null> {
  const { settings, total, nodes } = part;
  if (settings !== null) await importSettings(app, lab, settings, total ?? totalOf(nodes));
  else if ((await app.store.read("lab", lab)) === null) return null;
  for (const { node, claim } of part.release) {
    const spec = await app.store.read("node-spec", node);
    if (spec?.lab === lab) await release(app, node, claim, actor);
  }
  return importNodes(app, lab, nodes, actor);
}

async function importNodes(app: App, lab: LabId, nodes: readonly LabNode[], actor: Actor): Promise<Imported> {
  const outcomes = await enrolNodes(
    app,
    nodes.map((node) => specOf(node, lab)),
    actor,
  );
  const of = (kind: Enrolled["kind"]) =>
    nodes.map(({ id }) => id).filter((id) => outcomes.get(id)?.kind === kind);
  return {
    enrolled: of("enrolled"),
    changed: of("changed"),
    unchanged: of("unchanged").length,
    refused: nodes.flatMap(({ id }) => {
      const outcome = outcomes.get(id);
      return outcome?.kind === "refused" ? [outcome.why] : [];
    }),
  };
}

/** The lab itself, what is in it beside its nodes, and what its correction budget is counted against. */
async function importSettings(
  { store, policy, clock }: App,
  id: LabId,
  { controllers, correction, identification, ...surroundings }: LabSettings,
  total: Total,
): Promise<void> {
  for (let round = 0; round < decideAgainAtMost; round += 1) {
    const [lab, budget, inventory] = await Promise.all([
      store.read("lab", id),
      store.read("budget", id),
      store.read("inventory", id),
    ]);
    const wanted: Lab = {
      id,
      version: (lab?.version ?? 0) + 1,
      controllers,
      classes: [...new Set(total.classes)].sort(),
      correction: correction.mode,
      overrides: correction.policy,
      switches: drivenSwitches(surroundings),
      biosProfiles: firmwareOf(surroundings),
      ...(identification === undefined ? {} : { identification }),
    };
    const kept: Inventory = { lab: id, version: (inventory?.version ?? 0) + 1, ...surroundings };
    const full = fullBudget(id, policy.budget, clock.now(), total.nodes);
    const writes: Write[] = [
      ...(isSame(lab, codecs.lab.parse(wanted))
        ? []
        : [{ kind: "lab", value: wanted, expect: lab?.version ?? "absent" } as const]),
      ...(isSame(inventory, codecs.inventory.parse(kept))
        ? []
        : [{ kind: "inventory", value: kept, expect: inventory?.version ?? "absent" } as const]),
      ...(budget === null ? [{ kind: "budget", value: full, expect: "absent" } as const] : []),
      ...(budget !== null && budget.nodes !== total.nodes
        ? [
            {
              kind: "budget",
              value: { ...budget, version: budget.version + 1, nodes: total.nodes },
              expect: budget.version,
            } as const,
          ]
        : []),
    ];
    if (writes.length === 0 || (await store.commit(writes)) === "committed") return;
  }
  throw new Contended(`lab ${id} was changed by others ${decideAgainAtMost} times in a row`);
}

/** Those that are driven: of any other nothing is asked. */
const drivenSwitches = ({ switches }: Pick<LabSettings, "switches">): Lab["switches"] =>
  Object.fromEntries(
    Object.entries(switches).flatMap(([name, { driver, address = "", provisioning = {}, reserved = {} }]) =>
      driver === undefined ? [] : [[name, { driver, address, provisioning, reserved }]],
    ),
  );

const firmwareOf = ({ biosProfiles }: Pick<LabSettings, "biosProfiles">): Lab["biosProfiles"] =>
  Object.fromEntries(
    Object.entries(biosProfiles).map(([name, { driver = null, attributes }]) => [
      name,
      { driver, attributes },
    ]),
  );

const isSame = <T extends { readonly version: number }>(known: T | null, wanted: T): boolean =>
  known !== null && JSON.stringify({ ...known, version: 0 }) === JSON.stringify({ ...wanted, version: 0 });

/** One node of a lab that is there already. */
export async function enrol(
  app: App,
  { lab, ...node }: LabNode & { readonly lab: LabId },
  actor: Actor,
  ifVersion: number | null = null,
): Promise<Enrolled | { readonly kind: "other-version" }> {
  if ((await app.store.read("lab", lab)) === null)
    return { kind: "refused", why: `there is no lab ${lab}: import it first` };
  const inventory = await app.store.read("inventory", lab);
  const [misfit] = inventory === null ? [] : misfits(node, inventory);
  if (misfit !== undefined)
    return { kind: "refused", why: `node ${node.id}: ${misfit.path.join(".")}: ${misfit.message}` };
  const outcome = await enrolNode(app, specOf(node, lab), actor, ifVersion);
  if (outcome.kind === "enrolled" || outcome.kind === "changed")
    await noteNode(app, lab, node.class, outcome.kind === "enrolled" ? 1 : 0);
  return outcome;
}

/** The lab has so many more nodes, and perhaps another class of them. */
async function noteNode({ store }: App, id: LabId, nodeClass: string, more: number): Promise<void> {
  for (let round = 0; round < decideAgainAtMost; round += 1) {
    const [lab, budget] = await Promise.all([store.read("lab", id), store.read("budget", id)]);
    if (lab === null || budget === null) return;
    const classes = [...new Set([...lab.classes, nodeClass])].sort();
    const nodes = budget.nodes + more;
    const committed = await store.commit([
      { kind: "lab", value: { ...lab, version: lab.version + 1, classes }, expect: lab.version },
      { kind: "budget", value: { ...budget, version: budget.version + 1, nodes }, expect: budget.version },
    ]);
    if (committed === "committed") return;
  }
  throw new Contended(`lab ${id} was changed by others ${decideAgainAtMost} times in a row`);
}
