/** Images and their revisions. */

import type { ImageBody } from "../contracts/api.ts";
import { branded, isRevisionId } from "../core/ids.ts";
import type { Image, ImageRevision } from "../core/image.ts";
import { type App, Contended, decideAgainAtMost } from "./app.ts";

/** Registers a revision and makes it the production one. The same content again is the same revision. */
export async function registerImage(app: App, body: ImageBody): Promise<ImageRevision> {
  const { store, clock } = app;
  const id = branded(isRevisionId, `${body.id}:${body.sha256.slice(0, 12)}`);
  const revision: ImageRevision = {
    image: body.id,
    revision: id,
    buildSystem: body.buildSystem,
    osModule: body.osModule,
    ...(body.osVersion === undefined ? {} : { osVersion: body.osVersion }),
    content: { sha256: body.sha256, sizeBytes: body.sizeBytes },
    overrides: body.correction ?? null,
    registeredAt: clock.now(),
  };
  const image = await store.read("image", body.id);
  if (image?.production === id && image.retired === null)
    return (await store.read("revision", id)) ?? revision;
  const version = (image?.version ?? 0) + 1;
  const committed = await store.commit([
    { kind: "revision", value: revision, expect: "any" },
    {
      kind: "image",
      value: { id: body.id, version, production: id, retired: null },
      expect: image?.version ?? "absent",
    },
  ]);
  return committed === "committed" ? revision : registerImage(app, body);
}

/** Null: there is no such image. What is loaded already stays as it is. */
export async function changeImage(
  { store }: App,
  id: string,
  change: Partial<Pick<Image, "production" | "retired">>,
  ifVersion: number | null,
): Promise<Image | "other-version" | null> {
  for (let round = 0; round < decideAgainAtMost; round += 1) {
    const known = await store.read("image", id);
    if (known === null) return null;
    if (ifVersion !== null && known.version !== ifVersion) return "other-version";
    const value: Image = { ...known, ...change, version: known.version + 1 };
    if ((await store.commit([{ kind: "image", value, expect: known.version }])) === "committed") return value;
  }
  throw new Contended(`image ${id} was changed by others ${decideAgainAtMost} times in a row`);
}
