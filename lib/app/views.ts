/** What people see of nodes and reservations: the state in their words, nothing computed that is not in it. */

import { classKey, experienceId, lineKey } from "../contracts/keys.ts";
import type { ReservationSummary, ReservationView } from "../contracts/reservation-views.ts";
import type { NodeProgress, Ref } from "../contracts/stored.ts";
import type { LabView, NodeView } from "../contracts/views.ts";
import type { Budget } from "../core/correction/budget.ts";
import { type Proposal, proposalsOf } from "../core/correction/report.ts";
import {
  type Answer,
  explainNeeds,
  explainNode,
  explainReboots,
  explainReservation,
} from "../core/explain.ts";
import type { Lab } from "../core/lab.ts";
import { jobOf, type NodeState, reservationOf } from "../core/node/node.ts";
import { type Arrival, arrivalOf } from "../core/prediction/arrival.ts";
import { partOf, partsOf } from "../core/reservation/parts.ts";
import type { Reservation } from "../core/reservation/reservation.ts";
import { type Instant, spanText } from "../core/time.ts";
import type { TimelineEntry } from "../core/timeline.ts";
import type { Store } from "../ports/store.ts";
import type { App } from "./app.ts";

export function nodeView(node: NodeState, progress: NodeProgress | null): NodeView {
  const { administrative, operation, power, disk, provision } = node;
  const job = jobOf(node);
  const moves = job?.step === "write-image" || job?.step === "read-disk";
  const writing = progress !== null && moves && progress.boot === job.boot ? progress : null;
  return {
    id: node.id,
    lab: node.lab,
    class: node.class,
    tags: node.tags,
    capacity: node.capacity,
    version: node.version,
    state: provision.state,
    last: node.last,
    since: node.since,
    administrative: {
      state: administrative.state,
      reason: administrative.reason,
      by: `${administrative.actor.kind} ${administrative.actor.name}`,
      since: administrative.since,
      handsOffAt: administrative.handsOffAt,
    },
    phase: { name: operation.phase, since: operation.since },
    power,
    image: disk.image,
    revision: disk.revision,
    certificate: node.certificate,
    reservation: reservationOf(node),
    job:
      job === null
        ? null
        : {
            id: job.id,
            program: job.program,
            attempt: job.attempt,
            step: job.step,
            awaits: job.awaits,
            since: job.stepSince,
            until: node.due ?? job.clocks.noProgressBy,
            command: job.command?.id ?? null,
            correcting: job.command !== null && job.command.purpose !== "step" ? job.command.purpose : null,
            doneBytes: writing?.doneBytes ?? null,
            totalBytes: writing?.totalBytes ?? null,
          },
    loan: node.loan,
    upkeep:
      node.upkeep === null
        ? null
        : {
            to: node.upkeep.to,
            reason: node.upkeep.reason,
            until: node.upkeep.until,
            by: `${node.upkeep.actor.kind} ${node.upkeep.actor.name}`,
            since: node.upkeep.since,
          },
    bios:
      node.bios === null ? null : { profile: node.bios.profile, at: node.bios.at, drift: node.bios.drift },
    correctiveReboots: node.correctiveReboots,
    openIssues: node.openIssues,
    fault: provision.state === "quarantined" ? provision.fault.message : null,
  };
}

/** Null: there is no such lab. */
export async function viewLab(store: Store, id: string): Promise<LabView | null> {
  const lab = await store.read("lab", id);
  return lab === null ? null : ((await viewLabs(store, [lab]))[0] ?? null);
}

/** With what stands beside them: read for all of them at once. */
export async function viewLabs(store: Store, labs: readonly Lab[]): Promise<readonly LabView[]> {
  const [budgets, controllers] = await Promise.all([
    store.readMany(
      "budget",
      labs.map(({ id }) => id),
    ),
    store.readMany(
      "controller",
      labs.flatMap((lab) => lab.controllers),
    ),
  ]);
  const reachable = new Map(controllers.map((each) => [each.id, each.reachable]));
  const budgetOf = new Map(budgets.map((each) => [each.lab, each]));
  return labs.flatMap((lab) => {
    const budget = budgetOf.get(lab.id);
    return budget === undefined ? [] : [labView(lab, budget, reachable)];
  });
}

const labView = (
  { id, correction, controllers }: Lab,
  { nodes, late, tokens, suspect }: Budget,
  reachable: ReadonlyMap<string, boolean>,
): LabView => ({
  id,
  nodes,
  correction,
  controllers: controllers.map((each) => {
    const answers = reachable.get(each);
    return { id: each, state: answers === undefined ? "never reported" : answers ? "reachable" : "silent" };
  }),
  late: late.map(({ node }) => node),
  tokens: Math.floor(tokens),
  suspect:
    suspect === null
      ? null
      : { since: suspect.since, allowance: suspect.allowance, onProbation: suspect.canaries },
});

const timelinePage = 1000;

/**
 * What correction would have done to the nodes of a lab that only observes, and what came of them, some nodes at a time.
 * Null: there is no such lab.
 */
export async function viewProposals(
  store: Store,
  lab: string,
  limit: number,
  from: string | null,
): Promise<{ readonly proposals: readonly Proposal[]; readonly next: string | null } | null> {
  if ((await store.read("lab", lab)) === null) return null;
  const { items, next } = await store.list("node", limit, from);
  const own = items.filter((node) => node.lab === lab);
  const proposals: Proposal[] = [];
  for (const { id } of own) {
    const entries: TimelineEntry[] = [];
    for (let after = 0, more = true; more; ) {
      const page = await store.timeline({ kind: "node", id }, after, timelinePage);
      entries.push(...page);
      after = page.at(-1)?.sequence ?? after;
      more = page.length === timelinePage;
    }
    proposals.push(...proposalsOf(entries));
  }
  return { proposals, next };
}

/** Null: there is no such node or reservation. */
export async function viewAnswers(
  { store, clock }: Pick<App, "store" | "clock">,
  kind: "node" | "reservation",
  id: string,
): Promise<{ readonly answers: readonly Answer[] } | null> {
  const now = clock.now();
  const entity = await store.read(kind, id);
  if (entity === null) return null;
  const entries = await lately(store, { kind, id }, entity.version);
  if ("provision" in entity) return { answers: explainNode(entity, entries, now) };
  const nodes = await store.readMany("node", entity.nodes);
  const answers = explainReservation(entity, nodes, entries, now);
  const [when, why, reboots] = await Promise.all([
    turn(store, entity, nodes, now),
    shortage(store, entity, nodes.length),
    rebootsOf(store, entity, nodes, now),
  ]);
  return { answers: [...answers, ...when, ...(why === null ? [] : [why]), ...reboots] };
}

/** So many nodes of a reservation are asked why they were rebooted: those first that were most often. */
const nodesAsked = 10;

async function rebootsOf(
  store: Store,
  { id }: Reservation,
  nodes: readonly NodeState[],
  now: Instant,
): Promise<readonly Answer[]> {
  const asked = nodes.toSorted((a, b) => b.correctiveReboots - a.correctiveReboots).slice(0, nodesAsked);
  const found = await Promise.all(
    asked.map(async (node) =>
      explainReboots(node.id, id, await lately(store, { kind: "node", id: node.id }, node.version), now),
    ),
  );
  return found.flat();
}

/** When it will be ready, as far as that can be said; nothing of one that is ready or over. */
async function turn(
  store: Store,
  reservation: Reservation,
  nodes: readonly NodeState[],
  now: Instant,
): Promise<readonly Answer[]> {
  const { state, asap, readyBy } = reservation;
  if (state !== "new" && state !== "loading") return [];
  const [arrival, position] = await Promise.all([
    viewArrival(store, reservation, nodes, now),
    positionOf(store, reservation),
  ]);
  const line = position === null || !asap ? "" : `; it is number ${position} in line for its class`;
  const span = (at: Instant): string => spanText(Math.max(0, at - now));
  const answer =
    arrival === null
      ? "nobody can say yet: it has no place, or too few loads of its image were seen"
      : `in ${span(arrival.at)} as a rule, in ${span(arrival.latest)} but for one in fifty`;
  return [
    {
      question: "when will it be ready?",
      answer: `${answer}${line}`,
      evidence: arrival === null ? null : "what loads of its images took on nodes of its class",
      until: readyBy,
    },
  ];
}

/** So many nodes of a class are looked at. */
const mostOfClass = 200;

/** Why one that waits may have to wait long: what its class has of what it needs. Null: it needs nothing, or has it. */
async function shortage(store: Store, reservation: Reservation, held: number): Promise<Answer | null> {
  const { state, class: nodeClass, needs, count } = reservation;
  if (needs === undefined || held >= count || (state !== "new" && state !== "loading")) return null;
  const nodes = await store.readMany("node", await store.pool(classKey(nodeClass), mostOfClass));
  const capacities = nodes.map(({ capacity }) => capacity);
  return explainNeeds(nodeClass, needs, capacities);
}

/** What was decided lately is what people ask about. */
const recentEntries = 50;

const lately = (store: Store, entity: Ref, version: number): Promise<readonly TimelineEntry[]> =>
  store.timeline(entity, Math.max(0, version - recentEntries), recentEntries);

export async function viewNode(store: Store, id: string): Promise<NodeView | null> {
  const node = await store.read("node", id);
  return node === null ? null : ((await viewNodes(store, [node]))[0] ?? null);
}

/** With how far those that are being written have come: one read for all of them, none where nothing is written. */
export async function viewNodes(store: Store, nodes: readonly NodeState[]): Promise<readonly NodeView[]> {
  const writing = nodes.filter((node) => jobOf(node)?.boot != null).map(({ id }) => id);
  const progress = writing.length === 0 ? [] : await store.readMany("progress", writing);
  const byNode = new Map(progress.map((each) => [each.node, each]));
  return nodes.map((node) => nodeView(node, byNode.get(node.id) ?? null));
}

/** So many who wait are counted. */
const mostInLine = 1000;

/** How many stand before it, and itself; null: it does not wait for nodes, or further back than is counted. */
async function positionOf(
  store: Store,
  { id, class: nodeClass, state }: Reservation,
): Promise<number | null> {
  if (state !== "new") return null;
  const at = (await store.pool(lineKey(nodeClass), mostInLine)).indexOf(id);
  return at < 0 ? null : at + 1;
}

/** What the reservation itself says. */
export const summaryOf = (reservation: Reservation): ReservationSummary => ({
  id: reservation.id,
  version: reservation.version,
  owner: reservation.owner,
  project: reservation.project,
  image: reservation.image,
  revision: reservation.revision,
  roles: reservation.roles,
  class: reservation.class,
  ...(reservation.needs === undefined ? {} : { needs: reservation.needs }),
  count: reservation.count,
  state: reservation.state,
  last: reservation.last,
  since: reservation.since,
  createdAt: reservation.createdAt,
  start: reservation.start,
  end: reservation.end,
  placed: reservation.nodes.length === 0 ? reservation.placed : [],
  readyAt: reservation.readyAt,
  endedAt: reservation.endedAt,
  cause:
    reservation.cause === null ? null : { code: reservation.cause.code, message: reservation.cause.message },
  correctiveReboots: reservation.correctiveReboots,
  nodes: reservation.nodes,
});

/** From one read of what was learned, while there is something to wait for. */
export async function viewArrival(
  store: Pick<Store, "readMany">,
  reservation: Reservation,
  nodes: readonly NodeState[],
  now: Instant,
): Promise<Arrival | null> {
  const { state, class: nodeClass } = reservation;
  if (state !== "new" && state !== "loading") return null;
  const images = [...new Set(partsOf(reservation).map(({ image }) => image))];
  const ids = new Map(images.map((image) => [experienceId(nodeClass, image), image]));
  const read = await store.readMany("experience", [...ids.keys()]);
  const experiences = new Map(
    read.flatMap((each) => {
      const image = ids.get(each.id);
      return image === undefined ? [] : [[image, each] as const];
    }),
  );
  return arrivalOf(reservation, nodes, experiences, now);
}

export async function viewReservation(
  { store, clock }: Pick<App, "store" | "clock">,
  reservation: Reservation,
): Promise<ReservationView> {
  const now = clock.now();
  const nodes = await store.readMany("node", reservation.nodes);
  const handedOver = reservation.state === "reserved" || reservation.state === "in-use";
  const { user } = reservation;
  return {
    ...summaryOf(reservation),
    position: await positionOf(store, reservation),
    expected: await viewArrival(store, reservation, nodes, now),
    nodes: await viewNodes(store, nodes),
    connections: nodes.flatMap((node) => {
      const mine = handedOver && node.provision.state === "in-use" && reservationOf(node) === reservation.id;
      // The address is cleared when a load begins, so one that is there was read after the last load (R30).
      return mine && node.address !== null
        ? [{ node: node.id, role: partOf(reservation, node.id).role, address: node.address.value, user }]
        : [];
    }),
  };
}
