/** The record of a job: how it begins, what it leaves on the node, how it ends. */
import type { Fault } from "../fault.ts";
import { branded, isJobId } from "../ids.ts";
import type { Draft } from "../node/draft.ts";
import {
  type Actor,
  type CaptureOrder,
  type Certificate,
  type Evidence,
  type JobRun,
  jobOf,
  type LastJob,
  type Order,
  reservationOf,
  type Target,
} from "../node/node.ts";
import { isAside, type Program } from "../node/programs.ts";

export const noEvidence: Evidence = { answer: null, verified: null, os: null, build: null, fault: null };

export function newJob(
  draft: Draft,
  job: {
    id: string;
    program: Program;
    target: Target | null;
    by: Actor;
    capture?: CaptureOrder;
    order?: Order | undefined;
  },
): JobRun {
  const { now } = draft.context;
  return {
    id: branded(isJobId, job.id),
    program: job.program,
    requestedBy: job.by,
    target: job.target,
    ...(job.capture === undefined ? {} : { capture: job.capture }),
    ...(job.order === undefined ? {} : { order: job.order }),
    startedAt: now,
    attempt: 1,
    boot: null,
    stage: "check",
    step: "",
    stepSince: now,
    spent: {},
    awaits: "",
    clocks: { noProgressBy: now, noProgressMs: 0, overallBy: now },
    command: null,
    evidence: noEvidence,
    hands: null,
    correction: { rung: 0, observation: null, budgetAt: null, late: false },
    infrastructureFaults: 0,
    blindSince: null,
    retryAt: null,
    proved: false,
  };
}

/** Before access is granted, not after: a node that a user may have touched is never handed out without proof (invariant 5). */
export function taint(draft: Draft): void {
  const { reservation, now } = draft.context;
  const target = jobOf(draft.node)?.target ?? null;
  if (reservation === null || target === null) return;
  draft.node = {
    ...draft.node,
    disk: {
      ...draft.node.disk,
      taint: {
        reservation: reservation.id,
        target,
        user: reservation.user,
        since: now,
        osBoot: draft.node.disk.taint?.osBoot ?? null,
        loggedInAt: null,
      },
    },
  };
}

/** The node is proved clean, by whoever did the job's last command. */
export function certify(draft: Draft, how: Certificate["how"], proved: readonly string[]): void {
  const job = jobOf(draft.node);
  const { image, revision } = draft.node.disk;
  if (job === null || image === null || revision === null) return;
  const controller = job.command?.to?.controller ?? job.hands;
  const at = draft.context.now;
  draft.node = {
    ...draft.node,
    certificate: { how, image, revision, at, job: job.id, controller, proved },
  };
}

export function settle(draft: Draft, job: JobRun, outcome: LastJob["outcome"], fault: Fault | null): void {
  draft.node = {
    ...draft.node,
    lastJob: {
      id: job.id,
      program: job.program,
      // What a person did to a node in use is nothing that its reservation has lost or got by.
      reservation: isAside(job.program) ? null : reservationOf(draft.node),
      outcome,
      fault,
      at: draft.context.now,
    },
  };
  draft.tellReservation = true;
}
