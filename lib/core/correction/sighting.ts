/**
 * What a node's console said, and what is made of it (field.md row 57). A node whose console says that it will not go on is
 * late now, whatever its clocks say: it is looked at, and corrected by its ladder and out of its lab's budget like any other
 * late node. What belongs to another boot or installation, or is older than what the node was seen doing, is history; so is
 * what has been told before. Level-triggered: the word is kept with the job, and asked for whenever a clock is wound.
 */
import type { Sighting, Trouble } from "../console/console.ts";
import { type Fault, nodeFault } from "../fault.ts";
import { type Draft, setJob } from "../node/draft.ts";
import { type Heard, type JobRun, jobOf, type NodeState } from "../node/node.ts";
import { installationOf } from "../provisioning/programs.ts";
import { after, type Instant, type Ms } from "../time.ts";

export function foldSighting(draft: Draft, { node: _, ...heard }: Sighting): void {
  const job = jobOf(draft.node);
  // The machine of somebody who uses it is his own.
  if (job === null || draft.node.provision.state === "in-use") return;
  if (!counts(heard.means, heard, job) || !isCurrent(draft.node, job, heard)) return;
  const known = job.evidence.heard;
  if (known !== undefined && isCurrent(draft.node, job, known) && known.at >= heard.at) return;
  setJob(draft, {
    evidence: { ...job.evidence, heard },
    clocks: { ...job.clocks, noProgressBy: earlier(job.clocks.noProgressBy, draft.context.now) },
  });
  draft.notes.push(`its console tells of ${words(heard)}`);
  draft.evidence = evidenceOf(heard);
}

const earlier = (a: Instant, b: Instant): Instant => (a < b ? a : b);

/** An installer is listened to only while it is booted: what it has written may be talked of later. */
function counts(means: Trouble, { boot }: Pick<Heard, "boot">, { stage }: JobRun): boolean {
  switch (means) {
    case "dead":
    case "no-boot-device":
      return true;
    case "install-failed":
      return stage === "load" && boot !== null;
  }
}

function isCurrent({ operation, disk }: NodeState, job: JobRun, heard: Heard): boolean {
  const known = [installationOf(job), disk.installation];
  if (!known.includes(heard.installation)) return false;
  return (heard.boot === null || heard.boot === job.boot) && heard.at >= operation.evidenceAt;
}

/** Why the node will not go on by itself, in its console's own words; null: nothing of that kind was heard of this boot. */
export function troubleOf(node: NodeState): Heard | null {
  const job = jobOf(node);
  const heard = job?.evidence.heard;
  return job === null || heard === undefined || !isCurrent(node, job, heard) ? null : heard;
}

/** When a step that is begun, or has given a sign of life, is late: at once, where its console says that no more will come. */
export const progressBy = ({ node, context: { now } }: Draft, noProgressMs: Ms): Instant =>
  troubleOf(node) === null ? after(now, noProgressMs) : now;

/** A reset brings back nothing that is not on the disk, and no installer that has given up: those are loaded again. */
export const needsLoad = (node: NodeState): boolean => {
  const means = troubleOf(node)?.means;
  return means === "no-boot-device" || means === "install-failed";
};

/** What a console prints may be secret: it is evidence, which stays, and no part of a sentence that others hear. */
export const faultOfTrouble = (heard: Heard): Fault =>
  nodeFault(heard.pattern, `its console tells of ${words(heard)}`);

export const evidenceOf = ({ line }: Pick<Heard, "line">): string => `${consoleSaid}${line}`;
const consoleSaid = "its console said: ";

/** For whoever has the node but may not read all of its timeline: somebody before him may have left what it prints. */
export const withoutConsole = (evidence: string | null): string | null =>
  evidence?.startsWith(consoleSaid) === true
    ? "what its console said: operators find it in its timeline"
    : evidence;

const words = ({ pattern }: Heard): string => pattern.replaceAll("-", " ");
