/**
 * Gives the command of a decision to one of the lab's controllers, before the commit: who has it is stored with the node
 * and with the lease of its power domain, in the transaction that makes it due. Power settings are read now, so that a
 * changed setting holds from the next command on (R49).
 */
import { leaseId } from "../contracts/keys.ts";
import type { Command, CommandTarget } from "../core/command.ts";
import { type Assigned, assign, type HandsPolicy, isSilent, prolonged } from "../core/hands.ts";
import type { ControllerId } from "../core/ids.ts";
import { dueOf, type NodeDecision } from "../core/node/decide.ts";
import { jobOf, type NodeSpec, type NodeState, type Outstanding } from "../core/node/node.ts";
import { after, type Instant, spanText } from "../core/time.ts";
import type { Write } from "../ports/store.ts";
import type { App } from "./app.ts";

type Commit = Extract<NodeDecision, { kind: "commit" }>;

export interface Dispatched {
  readonly decision: Commit;
  readonly writes: readonly Write[];
  /** To be sent after the commit. Null: not now. */
  readonly sending: { readonly controller: ControllerId; readonly command: Command } | null;
  /** None of the lab's controllers can be reached: whoever finds one back looks at its nodes, no timer does. */
  readonly labIsSilent: boolean;
}

export async function dispatch(app: App, decision: Commit): Promise<Dispatched> {
  const { node, send } = decision;
  if (send === null) return { decision, writes: [], sending: null, labIsSilent: false };
  const [spec, lab] = await Promise.all([
    app.store.read("node-spec", node.id),
    app.store.read("lab", node.lab),
  ]);
  if (spec === null || lab === null)
    throw new Error(`node ${node.id} has no specification, or its lab is gone`);
  const { domain } = spec.power;
  const [stored, ...known] = await Promise.all([
    app.store.read("lease", leaseId(node.lab, domain)),
    ...lab.controllers.map((id) => app.store.read("controller", id)),
  ]);
  const now = app.clock.now();
  if (isSilent(known)) {
    const sendAgainAt = after(now, app.policy.command.sendAgainMs);
    const waits = send.to === null ? { ...send, sends: 0, sendAgainAt } : { ...send, sendAgainAt };
    const why = `lab ${node.lab} is silent: sent when one of its controllers is back`;
    return { decision: withCommand(decision, waits, why), writes: [], sending: null, labIsSilent: true };
  }
  const policy = handsPolicy(app);
  const silent = send.to !== null && now > after(send.mustEnd, policy.clockMarginMs);
  const keeps = send.to !== null && !silent;
  const assigned: Assigned = assign({
    lab: node.lab,
    domain,
    controllers: known.filter((each) => each !== null),
    lease: stored,
    now,
    policy,
    silent,
  });
  const command = (outstanding: Outstanding, to: NonNullable<Outstanding["to"]>): Command => ({
    id: outstanding.id,
    node: node.id,
    lab: node.lab,
    journal: to.journal,
    epoch: outstanding.epoch,
    notAfter: outstanding.notAfter,
    mustEnd: outstanding.mustEnd,
    actions: outstanding.actions,
    target: targetOf(spec),
  });
  if (keeps && send.to !== null) {
    return {
      decision,
      writes: [],
      sending: { controller: send.to.controller, command: command(send, send.to) },
      labIsSilent: false,
    };
  }
  if (!assigned.assigned) {
    const waits = { ...send, sends: 0, sendAgainAt: after(now, app.policy.command.sendAgainMs) };
    const decided = withCommand(decision, waits, assigned.why);
    return { decision: decided, writes: [], sending: null, labIsSilent: false };
  }
  const { controller, journal, at, lease } = assigned;
  if (silent && at > now && send.to !== null) {
    return {
      decision,
      writes: [],
      sending: { controller: send.to.controller, command: command(send, send.to) },
      labIsSilent: false,
    };
  }
  // Never sent so far: its times begin when it can be sent. Sent to one that is silent: the other is to find it too late.
  const given: Outstanding = {
    ...(send.to === null ? timed(app, send, at) : send),
    to: { controller, journal },
    ...(at > now ? { sends: 0, sendAgainAt: at } : {}),
  };
  const write = prolonged({ lease, stored, mustEnd: given.mustEnd }, policy);
  const moved = stored !== null && stored.owner !== controller;
  const why = [
    ...(moved ? [`power domain ${domain} is handed from ${stored.owner} to ${controller}`] : []),
    ...(at > now ? [`its hands are free in ${spanText(at - now)}`] : []),
  ].join("; ");
  return {
    decision: withCommand(decision, given, why),
    writes:
      write === null
        ? []
        : [{ kind: "lease", value: write, expect: stored === null ? "absent" : stored.version }],
    sending:
      at > now || given.to === null ? null : { controller, command: command(given, { controller, journal }) },
    labIsSilent: false,
  };
}

/** What a command for a node says of where the node is to be found. */
export const targetOf = ({ macs, power, console: serial }: NodeSpec): CommandTarget =>
  serial === undefined
    ? { macs, power }
    : { macs, power, console: { options: {}, credential: null, ...serial } };

/** How long hands may be busy with what they were given. */
export const handsPolicy = ({ policy: { hands, command } }: App): HandsPolicy => ({
  ...hands,
  commandMs: command.notAfterMs + command.runMs,
});

function timed({ policy: { command } }: App, send: Outstanding, at: Instant): Outstanding {
  const notAfter = after(at, command.notAfterMs);
  return {
    ...send,
    notAfter,
    // A fence is over when what it ends must have ended.
    mustEnd: send.purpose === "fence" ? send.mustEnd : after(notAfter, command.runMs),
    sendAgainAt: after(at, command.sendAgainMs),
  };
}

function withCommand(decision: Commit, command: Outstanding, why: string): Commit {
  const { provision } = decision.node;
  const job = jobOf(decision.node);
  if (job === null || !("job" in provision))
    throw new Error(`node ${decision.node.id} has no job to command for`);
  const given: NodeState = { ...decision.node, provision: { ...provision, job: { ...job, command } } };
  const { entry } = decision;
  return {
    ...decision,
    node: { ...given, due: dueOf(given) },
    entry: why === "" ? entry : { ...entry, why: `${entry.why}; ${why}` },
    send: command,
  };
}
