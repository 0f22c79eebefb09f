/** A node follows its reservation: it is prepared for it, and taken back when it is over. */
import type { ReservationId } from "../ids.ts";
import { startReload } from "../provisioning/ending.ts";
import { newJob, settle } from "../provisioning/job.ts";
import { installationOf, unloads } from "../provisioning/programs.ts";
import { partOf } from "../reservation/parts.ts";
import { isOver, type Reservation } from "../reservation/reservation.ts";
import { become, type Draft } from "./draft.ts";
import { fence } from "./hands-off.ts";
import { jobOf, type Provision, reservationOf } from "./node.ts";
import { startCapture } from "./waiting-jobs.ts";

export function heedReservation(draft: Draft): void {
  const { node, context } = draft;
  const id = reservationOf(node);
  if (id === null) return;
  const reservation = context.reservation?.id === id ? context.reservation : null;
  const over = reservation === null || isOver(reservation);
  const { provision } = node;
  switch (provision.state) {
    case "reserved":
      if (!over && provision.job === null) {
        const { image, revision, role } = partOf(reservation, node.id);
        const target = { image, revision };
        const by = { kind: "engine", name: `reservation ${id}` } as const;
        become(draft, {
          ...provision,
          job: newJob(draft, { id: `${id}.${node.id}.v${node.version}`, program: "provision", target, by }),
        });
        draft.notes.push(`to be made ready ${role === null ? "" : `as ${role} `}with ${image} (${revision})`);
      } else if (over) release(draft);
      return;
    case "loading":
    case "configuring":
      if (!over || provision.job.program !== "provision") return;
      if (node.disk.taint === null) release(draft);
      else if (provision.state === "configuring") takeBack(draft, id);
      else startReload(draft, "its reservation is over, and a user may have been in before this load began");
      return;
    case "in-use":
      // What a person has begun on it is ended first.
      if (!over) introduce(draft, provision, reservation);
      else if (!fence(draft) && !startCapture(draft)) takeBack(draft, id);
      return;
    default:
      return;
  }
}

/** A node of a cluster is told of the others, as soon as its reservation knows them, and after whatever else is done to it. */
function introduce(
  draft: Draft,
  provision: Extract<Provision, { state: "in-use" }>,
  { id, membersAt }: Reservation,
): void {
  const target = draft.node.disk.taint?.target;
  const isKnown = membersAt === null || provision.introducedAt === membersAt;
  if (isKnown || provision.job !== null || target === undefined) return;
  const by = { kind: "engine", name: `reservation ${id}` } as const;
  const order = { kind: "introduce", membersAt } as const;
  const name = `${id}.${draft.node.id}.introduce.v${membersAt}`;
  become(draft, {
    ...provision,
    job: newJob(draft, { id: name, program: "introduce", target, by, order }),
  });
  draft.notes.push("told of the others of its cluster");
}

/** Over before anybody had access: nothing to clean. What its disk holds counts only as far as it is proved. */
function release(draft: Draft): void {
  // Free means that no hand is on it: what is under way is ended first.
  if (fence(draft)) return;
  const job = jobOf(draft.node);
  draft.notes.push("its reservation is over before anybody had access: released");
  if (job !== null) settle(draft, job, "abandoned", null);
  // What it was being loaded with goes on without us; its signs of life still say what phase it is in (R67).
  if (job?.boot != null) {
    draft.node = { ...draft.node, disk: { ...draft.node.disk, installation: installationOf(job) } };
  }
  become(draft, { state: "available" });
}

function takeBack(draft: Draft, reservation: ReservationId): void {
  const { taint } = draft.node.disk;
  const by = { kind: "engine", name: `reservation ${reservation}` } as const;
  const job = newJob(draft, {
    id: `${reservation}.${draft.node.id}.reclaim.v${draft.node.version}`,
    program: "reclaim",
    target: taint?.target ?? null,
    by,
  });
  draft.notes.push("its reservation is over: reclaimed");
  become(draft, { state: "reclaiming", reservation, job });
  if (taint !== null && unloads(draft.node, job, draft.context)) return;
  const osModule = draft.context.modules.osModules.find(({ name }) => name === draft.context.image?.osModule);
  if (taint === null || taint.loggedInAt !== null) return startReload(draft, "a user was in");
  if (osModule?.sanitize === undefined) startReload(draft, "it cannot be proved that nobody was in");
}
