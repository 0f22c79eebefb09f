/**
 * Look at a node: load it and what its decision depends on, decide, commit the new state with its timeline entry in one
 * conditional transaction, then let the effects out. The only writer of node states (R35).
 */

import { lineKey } from "../contracts/keys.ts";
import { unreachableCode } from "../core/correction/late.ts";
import { overridden } from "../core/correction/policy.ts";
import { isAbandoned, isSilent } from "../core/hands.ts";
import type { ReservationId, RevisionId } from "../core/ids.ts";
import type { JobRecord } from "../core/job-record.ts";
import { decide, type NodeDecision } from "../core/node/decide.ts";
import type { NodeContext } from "../core/node/draft.ts";
import type { NodeEvent } from "../core/node/event.ts";
import { jobOf, type NodeState, reservationOf } from "../core/node/node.ts";
import { isLight } from "../core/node/programs.ts";
import { withLastCommands } from "../core/provisioning/issue.ts";
import { partOf } from "../core/reservation/parts.ts";
import { isFree } from "../core/scheduling/allocate.ts";
import type { Instant } from "../core/time.ts";
import type { Write } from "../ports/store.ts";
import { type App, Contended, decideAgainAtMost } from "./app.ts";
import { registrationOf, removalOf, trialOf } from "./captured.ts";
import { type Dispatched, dispatch } from "./dispatch.ts";
import { learn } from "./learn.ts";
import { armedUntil } from "./timers.ts";

export type Advanced =
  | "changed"
  | "unchanged"
  | "unknown-node"
  | "stale-timer"
  /** It is not as whoever asks has seen it. */
  | "other-version";

/**
 * `seen`: the node as the caller has just read it; it is read again only if somebody else was first.
 * `timer`: the instant that a timer stands for; it is dropped when the node is not due then any more.
 * `also`: written in the same transaction, for instance the record of the job that the event brings.
 */
export async function advanceNode(
  app: App,
  id: string,
  event: NodeEvent,
  {
    seen = null,
    timer = null,
    ifVersion = null,
    also = [],
  }: {
    seen?: NodeState | null;
    timer?: Instant | null;
    ifVersion?: number | null;
    also?: readonly Write[];
  } = {},
): Promise<Advanced> {
  for (let round = 0; round < decideAgainAtMost; round += 1) {
    const node = round === 0 && seen !== null ? seen : await app.store.read("node", id);
    if (node === null) return "unknown-node";
    if (timer !== null && node.due !== timer) return "stale-timer";
    if (ifVersion !== null && node.version !== ifVersion) return "other-version";
    const context = await contextOf(app, node, event);
    const decision = decide(node, event, context);
    if (decision.kind === "nothing") return "unchanged";
    const dispatched = await dispatch(app, decision);
    const { captured } = dispatched.decision;
    const { image, now } = context;
    const made = captured === null ? null : await registrationOf(app, node, captured, image, now);
    const issue = await issueOf(app, node, dispatched.decision);
    const writes = [
      ...writesOf(node, { ...dispatched.decision, issue }, also, made?.revision ?? null),
      ...(made?.writes ?? []),
      ...trialOf(node, dispatched.decision.node, image, now),
      ...(await removalOf(app, node, dispatched.decision.node)),
      ...dispatched.writes,
    ];
    if ((await app.store.commit(writes)) === "conflict") continue;
    log(app, dispatched.decision);
    await effects(app, node, dispatched);
    await learn(app, node, dispatched.decision.node, context.reservation, context.now);
    return "changed";
  }
  throw new Contended(`node ${id} was changed by others ${decideAgainAtMost} times in a row`);
}

async function contextOf(app: App, node: NodeState, event: NodeEvent): Promise<NodeContext> {
  const { store, policy, modules, clock } = app;
  const reservationId: ReservationId | null = reservationOf(node);
  const job = jobOf(node);
  // Of a job that waits, or comes with the event: it may begin in this very look.
  const next = node.waiting[0] ?? (event.kind === "job" ? event.request : null);
  const target = job?.target ?? node.disk.taint?.target ?? (reservationId === null ? next?.target : null);
  const wanted = target?.revision ?? null;
  const [lab, reservation, known, budget, progress] = await Promise.all([
    store.read("lab", node.lab),
    reservationId === null ? null : store.read("reservation", reservationId),
    wanted === null ? null : store.read("revision", wanted),
    store.read("budget", node.lab),
    job?.boot == null ? null : store.read("progress", node.id),
  ]);
  const revision: RevisionId | null =
    wanted ?? (reservation === null ? null : partOf(reservation, node.id).revision);
  const image =
    known ?? (revision === null || wanted !== null ? null : await store.read("revision", revision));
  if (budget === null || lab === null) throw new Error(`lab ${node.lab} of node ${node.id} is not imported`);
  const spec = isBlind(event) ? await store.read("node-spec", node.id) : null;
  const isDueAgain = job?.command != null && clock.now() >= job.command.sendAgainAt;
  const controllers = isDueAgain
    ? await Promise.all(lab.controllers.map((id) => store.read("controller", id)))
    : [];
  return {
    labIsSilent: isSilent(controllers),
    labIsAbandoned: isAbandoned(controllers, clock.now(), policy.abandonMs),
    image,
    lab,
    imageFor: revision,
    reservation,
    policy: overridden(policy, lab.overrides, image?.overrides ?? null),
    modules,
    budget,
    powerDomain: spec?.power.domain ?? null,
    corrects: lab.correction === "act",
    progress,
    now: clock.now(),
  };
}

/** So many transitions are looked through for commands. */
const entriesForIssue = 30;

/** What correction writes in the hardware log says what was done to the node before. People's own words are left as they are. */
async function issueOf(
  { store }: App,
  { id, version }: NodeState,
  { issue }: Commit,
): Promise<Commit["issue"]> {
  if (issue === null || issue.openedBy.kind !== "engine") return issue;
  const from = Math.max(0, version - entriesForIssue);
  return withLastCommands(issue, await store.timeline({ kind: "node", id }, from, entriesForIssue));
}

const isBlind = (event: NodeEvent): boolean =>
  event.kind === "command" && event.result.results.some(({ fault }) => fault?.code === unreachableCode);

type Commit = Extract<NodeDecision, { kind: "commit" }>;

function writesOf(
  before: NodeState,
  { node, entry, budget, issue }: Commit,
  also: readonly Write[],
  revision: RevisionId | null,
): readonly Write[] {
  // One may end in the very look that takes it in.
  const taken = also.flatMap((write) => (write.kind === "job" ? [write.value] : []));
  const ended = endedJob(before, node, taken, revision);
  const begun = taken.some((job) => job.id === ended?.id);
  return [
    { kind: "node", value: node, expect: before.version },
    { kind: "timeline", value: entry, expect: "absent" },
    ...(budget === null ? [] : [{ kind: "budget", value: budget, expect: budget.version - 1 } as const]),
    ...(issue === null ? [] : [{ kind: "issue", value: issue, expect: "any" } as const]),
    ...also.map(
      (write): Write =>
        write.kind === "job" && write.value.id === ended?.id ? { ...write, value: ended } : write,
    ),
    ...(ended === null || begun ? [] : [{ kind: "job", value: ended, expect: "any" } as const]),
  ];
}

/** The record of a job that came from outside gets its end in the transaction that ends it. */
function endedJob(
  before: NodeState,
  { id, lastJob, waiting }: NodeState,
  taken: readonly JobRecord[],
  revision: RevisionId | null,
): JobRecord | null {
  if (lastJob === null || lastJob === before.lastJob) return null;
  const asked = [jobOf(before), ...before.waiting, ...waiting, ...taken].find(
    (job) => job?.id === lastJob.id,
  );
  if (asked == null || !fromOutside(asked.requestedBy.kind)) return null;
  return {
    id: lastJob.id,
    version: 2,
    kind: isLight(lastJob.program) || lastJob.program === "capture" ? lastJob.program : "reload",
    node: id,
    reservation: null,
    requestedBy: asked.requestedBy,
    requestedAt: "requestedAt" in asked ? asked.requestedAt : asked.startedAt,
    state: lastJob.outcome,
    cause: lastJob.fault,
    endedAt: lastJob.at,
    ...(revision === null ? {} : { revision }),
  };
}

const fromOutside = (kind: string): boolean => kind === "message" || kind === "user" || kind === "operator";

async function effects(
  app: App,
  before: NodeState,
  { decision, sending, labIsSilent }: Dispatched,
): Promise<void> {
  const { node, tell } = decision;
  if (sending !== null) app.outbox.send(sending.controller, sending.command);
  const isSoon = node.due !== null && node.due <= armedUntil(app.clock.now());
  if (node.due !== null && isSoon && node.due !== before.due && !labIsSilent) {
    app.outbox.wake({ entity: { kind: "node", id: node.id }, due: node.due, by: "timer", group: node.lab });
  }
  const look = (id: string): void =>
    app.outbox.wake({ entity: { kind: "reservation", id }, due: null, by: "engine", group: node.lab });
  if (tell !== null) look(tell);
  if (isFree(node) && !isFree(before)) {
    const [first] = await app.store.pool(lineKey(node.class), 1);
    if (first !== undefined) look(first);
  }
}

function log(app: App, { entry }: Commit): void {
  const { from, to, why, job, command, reservation, attempt, correction, phase, actor } = entry;
  const write = correction === "quarantine" ? app.log.warn : app.log.info;
  const line = {
    node: entry.entity.id,
    version: entry.sequence,
    from,
    to,
    phase,
    why,
    actor: `${actor.kind} ${actor.name}`,
    reservation,
    job,
    attempt,
    command,
    correction,
  };
  // What there is none of is not paid for.
  write("node", Object.fromEntries(Object.entries(line).filter(([, value]) => value !== null)));
}
