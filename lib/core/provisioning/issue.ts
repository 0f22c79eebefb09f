/** Opens an issue in the node's hardware log, with the evidence that there is (R77). */
import { evidenceOf } from "../correction/sighting.ts";
import type { Fault } from "../fault.ts";
import { branded, isIssueId } from "../ids.ts";
import type { Draft } from "../node/draft.ts";
import type { JobRun } from "../node/node.ts";
import type { HardwareIssue, TimelineEntry } from "../timeline.ts";
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

/** A test that was passed is on record too: when, and what was seen. */
export function recordTest(draft: Draft, job: JobRun): void {
  const passed = { class: "node", code: "burn-in", message: "a burn-in of the machine" } as const;
  draft.issue = {
    ...issueOf(draft, job, passed),
    id: branded(isIssueId, `${job.id}.${job.attempt}.passed`),
    state: "closed",
    blocking: false,
    closedAt: draft.context.now,
    closedBecause: "passed",
  };
}

const mostCommands = 8;

/** With what was done to the node before: the last of its commands that an agent answered, the latest last. */
export const withLastCommands = (issue: HardwareIssue, before: readonly TimelineEntry[]): HardwareIssue => ({
  ...issue,
  evidence: [
    ...issue.evidence,
    ...before
      .flatMap(({ at, actor, command, evidence }) =>
        command !== null && evidence !== null && actor.kind === "agent"
          ? [`command ${command}, answered at ${at}: ${evidence}`]
          : [],
      )
      .slice(-mostCommands),
  ],
});

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
      ...(job.evidence.test?.findings ?? []).map((line) => `test: ${line}`),
      ...(observation?.console ?? []).map((line) => `console: ${line}`),
    ],
    openedAt: context.now,
    openedBy: { kind: "engine", name: "correction" },
  };
}
