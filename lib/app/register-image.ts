/** Images and their revisions. */

import type { ImageBody } from "../contracts/api.ts";
import { configurationFault, type Fault } from "../core/fault.ts";
import { branded, isRevisionId } from "../core/ids.ts";
import { type Image, type ImageRevision, untried } from "../core/image.ts";
import { minimumText } from "../core/node/hardware.ts";
import { misfit } from "../core/provisioning/image-needs.ts";
import type { Write } from "../ports/store.ts";
import { type App, Contended, decideAgainAtMost } from "./app.ts";
import { removalOfBytes } from "./same-bytes.ts";

export type Registered =
  | { readonly ok: true; readonly revision: ImageRevision }
  | { readonly ok: false; readonly fault: Fault };

/** Registers a revision and makes it the production one. The same again is the same revision; a revision never changes. */
export async function registerImage(app: App, body: ImageBody): Promise<Registered> {
  const { store, clock } = app;
  const { sha256, sizeBytes, settings = {}, minimum } = body;
  const id = branded(isRevisionId, `${body.id}:${body.revision ?? sha256?.slice(0, 12)}`);
  const revision: ImageRevision = {
    image: body.id,
    revision: id,
    buildSystem: body.buildSystem,
    osModule: body.osModule,
    ...(body.osVersion === undefined ? {} : { osVersion: body.osVersion }),
    content: sha256 === undefined || sizeBytes === undefined ? null : { sha256, sizeBytes },
    settings,
    ...(minimum === undefined ? {} : { minimum }),
    overrides: body.correction ?? null,
    registeredAt: clock.now(),
  };
  const wrong = unregistrable(app, revision);
  if (wrong !== null) return { ok: false, fault: configurationFault("image-unfit", wrong) };
  const [image, known] = await Promise.all([store.read("image", body.id), store.read("revision", id)]);
  if (known !== null && !isSame(known, revision)) {
    const message = `revision ${id} is registered with other content or settings: give this one a revision of its own`;
    return { ok: false, fault: configurationFault("revision-differs", message) };
  }
  const missing = known === null ? null : untried(known);
  if (missing !== null) return { ok: false, fault: configurationFault("revision-untried", missing) };
  if (image?.production === id && image.retired === null && known?.collected === undefined)
    return { ok: true, revision: known ?? revision };
  const removal = sha256 === undefined ? null : await removalOfBytes(app, sha256);
  if (removal !== null && removal.fault !== null) return { ok: false, fault: removal.fault };
  const version = (image?.version ?? 0) + 1;
  const { collected: _, ...kept } = known ?? revision;
  const committed = await store.commit([
    { kind: "revision", value: kept, expect: "any" },
    {
      kind: "image",
      value: { ...image, id: body.id, version, production: id, retired: null },
      expect: image?.version ?? "absent",
    },
    ...(removal?.images ?? [])
      .filter(({ id: other }) => other !== body.id)
      .map((other): Write => {
        const value = { ...other, version: other.version + 1 };
        return { kind: "image", value, expect: other.version };
      }),
  ]);
  return committed === "committed" ? { ok: true, revision } : registerImage(app, body);
}

function unregistrable({ modules }: App, revision: ImageRevision): string | null {
  const buildSystem = modules.buildSystems.find(({ name }) => name === revision.buildSystem);
  const names = modules.buildSystems.map(({ name }) => name).join(", ");
  if (buildSystem === undefined)
    return `there is no build system ${revision.buildSystem}: there are ${names}`;
  return misfit(buildSystem, revision);
}

const isSame = (known: ImageRevision, given: ImageRevision): boolean =>
  known.buildSystem === given.buildSystem &&
  known.content?.sha256 === given.content?.sha256 &&
  minimumText(known.minimum ?? {}) === minimumText(given.minimum ?? {}) &&
  Object.keys({ ...known.settings, ...given.settings }).every(
    (name) => known.settings[name] === given.settings[name],
  );

/** Null: there is no such image. What is loaded already stays as it is. */
export async function changeImage(
  { store }: App,
  id: string,
  change: Partial<Pick<Image, "production" | "retired" | "keep">>,
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
