/** What is asked of a node that has something else to do waits in order, and begins as soon as the node is free for it. */
import { configurationFault } from "../fault.ts";
import { branded, isJobId, type ReservationId } from "../ids.ts";
import { newJob } from "../provisioning/job.ts";
import { become, type Draft } from "./draft.ts";
import type { NodeEvent } from "./event.ts";
import { jobOf, type NodeState, type Provision } from "./node.ts";
import { askedText, isLight, maintenancePrograms, type Program } from "./programs.ts";

/** As many as an operator can oversee; a longer queue is a mistake of whoever fills it. */
export const mostWaitingJobs = 8;

export function enqueue(draft: Draft, { request }: Extract<NodeEvent, { kind: "job" }>): void {
  const { waiting, lastJob } = draft.node;
  const known = [...waiting.map(({ id }) => id), jobOf(draft.node)?.id, lastJob?.id];
  // What nobody has asked for is not worth waiting for.
  if (request.requestedBy.kind === "watchdog" && draft.node.provision.state !== "available") return;
  if (known.includes(request.id) || waiting.length >= mostWaitingJobs) return;
  draft.node = { ...draft.node, waiting: [...waiting, request] };
  draft.notes.push(askedText(request.program, request.requestedBy.name));
}

/** The first that waits begins now. A node that an operator has is tested and set up, and nothing else is done to it. */
export const canBegin = ({ provision: { state }, waiting: [next] }: NodeState): boolean =>
  next !== undefined &&
  (state === "available" || (state === "maintenance" && maintenancePrograms.has(next.program)));

export function startWaitingJob(draft: Draft): void {
  const { provision } = draft.node;
  if (provision.state === "enrolled" && provision.job === null) {
    const id = `${draft.node.id}.inspect.v${draft.node.version}`;
    const by = { kind: "engine", name: "enrolment" } as const;
    become(draft, { state: "enrolled", job: newJob(draft, { id, program: "inspect", target: null, by }) });
    draft.notes.push("inspected before anybody can have it");
    return;
  }
  if (provision.state === "in-use") return startOnNodeInUse(draft, provision);
  if (provision.state === "available") dropForeignCaptures(draft, null);
  const [next, ...rest] = draft.node.waiting;
  if (next === undefined || !canBegin(draft.node)) return;
  // Its image was not read for this look: the next one, which is due at once, begins it.
  if (next.target !== null && next.target.revision !== draft.context.imageFor) return;
  draft.node = { ...draft.node, waiting: rest };
  const job = newJob(draft, {
    id: branded(isJobId, next.id),
    program: next.program,
    target: next.target,
    by: next.requestedBy,
    ...(next.capture === undefined ? {} : { capture: next.capture }),
    order: next.order,
  });
  if (next.program === "capture") {
    become(draft, { state: "capturing", reservation: null, grantedAt: draft.context.now, job });
  } else if (isLight(next.program)) become(draft, { state: "enrolled", job });
  else become(draft, { state: "loading", reservation: null, job });
  draft.notes.push(`${next.program} begins`);
}

const whileInUse: ReadonlySet<Program> = new Set<Program>([
  "power-on",
  "power-off",
  "power-cycle",
  "identify",
  "rescue",
]);

/** Only what a person wants of its power or its light, a rescue, or an image of it: anything else waits until it is given back. */
function startOnNodeInUse(draft: Draft, provision: Extract<Provision, { state: "in-use" }>): void {
  if (provision.job !== null) return;
  if (startCapture(draft)) return;
  const next = draft.node.waiting.find(({ program }) => whileInUse.has(program));
  if (next === undefined) return;
  const { id, program, requestedBy: by, order } = next;
  draft.node = { ...draft.node, waiting: draft.node.waiting.filter((each) => each !== next) };
  become(draft, { ...provision, job: newJob(draft, { id, program, target: null, by, order }) });
  draft.notes.push(`${program} begins`);
}

/** Of a node in use, what its own reservation wants captured, before anybody takes the node back. True: it begins. */
export function startCapture(draft: Draft): boolean {
  const { provision } = draft.node;
  if (provision.state !== "in-use" || provision.job !== null) return false;
  dropForeignCaptures(draft, provision.reservation);
  const next = draft.node.waiting.find(({ program }) => program === "capture");
  if (next?.capture === undefined || next.target?.revision !== draft.context.imageFor) return false;
  const { id, target, capture, requestedBy: by } = next;
  const { reservation, grantedAt } = provision;
  draft.node = { ...draft.node, waiting: draft.node.waiting.filter((each) => each !== next) };
  const job = newJob(draft, { id, program: "capture", target, by, capture });
  become(draft, { state: "capturing", reservation, grantedAt, job });
  draft.notes.push(`its capture begins: it becomes a revision of ${capture.image}`);
  return true;
}

/** What it was asked for is not on the node any more. */
function dropForeignCaptures(draft: Draft, reservation: ReservationId | null): void {
  // The end of each is on record in a transaction of its own.
  if (draft.node.lastJob !== draft.before.lastJob) return;
  for (const each of draft.node.waiting) {
    if (each.capture === undefined || each.capture.reservation === reservation) continue;
    const message = "the node was given to others before its capture could begin";
    const fault = configurationFault("capture-too-late", message);
    const { id, program } = each;
    draft.node = {
      ...draft.node,
      waiting: draft.node.waiting.filter((other) => other !== each),
      lastJob: { id, program, reservation: null, outcome: "abandoned", fault, at: draft.context.now },
    };
    draft.notes.push(`capture ${id} is abandoned: ${message}`);
    return;
  }
}
