/** Opens an issue in the node's hardware log, with the evidence that there is (R77). */
import { evidenceOf } from "../correction/sighting.ts";
import type { Fault } from "../fault.ts";
import { branded, isIssueId } from "../ids.ts";
import type { Draft } from "../node/draft.ts";
import type { JobRun } from "../node/node.ts";
import type { HardwareIssue } from "../timeline.ts";
import { installationOf } from "./programs.ts";

/** What is to be done about it by people: the node stays out until the issue is closed. */
export function openIssue(draft: Draft, job: JobRun, fault: Fault): void {
  const id = branded(isIssueId, `${job.id}.${job.attempt}`);
  draft.node = { ...draft.node, openIssues: [...draft.node.openIssues.filter((each) => each !== id), id] };
  draft.issue = {
    ...issueOf(draft, job, fault),
    id,
    state: "open",
    blocking: true,
    closedAt: null,
    closedBecause: null,
  };
}

/** What was seen before a reboot is kept, whatever comes of it: afterwards the console says something else (R77). */
export function recordCorrection(draft: Draft, job: JobRun, fault: Fault, rung: string): void {
  draft.issue = {
    ...issueOf(draft, job, fault),
    id: branded(isIssueId, `${job.id}.${job.attempt}.${rung}.${draft.node.correctiveReboots}`),
    state: "closed",
    blocking: false,
    closedAt: draft.context.now,
    closedBecause: `corrected by ${rung}`,
  };
}

type Seen = Omit<HardwareIssue, "id" | "state" | "blocking" | "closedAt" | "closedBecause">;

function issueOf({ node, context }: Draft, job: JobRun, fault: Fault): Seen {
  const { observation } = job.correction;
  const { heard } = job.evidence;
  return {
    node: node.id,
    lab: node.lab,
    version: 1,
    fault,
    evidence: [
      `job ${job.id} (${job.program}), installation ${installationOf(job)}, step ${job.stage}/${job.step}`,
      `phase ${node.operation.phase} since ${node.operation.since}`,
      `power ${node.power.observed}, read at ${node.power.at}`,
      ...(heard === undefined ? [] : [evidenceOf(heard)]),
      ...(observation === null ? [] : [`asked again at ${observation.at}: power ${observation.power}`]),
      ...(observation?.console ?? []).map((line) => `console: ${line}`),
    ],
    openedAt: context.now,
    openedBy: { kind: "engine", name: "correction" },
  };
}
