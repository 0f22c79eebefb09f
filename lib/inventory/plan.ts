/** What an import would do to a lab, told before anything is done. Pure. */
import { type InventoryView, inventoryView } from "../contracts/inventory-views.ts";
import { type LabFile, type LabNode, labSettings, mostNodesInPart } from "../contracts/lab-file.ts";
import { claimsOf, isUniqueAnywhere, nodeKey, type Path } from "../core/inventory/claims.ts";
import { changesBetween, type FieldChange } from "../core/inventory/compare.ts";
import { descriptionOf, type NodeDescription, specOf } from "../core/inventory/description.ts";

/** A lab as it is; null: there is none of that name. */
export type Known = Pick<InventoryView, "settings" | "nodes"> | null;

/** All pages of a lab's inventory, as the API gave them. */
export function knownOf(pages: readonly unknown[]): Known {
  const views = pages.map((page) => inventoryView.parse(page));
  const [first] = views;
  return first === undefined
    ? null
    : { settings: first.settings, nodes: views.flatMap(({ nodes }) => nodes) };
}

/** Somebody has it, in this lab or another. */
export interface Held {
  readonly claim: string;
  readonly node: string;
  readonly lab: string;
}

export interface NodeChange {
  readonly node: string;
  readonly fields: readonly FieldChange[];
}

export interface Release {
  readonly node: string;
  readonly claim: string;
  /** In words, and who gets it. */
  readonly what: string;
}

export interface Plan {
  readonly lab: string;
  readonly isNew: boolean;
  readonly settings: readonly FieldChange[];
  readonly added: readonly string[];
  readonly changed: readonly NodeChange[];
  readonly unchanged: number;
  /** Of the lab, and not in the file: they stay as they are. */
  readonly missing: readonly string[];
  /** What moves from one node of the file to another. */
  readonly moved: readonly Release[];
  /** What stands in the way, with where in the file it is asked for. */
  readonly problems: readonly { readonly path: Path; readonly message: string }[];
}

/** What has to be asked about before a plan can be made: what nobody in this lab has may be somebody else's. */
export function claimsToAsk({ lab, nodes }: LabFile, known: Known): readonly string[] {
  const here = new Set(known?.nodes.map(({ id }) => id));
  const own = holdersIn(lab, known);
  return nodes.flatMap((node) => [
    ...(here.has(node.id) ? [] : [nodeKey(node.id)]),
    ...claimsOf(node, lab)
      .map(({ key }) => key)
      .filter((key) => isUniqueAnywhere(key) && !own.has(key)),
  ]);
}

const holdersIn = (lab: string, known: Known): ReadonlyMap<string, string> =>
  new Map((known?.nodes ?? []).flatMap((node) => claimsOf(node, lab).map(({ key }) => [key, node.id])));

export function planOf(file: LabFile, known: Known, held: readonly Held[]): Plan {
  const before = new Map((known?.nodes ?? []).map((node): [string, NodeDescription] => [node.id, node]));
  const inFile = new Set<string>(file.nodes.map(({ id }) => id));
  const added: string[] = [];
  const changed: NodeChange[] = [];
  for (const node of file.nodes) {
    const was = before.get(node.id);
    if (was === undefined) added.push(node.id);
    else {
      const is = descriptionOf(specOf(node, file.lab));
      // What its machine has told stays: a file without interfaces says nothing against them.
      const fields = changesBetween(was, is.macs.length === 0 ? { ...is, macs: was.macs } : is);
      if (fields.length > 0) changed.push({ node: node.id, fields });
    }
  }
  return {
    lab: file.lab,
    isNew: known === null,
    settings: changesBetween(known?.settings ?? {}, settingsOf(file)),
    added,
    changed,
    unchanged: file.nodes.length - added.length - changed.length,
    missing: [...before.keys()].filter((id) => !inFile.has(id)),
    ...collisions(file, known, held, inFile),
  };
}

function collisions(
  file: LabFile,
  known: Known,
  held: readonly Held[],
  inFile: ReadonlySet<string>,
): Pick<Plan, "moved" | "problems"> {
  const own = holdersIn(file.lab, known);
  const elsewhere = new Map(held.map((each) => [each.claim, each]));
  const moved: Release[] = [];
  const problems: { path: Path; message: string }[] = [];
  for (const [index, node] of file.nodes.entries()) {
    const name = elsewhere.get(nodeKey(node.id));
    if (name !== undefined && name.lab !== file.lab)
      problems.push({
        path: ["nodes", index, "id"],
        message: `node ${node.id} belongs to lab ${name.lab}: a node keeps its lab for life`,
      });
    for (const { key, what, path } of claimsOf(node, file.lab)) {
      const other = elsewhere.get(key);
      const holder = own.get(key) ?? other?.node;
      if (holder === undefined || holder === node.id) continue;
      if (own.has(key) && inFile.has(holder))
        moved.push({ node: holder, claim: key, what: `${what}: to ${node.id}` });
      else
        problems.push({
          path: ["nodes", index, ...path],
          message: own.has(key)
            ? `${what} is that of node ${holder}, which is not in the file: change it there first, or put it into the file`
            : `${what} is already that of node ${holder} of lab ${other?.lab}`,
        });
    }
  }
  return { moved, problems };
}

const settingsOf = ({ schema: _, lab: __, nodes: ___, ...settings }: LabFile) => labSettings.parse(settings);

export const isEmpty = ({ isNew, settings, added, changed }: Plan): boolean =>
  !isNew && settings.length === 0 && added.length === 0 && changed.length === 0;

/** What the API is asked to do, one call after the other; those that only bring nodes may go side by side. */
export function callsOf(file: LabFile, plan: Plan, known: Known) {
  const differs = new Set([...plan.added, ...plan.changed.map(({ node }) => node)]);
  const gone = (known?.nodes ?? []).filter(({ id }) => plan.missing.includes(id));
  const total = {
    nodes: file.nodes.length + gone.length,
    classes: [...new Set([...file.nodes, ...gone].map((node) => node.class))].sort(),
  };
  const releases = chunks(plan.moved, mostNodesInPart);
  return {
    first: { settings: settingsOf(file), total },
    releases: releases.map((some) => ({ release: some.map(({ node, claim }) => ({ node, claim })) })),
    nodes: chunks(
      file.nodes.filter(({ id }) => differs.has(id)),
      mostNodesInPart,
    ).map((nodes): { nodes: LabNode[] } => ({ nodes: [...nodes] })),
  };
}

export function chunks<T>(all: readonly T[], most: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / most) }, (_, index) =>
    all.slice(index * most, (index + 1) * most),
  );
}
