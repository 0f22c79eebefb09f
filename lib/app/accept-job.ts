/** A job from outside. What can never be carried out is refused with its reason; accepting the same job twice changes nothing. */

import type { JobMessage } from "../contracts/job.ts";
import type { NodeId } from "../core/ids.ts";
import type { Actor, Order } from "../core/node/node.ts";
import { isOver } from "../core/reservation/reservation.ts";
import { minutes } from "../core/time.ts";
import { advanceReservation } from "./advance-reservation.ts";
import type { App } from "./app.ts";
import { captureNode, captureOf } from "./capture.ts";
import { type Accepted, nodeJob, otherVersion, refuse } from "./node-job.ts";
import { countIn, isBound } from "./quota.ts";
import { reserve } from "./reserve.ts";

/** `ifVersion`: only if what it changes is still as whoever asks has seen it. */
export async function acceptJob(
  app: App,
  job: JobMessage,
  actor: Actor,
  ifVersion: number | null = null,
): Promise<Accepted> {
  switch (job.kind) {
    case "reserve": {
      const { schema: _schema, kind: _kind, ...wanted } = job;
      const reserved = await reserve(app, wanted, actor);
      return reserved.ok ? { ok: true, known: reserved.known } : reserved;
    }
    case "end": {
      const { reservation, reason, capture } = job;
      // Before the end is on record, so that the node is not taken back first.
      const saved =
        capture === null
          ? null
          : await captureOf(app, reservation, { ...capture, id: `${reservation}.end-capture` }, actor);
      if (saved?.ok === false) return saved;
      const advanced = await advanceReservation(
        app,
        reservation,
        { kind: "end", reason, actor },
        { ifVersion },
      );
      if (advanced === "other-version") return otherVersion(reservation);
      return advanced === "unknown-reservation"
        ? refuse("reservation-unknown", `there is no reservation ${reservation}`)
        : { ok: true, known: advanced === "unchanged" };
    }
    case "extend": {
      const { reservation: id, end } = job;
      const stored = await app.store.read("reservation", id);
      if (stored === null) return refuse("reservation-unknown", `there is no reservation ${id}`);
      if (isOver(stored)) return refuse("reservation-over", `reservation ${id} is over`);
      const counted = await countIn(app, { ...stored, end }, isBound(actor));
      if (!counted.ok) return counted;
      const event = { kind: "extend", end, actor } as const;
      const advanced = await advanceReservation(app, id, event, { ifVersion, also: counted.writes });
      if (advanced === "other-version") return otherVersion(id);
      return typeof advanced === "string"
        ? { ok: true, known: advanced === "unchanged" }
        : { ok: false, fault: advanced.refused };
    }
    case "reload": {
      const image = await app.store.read("image", job.image);
      if (image === null)
        return refuse("image-unknown", `image ${job.image} is not registered: POST /v1/images first`);
      const target = { image: image.id, revision: image.production };
      return nodeJob(app, { id: job.id, program: "reload", node: job.node, target }, actor, ifVersion);
    }
    case "power": {
      const { change, reason, node } = job;
      const inUse = await untouchable(app, job);
      if (inUse !== null) return inUse;
      const why = because(actor, reason);
      return nodeJob(app, { id: job.id, program: `power-${change}`, node, target: null }, why, ifVersion);
    }
    case "bios": {
      const state = await app.store.read("node", job.node);
      if (state?.biosProfile === null)
        return refuse("no-bios-profile", `node ${job.node} has no BIOS profile: give it one in its lab file`);
      return nodeJob(app, { id: job.id, program: "bios", node: job.node, target: null }, actor, ifVersion);
    }
    case "burn-in": {
      const order: Order = { kind: "burn-in", minutes: job.minutes, test: job.test };
      return nodeJob(
        app,
        { id: job.id, program: "burn-in", node: job.node, target: null, order },
        actor,
        ifVersion,
      );
    }
    case "rescue": {
      const inUse = await untouchable(app, job);
      if (inUse !== null) return inUse;
      const order: Order = { kind: "rescue", forMs: minutes(job.minutes), ended: false };
      const wanted = { id: job.id, program: "rescue", node: job.node, target: null, order } as const;
      return nodeJob(app, wanted, because(actor, job.reason), ifVersion);
    }
    case "identify":
    case "inspect":
      return nodeJob(app, { id: job.id, program: job.kind, node: job.node, target: null }, actor, ifVersion);
    case "capture":
      return captureNode(app, job, actor, ifVersion);
  }
}

/** Null: nobody uses it, or it is said why it is to be touched all the same. */
async function untouchable(
  { store }: App,
  { node, reason }: { readonly node: NodeId; readonly reason: string | null },
): Promise<Accepted | null> {
  const state = await store.read("node", node);
  if (state?.provision.state !== "in-use" || reason !== null) return null;
  const whose = `node ${node} is in use by reservation ${state.provision.reservation}`;
  return refuse("node-in-use", `${whose}: say why it is to be touched (reason)`);
}

/** A user switches what he has himself: no more need be said. */
const because = (actor: Actor, reason: string | null): Actor =>
  reason === null || actor.kind === "user"
    ? actor
    : { ...actor, name: `${actor.name}: ${reason}`.slice(0, 200) };
