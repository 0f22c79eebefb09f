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
import type { App } from "./app.ts";

export type Reserved =
  | { readonly ok: true; readonly reservation: Reservation; readonly known: boolean }
  | { readonly ok: false; readonly fault: Fault };

export type Wanted = Omit<Extract<JobMessage, { kind: "reserve" }>, "schema" | "kind">;

export async function reserve(app: App, wanted: Wanted, actor: Actor): Promise<Reserved> {
  const known = await app.store.read("reservation", wanted.id);
  if (known !== null) return { ok: true, reservation: known, known: true };
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
  const now = app.clock.now();
  const { id, owner, class: nodeClass, tags, lab, prefer, count, user, publicKey } = wanted;
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
  const reservation: Reservation = {
    id,
    version: 1,
    owner,
    image: image.id,
    revision: image.production,
    class: nodeClass,
    tags,
    lab,
    prefer,
    count,
    start,
    end,
    asap: wanted.start === null,
    leadMs: wanted.start === null ? 0 : leadFor(experience, app.policy.readiness, leadMs),
    placed: [],
    user,
    publicKey,
    state: "new",
    last: null,
    since: now,
    createdAt: now,
    nodes: [],
    readyBy: after(start, readyWithinMs),
    readyAt: null,
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
  ]);
  if (committed === "committed") await advanceReservation(app, id, { kind: "look", actor });
  const stored = await app.store.read("reservation", id);
  return { ok: true, reservation: stored ?? reservation, known: committed === "conflict" };
}
