/** Register an image's revision and make it the production one. The same content again is the same revision. */

import type { ImageBody } from "../contracts/api.ts";
import { branded, isRevisionId } from "../core/ids.ts";
import type { ImageRevision } from "../core/image.ts";
import type { App } from "./app.ts";

export async function registerImage(app: App, body: ImageBody): Promise<ImageRevision> {
  const { store, clock } = app;
  const id = branded(isRevisionId, `${body.id}:${body.sha256.slice(0, 12)}`);
  const revision: ImageRevision = {
    image: body.id,
    revision: id,
    buildSystem: body.buildSystem,
    osModule: body.osModule,
    content: { sha256: body.sha256, sizeBytes: body.sizeBytes },
    overrides: body.correction ?? null,
    registeredAt: clock.now(),
  };
  const image = await store.read("image", body.id);
  if (image?.production === id) return (await store.read("revision", id)) ?? revision;
  const version = (image?.version ?? 0) + 1;
  const committed = await store.commit([
    { kind: "revision", value: revision, expect: "any" },
    { kind: "image", value: { id: body.id, version, production: id }, expect: image?.version ?? "absent" },
  ]);
  return committed === "committed" ? revision : registerImage(app, body);
}
