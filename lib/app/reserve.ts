/** Make a reservation, or find the one that the same id has made before. */

import type { JobMessage } from "../contracts/job.ts";
import { experienceId } from "../contracts/keys.ts";
import type { Fault } from "../core/fault.ts";
import { configurationFault } from "../core/fault.ts";
import type { Actor } from "../core/node/node.ts";
import { leadFor } from "../core/prediction/experience.ts";
import type { Reservation } from "../core/reservation/reservation.ts";
import { after, spanText } from "../core/time.ts";
import { advanceReservation } from "./advance-reservation.ts";
import { type App, Contended, decideAgainAtMost } from "./app.ts";
import { countIn } from "./quota.ts";

export type Reserved =
  | { readonly ok: true; readonly reservation: Reservation; readonly known: boolean }
  | { readonly ok: false; readonly fault: Fault };

export type Wanted = Omit<Extract<JobMessage, { kind: "reserve" }>, "schema" | "kind">;

export async function reserve(app: App, wanted: Wanted, actor: Actor): Promise<Reserved> {
  for (let round = 0; round < decideAgainAtMost; round += 1) {
    const known = await app.store.read("reservation", wanted.id);
    if (known !== null) return asked(known, wanted);
    const made = await make(app, wanted, actor);
    if (made !== "conflict") return made;
  }
  throw new Contended(`project ${wanted.project} was changed by others ${decideAgainAtMost} times in a row`);
}

/** The same id again is the same reservation, if it asks for the same. */
function asked(known: Reservation, wanted: Wanted): Reserved {
  const same =
    known.owner === wanted.owner &&
    known.project === wanted.project &&
    known.image === wanted.image &&
    known.class === wanted.class &&
    known.count === wanted.count &&
    known.lab === wanted.lab &&
    (wanted.start === null ? known.asap : known.start === wanted.start) &&
    known.user === wanted.user &&
    known.publicKey === wanted.publicKey &&
    known.tags.join() === wanted.tags.join();
  if (same) return { ok: true, reservation: known, known: true };
  const message = `${wanted.id} is the id of another reservation: choose another one`;
  return { ok: false, fault: configurationFault("id-taken", message) };
}

async function make(app: App, wanted: Wanted, actor: Actor): Promise<Reserved | "conflict"> {
  const image = await app.store.read("image", wanted.image);
  if (image === null) {
    return {
      ok: false,
      fault: configurationFault(
        "image-unknown",
        `image ${wanted.image} is not registered: POST /v1/images first`,
      ),
    };
  }
  if (image.retired !== null) {
    const message = `image ${image.id} is retired: ${image.retired}`;
    return { ok: false, fault: configurationFault("image-retired", message) };
  }
  const now = app.clock.now();
  const { id, owner, project, class: nodeClass, tags, lab, prefer, count, user, publicKey } = wanted;
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
    wanted.start === null ? null : await app.store.read("experience", experienceId(nodeClass, image.id));
  const end = after(start, wanted.minutes * 60_000);
  const asap = wanted.start === null;
  const counted = await countIn(app, { id, owner, project, count, start, end, asap });
  if (!counted.ok) return counted;
  const reservation: Reservation = {
    id,
    version: 1,
    owner,
    project,
    image: image.id,
    revision: image.production,
    class: nodeClass,
    tags,
    lab,
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
    state: "new",
    last: null,
    since: now,
    createdAt: now,
    nodes: [],
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
        why: `${owner} asks for ${count} × ${nodeClass} with ${image.id} (${image.production}) for ${wanted.minutes} min`,
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
