/**
 * What a node's lateness means for its lab: it is noted when it is found, taken back when the node gives a sign of life.
 * And what is done about a node of which nothing can be known, because its BMC does not answer: nothing, for a while.
 */
import { budgetOf, type Draft, setJob } from "../node/draft.ts";
import { jobOf } from "../node/node.ts";
import { after, spanText } from "../time.ts";
import { domainIsSuspect, foundBlind, foundLate, foundSeeing, recovered } from "./budget.ts";

/** As drivers call a BMC that does not answer (lib/drivers/power/driver.ts). */
export const unreachableCode = "bmc-unreachable";

export function markLate(draft: Draft): void {
  const job = jobOf(draft.node);
  if (job === null || job.correction.late) return;
  const { policy, now } = draft.context;
  const before = budgetOf(draft);
  draft.budget = foundLate(before, policy.budget, draft.node.id, now);
  if (before.suspect === null && draft.budget.suspect !== null) {
    draft.notes.push(
      `${draft.budget.late.length} of ${before.nodes} nodes of lab ${before.lab} are late: the lab is suspect, not they`,
    );
  }
  setJob(draft, { correction: { ...job.correction, late: true } });
}

export function signOfLife(draft: Draft): void {
  const job = jobOf(draft.node);
  if (job === null || !job.correction.late) return;
  const { policy, now } = draft.context;
  const before = budgetOf(draft);
  draft.budget = recovered(before, policy.budget, draft.node.id, now);
  if (before.suspect !== null && draft.budget.suspect === null)
    draft.notes.push(`lab ${before.lab} is not suspect any more`);
  setJob(draft, { correction: { ...job.correction, late: false } });
}

/**
 * The BMC does not answer. `wait`: it is asked again at the instant that is returned. `give up`: for long enough, and neither
 * its lab nor its power domain is suspect, so it is this node's own; or for so long that nobody can wait any more.
 */
export function waitBlindly(
  draft: Draft,
): { verdict: "wait"; until: ReturnType<typeof after> } | { verdict: "give up" } {
  const job = jobOf(draft.node);
  const { now, policy } = draft.context;
  const since = job?.blindSince ?? now;
  markLate(draft);
  if (job !== null) setJob(draft, { blindSince: since });
  const suspect = whoIsSuspect(draft);
  const { giveUpMs, atMostMs, retryMs } = policy.blind;
  const patienceMs = suspect === null ? giveUpMs : Math.max(giveUpMs, atMostMs);
  if (now - since >= patienceMs) return { verdict: "give up" };
  const why = `${suspect === null ? "" : `${suspect}: `}given up after ${spanText(patienceMs)}`;
  draft.notes.push(`its BMC has told nothing for ${spanText(now - since)}: asked again (${why})`);
  return { verdict: "wait", until: after(now, retryMs) };
}

/** Whose fault it is that the node cannot be asked, where it is not its own. */
function whoIsSuspect(draft: Draft): string | null {
  const { now, policy, powerDomain } = draft.context;
  const before = budgetOf(draft);
  if (powerDomain !== null) {
    const found = foundBlind(before, policy.budget, { node: draft.node.id, domain: powerDomain }, now);
    if (found !== before) draft.budget = found;
    if (domainIsSuspect(found, policy.budget, powerDomain, now)) {
      if (!domainIsSuspect(before, policy.budget, powerDomain, now))
        draft.notes.push(
          `power domain ${powerDomain} does not answer for several nodes: it is suspect, not they`,
        );
      return "its power domain is suspect";
    }
  }
  return before.suspect === null ? null : "its lab is suspect";
}

/** Its BMC has answered. */
export function seesAgain(draft: Draft): void {
  const before = budgetOf(draft);
  const seeing = foundSeeing(before, draft.node.id);
  if (seeing !== before) draft.budget = seeing;
  setJob(draft, { blindSince: null });
}
