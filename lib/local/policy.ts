/**
 * The policy of the embedded stack. Virtual machines boot in seconds where real ones take minutes, so everything that
 * waits for one is shorter; what is done about a late node, and how often, is as it is everywhere. The spans are some ten
 * times what a virtual node needs on two busy cores.
 */
import { defaultPolicy, type Policy } from "../core/correction/policy.ts";
import { minutes, seconds } from "../core/time.ts";

const boot = { firmware: [seconds(6)], kernel: [seconds(5), seconds(8)], init: [seconds(5), seconds(8)] };

export const localPolicy: Policy = {
  ...defaultPolicy,
  infrastructureRetryMs: seconds(2),
  command: {
    notAfterMs: seconds(30),
    runMs: seconds(60),
    sendAgainMs: seconds(4),
    sendAgainAtMostMs: seconds(15),
  },
  hands: { leaseMs: seconds(5), clockMarginMs: seconds(2) },
  build: {
    firmwareMs: seconds(8),
    noProgressMs: seconds(6),
    overallMs: minutes(5),
    diskBootMs: seconds(8),
  },
  os: { linux: boot, generic: boot, windows: boot },
  osOverallMs: minutes(2),
  budget: { ...defaultPolicy.budget, refillMs: seconds(5), windowMs: seconds(30), intervalMs: seconds(20) },
  blind: { retryMs: seconds(1), giveUpMs: seconds(6), atMostMs: minutes(5) },
  silentMs: seconds(20),
  reservation: {
    ...defaultPolicy.reservation,
    readyWithinMs: minutes(10),
    lookAgainMs: seconds(10),
    leadMs: minutes(1),
    turnaroundMs: minutes(1),
  },
  // On one machine nobody has habits, and each load takes the processor from what somebody waits for.
  readiness: { ...defaultPolicy.readiness, leadAtLeastMs: seconds(10), leadMarginMs: seconds(5), atOnce: 0 },
};
