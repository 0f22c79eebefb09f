/** A lab as it is now, for whoever compares it with a file or writes one, and who has what a file wants. */
import type { ClaimsView, InventoryView } from "../contracts/inventory-views.ts";
import { labSettings } from "../contracts/lab-file.ts";
import { nodeKey } from "../core/inventory/claims.ts";
import { descriptionOf, type NodeDescription } from "../core/inventory/description.ts";
import type { App } from "./app.ts";
import { holdersOf } from "./claims.ts";

/** Some of its nodes at a time. Null: there is no such lab. */
export async function viewInventory(
  { store }: App,
  id: string,
  limit: number,
  from: string | null,
): Promise<InventoryView | null> {
  const [lab, inventory, page] = await Promise.all([
    store.read("lab", id),
    store.read("inventory", id),
    store.enrolled(id, limit, from),
  ]);
  if (lab === null) return null;
  const { lab: _, version: __, ...surroundings } = inventory ?? { lab: id, version: 1 };
  const settings = labSettings.parse({
    ...surroundings,
    controllers: lab.controllers,
    correction: { mode: lab.correction, policy: lab.overrides },
    ...(lab.identification === undefined ? {} : { identification: lab.identification }),
  });
  const nodes: readonly NodeDescription[] = page.items.map(descriptionOf);
  return { lab: id, settings, nodes: [...nodes], next: page.next };
}

const nodePrefix = nodeKey("");

/** Of what is asked about: what somebody has. `node#…` asks whether there is a node of that name. */
export async function viewClaims({ store }: App, claims: readonly string[]): Promise<ClaimsView> {
  const holders = await holdersOf(
    store,
    claims.filter((claim) => !claim.startsWith(nodePrefix)),
  );
  const owners = claims.flatMap((claim) => {
    const node = claim.startsWith(nodePrefix) ? claim.slice(nodePrefix.length) : holders.get(claim)?.node;
    return node == null ? [] : [{ claim, node }];
  });
  const specs = await store.readMany("node-spec", [...new Set(owners.map(({ node }) => node))]);
  const labs = new Map<string, string>(specs.map(({ id, lab }) => [id, lab]));
  return {
    held: owners.flatMap(({ claim, node }) => {
      const lab = labs.get(node);
      return lab === undefined ? [] : [{ claim, node, lab }];
    }),
  };
}
