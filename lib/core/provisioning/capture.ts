/**
 * How a capture ends. Its user goes on working, whatever came of it; only at the end of a reservation is a node whose work
 * could not be saved kept for a person to look at. The revision that it was loaded with is never touched.
 */
import type { Fault } from "../fault.ts";
import { become, type Draft, setJob } from "../node/draft.ts";
import type { JobRun } from "../node/node.ts";
import { isOver } from "../reservation/reservation.ts";
import { openIssue } from "./issue.ts";
import { settle } from "./job.ts";

/** What was changed on it is put back first; a node that does not come back from that goes to its user as it is. */
export function giveUpCapture(draft: Draft, job: JobRun, fault: Fault): void {
  draft.correction = null;
  const { reservation } = draft.context;
  const forNobody = reservation !== null && isOver(reservation);
  if (job.failing === undefined && !forNobody) {
    draft.notes.push(`not captured: ${fault.message}; what was changed on it is put back`);
    setJob(draft, {
      failing: fault,
      step: "",
      command: null,
      retryAt: null,
      infrastructureFaults: 0,
      correction: { ...job.correction, rung: 0, observation: null, budgetAt: null },
    });
    return;
  }
  draft.notes.push(`given up: ${fault.message}`);
  settle(draft, job, "failed", job.failing ?? fault);
  if (forNobody) {
    const reason = `not captured at the end of its reservation, its data is kept: ${fault.message}`;
    return become(draft, { state: "maintenance", reason });
  }
  if (fault.class === "node") openIssue(draft, job, fault);
  leave(draft, { quarantineFor: fault });
}

/** The steps are over: of a failed one, those that bring the node back. */
export function endCapture(draft: Draft, job: JobRun): void {
  const { failing, evidence, capture } = job;
  if (failing !== undefined) {
    draft.notes.push("it is as it was before the capture");
    settle(draft, job, "failed", failing);
  } else if (evidence.captured !== undefined && capture !== undefined) {
    const { content, settings = {} } = evidence.captured;
    draft.captured = { job, order: capture, content, settings };
    draft.notes.push(`captured as a revision of ${capture.image}`);
  }
  leave(draft, { quarantineFor: null });
}

function leave(draft: Draft, { quarantineFor: fault }: { readonly quarantineFor: Fault | null }): void {
  const { provision } = draft.node;
  if (provision.state !== "capturing") return;
  const { reservation, grantedAt } = provision;
  // What it was told of others of its cluster was taken out of it before the capture: it is told anew.
  if (reservation !== null)
    return become(draft, { state: "in-use", reservation, grantedAt, introducedAt: null, job: null });
  become(draft, fault === null ? { state: "available" } : { state: "quarantined", fault });
}
