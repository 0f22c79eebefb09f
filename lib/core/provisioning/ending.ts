/** How a job ends, and what becomes of its node: handed over, available, loaded anew, or kept out with an issue. */
import type { Fault } from "../fault.ts";
import { become, type Draft } from "../node/draft.ts";
import { type JobRun, jobOf, type Provision, reservationOf } from "../node/node.ts";
import { isLight, type Program } from "../node/programs.ts";
import { spanText } from "../time.ts";
import { endCapture, giveUpCapture } from "./capture.ts";
import { checklistNames, notClean } from "./checklist.ts";
import { openIssue, recordTest } from "./issue.ts";
import { certify, newJob, settle, taint } from "./job.ts";

/** Ends the job without success. A node that is not to blame and untouched goes back; any other is kept out (invariant 5). */
export function giveUp(draft: Draft, fault: Fault): void {
  const job = jobOf(draft.node);
  if (job === null) return;
  if (job.program === "reclaim") return startReload(draft, fault.message);
  if (job.program === "capture") return giveUpCapture(draft, job, fault);
  draft.notes.push(`given up: ${fault.message}`);
  settle(draft, job, "failed", fault);
  const { provision } = draft.node;
  // Its user has it, whatever a person could not do to it.
  if (provision.state === "in-use") return leaveInUse(draft, provision, job);
  if (fault.class !== "node" && isVisit(job.program)) return comeToRest(draft);
  // A machine that cannot be lit up works as well as before; with an image store it has nothing to do.
  const unharmed = job.program === "identify" || job.order?.kind === "collect";
  const usable =
    unharmed || (fault.class !== "node" && !isLight(job.program) && draft.node.disk.taint === null);
  if (usable) {
    become(draft, { state: "available" });
    return;
  }
  draft.correction = "quarantine";
  openIssue(draft, job, fault);
  become(draft, { state: "quarantined", fault });
}

/** Done or not, it is not tried again: what it knows of the others then is as good as it gets. */
function leaveInUse(
  draft: Draft,
  provision: Extract<Provision, { state: "in-use" }>,
  { order }: JobRun,
): void {
  const introduced = order?.kind === "introduce" ? { introducedAt: order.membersAt } : {};
  become(draft, { ...provision, ...introduced, job: null });
}

/** Its failing says nothing about the machine, unless it says so itself. */
const isVisit = (program: Program): boolean =>
  program === "bios" || program === "burn-in" || program === "rescue";

/** After a job that has loaded nothing: whoever a user was on is not free by that (invariant 5). */
function comeToRest(draft: Draft): void {
  const { provision, disk, upkeep } = draft.node;
  if (provision.state === "in-use") return become(draft, { ...provision, job: null });
  if (disk.taint === null) return become(draft, { state: "available" });
  if (upkeep !== null) return become(draft, { state: upkeep.to, reason: upkeep.reason });
  startReload(draft, "a user had been in before it was taken");
}

/** A failed or impossible clean-up ends this job and queues a reload, in the same commit (R38, R40, R41). */
export function startReload(draft: Draft, why: string): void {
  const job = jobOf(draft.node);
  const reservation = reservationOf(draft.node);
  const target = draft.node.disk.taint?.target ?? job?.target ?? null;
  draft.notes.push(`${why}: a reload is queued`);
  if (job !== null) settle(draft, job, "done", null);
  become(draft, {
    state: "loading",
    reservation,
    job: newJob(draft, {
      id: `${job?.id ?? draft.node.id}.reload`,
      program: "reload",
      target,
      by: { kind: "engine", name: "reclaim" },
    }),
  });
}

export function finish(draft: Draft): void {
  const { node } = draft;
  const job = jobOf(node);
  if (job === null) return;
  const { now } = draft.context;
  if (job.failing === undefined) settle(draft, job, "done", null);
  switch (job.program) {
    case "inspect":
      draft.notes.push(
        job.order?.kind === "collect"
          ? `revision ${job.order.revision} was removed from the lab's image store by its agent`
          : "its BMC answers: it can be reserved",
      );
      return comeToRest(draft);
    case "bios":
      draft.notes.push("its firmware is set as its profile wants it");
      return comeToRest(draft);
    case "rescue":
      draft.notes.push("its rescue is over: it boots its own disk");
      return comeToRest(draft);
    case "burn-in":
      recordTest(draft, job);
      draft.notes.push("its burn-in is passed");
      return comeToRest(draft);
    case "identify":
    case "power-on":
    case "power-off":
    case "power-cycle": {
      draft.notes.push(`${job.program} is done`);
      const { provision } = node;
      return become(
        draft,
        provision.state === "in-use" ? { ...provision, job: null } : { state: "available" },
      );
    }
    case "introduce": {
      const { provision } = node;
      if (provision.state === "in-use") leaveInUse(draft, provision, job);
      return;
    }
    case "reload":
      draft.notes.push("loaded anew and proved: it can be reserved again");
      return become(draft, { state: "available" });
    case "reclaim": {
      if (job.stage === "unload") {
        draft.notes.push("unloaded, nothing of it is left: it can be reserved again");
        draft.node = {
          ...draft.node,
          disk: { image: null, revision: null, installation: null, taint: null },
          address: null,
        };
        return become(draft, { state: "available" });
      }
      // Whatever its OS module says: the node is free only on proof (invariant 5).
      const fault = job.target === null ? null : notClean(job.evidence, node.disk, job.target);
      if (fault !== null) return startReload(draft, fault.message);
      draft.notes.push("sanitized, nobody had logged in: it can be reserved again");
      draft.node = { ...draft.node, disk: { ...draft.node.disk, taint: null } };
      certify(draft, "sanitized", checklistNames);
      return become(draft, { state: "available" });
    }
    case "capture":
      return endCapture(draft, job);
    case "provision": {
      const reservation = reservationOf(node);
      if (reservation === null) throw new Error(`node ${node.id}: a provision job without a reservation`);
      if (draft.node.disk.taint === null) taint(draft);
      const { disk } = draft.node;
      draft.node = {
        ...draft.node,
        disk: {
          ...disk,
          taint:
            disk.taint === null
              ? null
              : { ...disk.taint, osBoot: job.evidence.os?.osBoot ?? node.operation.osBoot },
        },
        lastUsedAt: now,
      };
      draft.notes.push(`handed over${cleanliness(draft)}`);
      return become(draft, { state: "in-use", reservation, grantedAt: now, introducedAt: null, job: null });
    }
  }
}

/** What the user who gets the node is told of its past. */
function cleanliness({ node: { certificate }, context: { now } }: Draft): string {
  if (certificate === null) return "";
  const { how, revision, controller, at } = certificate;
  return `: ${how} with revision ${revision} ${spanText(now - at)} ago by ${controller ?? "an unknown controller"}`;
}
