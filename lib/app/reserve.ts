/** Make a reservation, or find the one that the same id has made before. */

import { type JobMessage, mostNodes } from "../contracts/job.ts";
import { experienceId } from "../contracts/keys.ts";
import type { Fault } from "../core/fault.ts";
import { configurationFault } from "../core/fault.ts";
import type { ImageId, RevisionId } from "../core/ids.ts";
import { type MinimumHardware, minimumText, strictest } from "../core/node/hardware.ts";
import type { Actor } from "../core/node/node.ts";
import { leadFor } from "../core/prediction/experience.ts";
import { partsOf } from "../core/reservation/parts.ts";
import type { Reservation, Role } from "../core/reservation/reservation.ts";
import { after, spanText } from "../core/time.ts";
import { advanceReservation } from "./advance-reservation.ts";
import { type App, Contended, decideAgainAtMost } from "./app.ts";
import { countIn, isBound } from "./quota.ts";

export type Reserved =
  | { readonly ok: true; readonly reservation: Reservation; readonly known: boolean }
  | { readonly ok: false; readonly fault: Fault };

export type Wanted = Omit<Extract<JobMessage, { kind: "reserve" }>, "schema" | "kind">;

/** `bound`: whether it counts in its owner's own quota if it is in no project's name. */
export async function reserve(
  app: App,
  wanted: Wanted,
  actor: Actor,
  bound = isBound(actor),
): Promise<Reserved> {
  for (let round = 0; round < decideAgainAtMost; round += 1) {
    const known = await app.store.read("reservation", wanted.id);
    if (known !== null) return asked(known, wanted);
    const made = await make(app, wanted, actor, bound);
    if (made !== "conflict") return made;
  }
  const whose = wanted.project === null ? `the quota of ${wanted.owner}` : `project ${wanted.project}`;
  throw new Contended(`${whose} was changed by others ${decideAgainAtMost} times in a row`);
}

/** The same id again is the same reservation, if it asks for the same. */
function asked(known: Reservation, wanted: Wanted): Reserved {
  const same =
    known.owner === wanted.owner &&
    known.project === wanted.project &&
    known.class === wanted.class &&
    JSON.stringify(demandOf(known)) === JSON.stringify(demandOf(wanted)) &&
    known.lab === wanted.lab &&
    JSON.stringify(known.network) === JSON.stringify(wanted.network) &&
    (wanted.start === null ? known.asap : known.start === wanted.start) &&
    known.user === wanted.user &&
    known.publicKey === wanted.publicKey &&
    minimumText(known.minimum ?? {}) === minimumText(wanted.minimum ?? {}) &&
    known.tags.join() === wanted.tags.join();
  if (same) return { ok: true, reservation: known, known: true };
  const message = `${wanted.id} is the id of another reservation: choose another one`;
  return { ok: false, fault: configurationFault("id-taken", message) };
}

/** What is asked for, whatever revision it was when it was asked. */
const demandOf = ({ roles, image, count }: Demand): unknown =>
  roles.length > 0 ? roles.map((role) => [role.name, role.image, role.count]) : [image, count];

interface Demand {
  readonly image: ImageId | null;
  readonly count: number;
  readonly roles: readonly Pick<Role, "name" | "image" | "count">[];
}

async function make(app: App, wanted: Wanted, actor: Actor, bound: boolean): Promise<Reserved | "conflict"> {
  const found = await partsWanted(app, wanted);
  if (!found.ok) return found;
  const { first, roles, count, hearsLogins, needs } = found;
  const now = app.clock.now();
  const { id, owner, project, class: nodeClass, tags, lab, prefer, user, publicKey, email } = wanted;
  const { readyWithinMs, leadMs, horizonMs } = app.policy.reservation;
  if (wanted.start !== null && (wanted.start < now || wanted.start > now + horizonMs)) {
    const problem = wanted.start < now ? "lies in the past" : `lies more than ${spanText(horizonMs)} ahead`;
    return {
      ok: false,
      fault: configurationFault("start-out-of-range", `start ${wanted.start} ${problem}`),
    };
  }
  const start = wanted.start ?? now;
  const experience =
    wanted.start === null ? null : await app.store.read("experience", experienceId(nodeClass, first.image));
  const end = after(start, wanted.minutes * 60_000);
  const asap = wanted.start === null;
  const counted = await countIn(app, { id, owner, project, count, start, end, asap }, bound);
  if (!counted.ok) return counted;
  const askedFor = partsOf({ ...first, roles, count })
    .map((each) => {
      const role = each.role === null ? "" : ` as ${each.role}`;
      return `${each.count} × ${nodeClass}${role} with ${each.image} (${each.revision})`;
    })
    .join(", ");
  const reservation: Reservation = {
    id,
    version: 1,
    owner,
    project,
    image: first.image,
    revision: first.revision,
    roles,
    roleOf: {},
    class: nodeClass,
    tags,
    ...(wanted.minimum === undefined ? {} : { minimum: wanted.minimum }),
    ...(minimumText(needs) === "" ? {} : { needs }),
    lab,
    ...(wanted.network === undefined ? {} : { network: wanted.network }),
    prefer,
    count,
    start,
    end,
    asap,
    leadMs: asap ? 0 : leadFor(experience, app.policy.readiness, leadMs),
    placed: [],
    passed: false,
    user,
    publicKey,
    email,
    hearsLogins,
    state: "new",
    last: null,
    since: now,
    createdAt: now,
    nodes: [],
    members: [],
    membersAt: null,
    readyBy: after(start, readyWithinMs),
    readyAt: null,
    warnedOf: null,
    endedAt: null,
    outcome: null,
    cause: null,
    correctiveReboots: 0,
    due: now,
  };
  const committed = await app.store.commit([
    { kind: "reservation", value: reservation, expect: "absent" },
    {
      kind: "timeline",
      expect: "absent",
      value: {
        entity: { kind: "reservation", id },
        sequence: 1,
        at: now,
        actor,
        from: "(none)",
        to: "new",
        phase: null,
        why: `${owner} asks for ${askedFor} for ${wanted.minutes} min`,
        evidence: null,
        reservation: id,
        job: null,
        attempt: null,
        command: null,
        correction: null,
        proposed: null,
      },
    },
    ...counted.writes,
  ]);
  if (committed === "conflict") return "conflict";
  await advanceReservation(app, id, { kind: "look", actor });
  const stored = await app.store.read("reservation", id);
  return { ok: true, reservation: stored ?? reservation, known: false };
}

/** These pass with time. */
const passing: ReadonlySet<string> = new Set(["quota-spent", "too-far-ahead"]);

/** Why it could never be had, whenever it is asked for; null: nothing stands in the way but, perhaps, its time. */
export async function neverHad(app: App, wanted: Wanted, bound: boolean): Promise<Fault | null> {
  const found = await partsWanted(app, wanted);
  if (!found.ok) return found.fault;
  const { id, owner, project, minutes: length } = wanted;
  const start = wanted.start ?? app.clock.now();
  const end = after(start, length * 60_000);
  const asking = { id, owner, project, count: found.count, start, end, asap: false };
  const counted = await countIn(app, asking, bound);
  return counted.ok || passing.has(counted.fault.code) ? null : counted.fault;
}

type Parts =
  | {
      readonly ok: true;
      readonly first: { readonly image: ImageId; readonly revision: RevisionId };
      readonly roles: readonly Role[];
      readonly count: number;
      readonly hearsLogins: boolean;
      /** Of each node, whichever role it will have: which one that is shows only when it is claimed. */
      readonly needs: MinimumHardware;
    }
  | { readonly ok: false; readonly fault: Fault };

/** Which revisions, for how many nodes: those that are production now. */
async function partsWanted(
  { store, modules }: App,
  { image, roles, count, minimum }: Wanted,
): Promise<Parts> {
  const refuse = (code: string, message: string): Parts => ({
    ok: false,
    fault: configurationFault(code, message),
  });
  if ((image === null) === (roles.length === 0))
    return refuse("image-or-roles", "either image or roles is wanted: which image are the nodes to have?");
  if (new Set(roles.map(({ name }) => name)).size < roles.length)
    return refuse("role-twice", "roles: two of them have the same name");
  const sum = roles.length > 0 ? roles.reduce((all, role) => all + role.count, 0) : count;
  if (sum > mostNodes) return refuse("too-many-nodes", `roles: ${sum} nodes are more than ${mostNodes}`);
  let hearsLogins = true;
  let needs: MinimumHardware = minimum ?? {};
  const resolved: { readonly image: ImageId; readonly revision: RevisionId }[] = [];
  for (const id of image === null ? roles.map((role) => role.image) : [image]) {
    const known = await store.read("image", id);
    if (known === null)
      return refuse("image-unknown", `image ${id} is not registered: POST /v1/images first`);
    if (known.retired !== null) return refuse("image-retired", `image ${id} is retired: ${known.retired}`);
    const revision = await store.read("revision", known.production);
    const osModule = modules.osModules.find(({ name }) => name === revision?.osModule);
    needs = strictest(needs, revision?.minimum ?? {});
    hearsLogins &&= osModule?.grantAccess !== undefined;
    resolved.push({ image: known.id, revision: known.production });
  }
  const [first] = resolved;
  if (first === undefined) throw new Error("neither an image nor roles");
  const named = roles.flatMap(({ name, count: each }, index) => {
    const found = resolved[index];
    return found === undefined ? [] : [{ name, ...found, count: each }];
  });
  return { ok: true, first, roles: named, count: sum, hearsLogins, needs };
}
