/** Stopping what is under way on a node: it is ended at its agent, and nothing else begins before it has ended. */
import { after, type Ms } from "../time.ts";
import { type Draft, handsOff, issue, setJob } from "./draft.ts";
import { jobOf } from "./node.ts";

/** What was given to the agent is ended, not waited for; the node's step begins anew when the node is online again. */
export function stopHands(draft: Draft): void {
  if (!fence(draft)) handsOff(draft);
}

/** False: no hand is on the node. Else what its agent was given is being ended, and everything waits for that. */
export function fence(draft: Draft): boolean {
  const command = jobOf(draft.node)?.command ?? null;
  if (command === null) return false;
  if (command.purpose === "fence") return true;
  const { now, policy } = draft.context;
  const isOver = now > after(command.mustEnd, policy.hands.clockMarginMs);
  if (command.to === null || command.sends === 0 || isOver) {
    setJob(draft, { command: null, retryAt: now });
    return false;
  }
  issue(draft, "fence", [{ verb: "fence" }]);
  // By then whatever was under way has ended, whether anybody says so or not.
  const { command: fencing } = jobOf(draft.node) ?? {};
  if (fencing != null) setJob(draft, { command: { ...fencing, mustEnd: command.mustEnd } });
  draft.notes.push(`command ${command.id} is being ended`);
  return true;
}

/** A fence is waited for until the agent says that nothing runs any more, or until everything must have ended. */
export function endFence(draft: Draft): void {
  const command = jobOf(draft.node)?.command;
  const { now, policy } = draft.context;
  if (command?.purpose !== "fence" || now <= after(command.mustEnd, policy.hands.clockMarginMs)) return;
  setJob(draft, { command: null, retryAt: now });
  draft.notes.push("whatever was under way must have ended by now");
  handsOff(draft);
}

/** The clocks of an offline node stand still; what was seen of it before says nothing about it now. */
export function shiftClocks(draft: Draft, stoodMs: Ms): void {
  const job = jobOf(draft.node);
  if (job === null) return;
  const { noProgressBy, overallBy } = job.clocks;
  setJob(draft, {
    clocks: {
      ...job.clocks,
      noProgressBy: after(noProgressBy, stoodMs),
      overallBy: after(overallBy, stoodMs),
    },
    correction: { ...job.correction, observation: null },
  });
}
