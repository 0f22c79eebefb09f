/** Which node has what a machine is known by. */

import type { Claim } from "../core/identification/identify.ts";
import { type Identity, identitiesOfNode, identityId } from "../core/identification/identity.ts";
import type { App } from "./app.ts";

/** Whoever has it now: a look-up that is older than its node's inventory does not count. */
export async function claimOf({ store }: Pick<App, "store">, identity: Identity): Promise<Claim | null> {
  const owner =
    identity.by === "mac"
      ? await store.read("mac", identity.value)
      : await store.read("lookup", identityId(identity));
  const id = owner?.node ?? null;
  if (id === null) return null;
  const [spec, hardware] = await Promise.all([store.read("node-spec", id), store.read("node-hardware", id)]);
  if (spec === null) return null;
  const has = identitiesOfNode(spec, hardware?.accepted ?? null).some(
    (each) => identityId(each) === identityId(identity),
  );
  return has ? { node: spec.id, lab: spec.lab, identity } : null;
}
