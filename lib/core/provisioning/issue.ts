/** Opens an issue in the node's hardware log, with the evidence that there is (R77). */
import type { Fault } from "../fault.ts";
import { branded, isIssueId } from "../ids.ts";
import type { Draft } from "../node/draft.ts";
import type { JobRun } from "../node/node.ts";
import { installationOf } from "./programs.ts";

export function openIssue(draft: Draft, job: JobRun, fault: Fault): void {
  const { node } = draft;
  const { observation } = job.correction;
  draft.issue = {
    id: branded(isIssueId, `${job.id}.${job.attempt}`),
    node: node.id,
    lab: node.lab,
    version: 1,
    state: "open",
    blocking: true,
    fault,
    evidence: [
      `job ${job.id} (${job.program}), installation ${installationOf(job)}, step ${job.stage}/${job.step}`,
      `phase ${node.operation.phase} since ${node.operation.since}`,
      `power ${node.power.observed}, read at ${node.power.at}`,
      ...(observation === null ? [] : [`asked again at ${observation.at}: power ${observation.power}`]),
      ...(observation?.console ?? []).map((line) => `console: ${line}`),
    ],
    openedAt: draft.context.now,
    openedBy: { kind: "engine", name: "correction" },
    closedAt: null,
    closedBecause: null,
  };
}
