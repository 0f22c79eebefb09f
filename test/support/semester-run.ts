/**
 * A semester served by the decisions alone: the shipped placing and choosing, what loads have taught, and one of the ways
 * to preload. Nodes take the workload's times and never fail. Everybody sees the same people and the same luck.
 */
import { type Calendar, emptyCalendar, periodsOf, withoutEnded } from "../../lib/core/calendar/calendar.ts";
import { defaultPolicy, type Policy } from "../../lib/core/correction/policy.ts";
import * as ids from "../../lib/core/ids.ts";
import { jobOf, type NodeState, type Target } from "../../lib/core/node/node.ts";
import { expected } from "../../lib/core/prediction/demand.ts";
import {
  type Experience,
  type Lesson,
  leadFor,
  noExperience,
  taught,
} from "../../lib/core/prediction/experience.ts";
import { preloads, running } from "../../lib/core/prediction/preload.ts";
import { decideReservation } from "../../lib/core/reservation/decide.ts";
import type { ReservationDecision, ReservationEvent } from "../../lib/core/reservation/decision.ts";
import { needsPlace, preparesAt } from "../../lib/core/reservation/placing.ts";
import type { Reservation } from "../../lib/core/reservation/reservation.ts";
import { choose, isFree } from "../../lib/core/scheduling/allocate.ts";
import { after, type Instant, instant } from "../../lib/core/time.ts";
import { aReservation, timer, World } from "../core/world.ts";
import { random } from "../sim/random.ts";
import { loadTime, type Request, type Semester, semesterNodes } from "./workload.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

export interface Way {
  readonly name: string;
  /** `kept`: a node keeps what was last on it, and who finds nothing gets the least recently used. */
  readonly preload: "kept" | "predicted";
  readonly lead: "learned" | "fixed";
}

export interface Served {
  readonly request: Request;
  /** After the start, or after asking; null: never. */
  readonly waitMs: number | null;
  /** All its nodes had the image running when they were claimed. */
  readonly preloaded: boolean;
  /** It wanted nodes now, and there was none that it could have for its whole time: it waited for one first. */
  readonly waitedForNodes: boolean;
  /** Its nodes stood ready for so long before its start, all together. */
  readonly earlyMs: number;
  /** A fixed time that nobody could promise: he knew it at once. */
  readonly refused: boolean;
}

export interface Run {
  readonly served: readonly Served[];
  readonly loads: { readonly forUsers: number; readonly afterUse: number; readonly ahead: number };
}

const policy: Policy = {
  ...defaultPolicy,
  reservation: { ...defaultPolicy.reservation, lookAgainMs: hour },
};
const { turnaroundMs, leadMs: usualLeadMs, readyWithinMs } = policy.reservation;
/** So many nodes with an image are known of by name. */
const mostInStock = 8;
/** The shipped watchdog looks every minute. */
const lookMs = 5 * minute;

const targetOf = (name: string): Target => ({
  image: ids.branded(ids.isImageId, name),
  revision: ids.branded(ids.isRevisionId, `${name}:1`),
});

/** What a node looks like that is at rest, and a job on one. */
const sample = (() => {
  const { node } = new World().makeAvailable();
  const busy = new World().makeAvailable().claimFor();
  busy.look();
  const job = jobOf(busy.node);
  if (job === null) throw new Error("a claimed node has no job");
  return { node, job };
})();

class SemesterRun {
  private now: Instant = instant(1);
  private readonly nodes = new Map<ids.NodeId, NodeState>();
  private readonly calendars = new Map<string, Calendar>();
  private readonly reservations = new Map<ids.ReservationId, Reservation>();
  private readonly requests = new Map<ids.ReservationId, Request>();
  private readonly line = new Set<ids.ReservationId>();
  private readonly atOnce = new Set<ids.ReservationId>();
  private readonly missed = new Set<ids.ReservationId>();
  private readonly experiences = new Map<ids.ImageId, Experience>();
  private readonly loads = { forUsers: 0, afterUse: 0, ahead: 0 };
  /** The latest first. */
  private readonly agenda: { readonly at: number; readonly act: () => void }[] = [];

  private readonly semester: Semester;
  private readonly way: Way;

  constructor(semester: Semester, way: Way) {
    this.semester = semester;
    this.way = way;
    for (let index = 0; index < semesterNodes; index += 1) {
      const id = ids.branded(ids.isNodeId, `node-${String(index).padStart(2, "0")}`);
      this.nodes.set(id, { ...sample.node, id });
    }
  }

  run(): Run {
    const { requests } = this.semester;
    const [begin, end] = [requests[0]?.askedAt ?? 1, requests.at(-1)?.askedAt ?? 1];
    for (const request of requests) this.at(request.askedAt, () => this.ask(request));
    if (this.way.preload === "predicted")
      for (let at = begin; at <= end; at += lookMs) this.at(at, () => this.preload());
    for (let next = this.agenda.pop(); next !== undefined; next = this.agenda.pop()) {
      this.now = instant(Math.max(this.now, next.at));
      next.act();
    }
    const served = [...this.reservations.values()].map((each) => this.outcome(each));
    return { served, loads: this.loads };
  }

  private outcome({ id, readyAt, cause }: Reservation): Served {
    const request = this.requests.get(id);
    if (request === undefined) throw new Error(`nobody asked for ${id}`);
    const from = request.start ?? request.askedAt;
    return {
      request,
      waitMs: readyAt === null ? null : Math.max(0, readyAt - from),
      preloaded: readyAt !== null && !this.missed.has(id),
      waitedForNodes: request.start === null && !this.atOnce.has(id),
      earlyMs: readyAt === null ? 0 : Math.max(0, from - readyAt) * request.count,
      refused: request.start !== null && cause?.code === "no-capacity",
    };
  }

  private at(when: number, act: () => void): void {
    let [low, high] = [0, this.agenda.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.agenda[middle]?.at ?? 0) > when) low = middle + 1;
      else high = middle;
    }
    this.agenda.splice(low, 0, { at: when, act });
  }

  private ask(request: Request): void {
    const { number, askedAt, start: booked, lengthMs, count } = request;
    const target = this.targetFor(request);
    const id = ids.branded(ids.isReservationId, `res-${number}`);
    const start = instant(booked ?? askedAt);
    const asap = booked === null;
    const experience = this.experiences.get(target.image) ?? null;
    const learnedMs =
      this.way.lead === "learned" ? leadFor(experience, policy.readiness, usualLeadMs) : usualLeadMs;
    const reservation = aReservation(this.now, {
      id,
      ...target,
      state: "new",
      last: null,
      nodes: [],
      count,
      start,
      end: after(start, lengthMs),
      asap,
      leadMs: asap ? 0 : learnedMs,
      readyBy: after(start, readyWithinMs),
    });
    this.requests.set(id, request);
    this.reservations.set(id, reservation);
    if (asap) this.line.add(id);
    this.tell(id);
  }

  private targetFor({ image }: Request): Target {
    return targetOf(this.semester.images[image]?.name ?? "");
  }

  private tell(id: ids.ReservationId, event: ReservationEvent = { kind: "look", actor: timer }): void {
    const reservation = this.reservations.get(id);
    if (reservation === undefined) throw new Error(`there is no ${id}`);
    const decision = this.decided(reservation, event);
    if (decision.kind !== "commit") return;
    for (const calendar of decision.calendars)
      this.calendars.set(`${calendar.node}#${calendar.period}`, calendar);
    const { reservation: next } = decision;
    this.reservations.set(id, next);
    if (next.state !== "new") this.line.delete(id);
    for (const { node } of decision.claims) this.prepare(node, next);
    if (decision.claims.length > 0 && this.now === reservation.createdAt) this.atOnce.add(id);
    if (next.state === "reclaim" && reservation.state !== "reclaim") this.takeBack(next);
    if (next.readyAt !== null && reservation.readyAt === null) this.handOver(next);
    const claimable = preparesAt(next) <= this.now && decision.claims.length === 0;
    if (decision.calendars.length > 0 && claimable) this.at(this.now, () => this.tell(id));
    const { due } = next;
    // Nodes never fail here: nobody need look now and then whether a place still holds.
    const stands = next.state === "new" && !next.asap && next.placed.length === next.count;
    if (due !== null)
      this.at(stands ? Math.max(due, preparesAt(next)) : due, () => {
        if (this.reservations.get(id)?.due === due) this.tell(id);
      });
  }

  /** As the shipped use-case does: with the free nodes, if that may do; else with all. */
  private decided(reservation: Reservation, event: ReservationEvent): ReservationDecision {
    const { state, asap, placed, count, nodes: held } = reservation;
    const all = [...this.nodes.values()];
    const waits = (state === "new" || state === "loading") && held.length < count;
    const candidates = waits ? this.candidatesFor(reservation, all) : [];
    const standing = all.filter(({ id }) => placed.includes(id));
    const decide = (everyone: readonly NodeState[]) =>
      decideReservation(reservation, event, {
        nodes: all.filter(({ id }) => held.includes(id)),
        candidates,
        behindOthers: false,
        everyone,
        calendars: this.calendarsFor([...candidates, ...standing, ...everyone], reservation.end + day),
        policy,
        now: this.now,
      });
    const searches = waits && held.length === 0 && needsPlace(reservation, standing, this.now);
    if (!asap) return decide(searches ? all : []);
    const decision = decide([]);
    const settled = decision.kind !== "nothing" && (decision.kind !== "commit" || decision.entry !== null);
    return settled || !searches ? decision : decide(all);
  }

  /** Those that are known to have the image running, and the first free ones; the best of them. */
  private candidatesFor(reservation: Reservation, all: readonly NodeState[]): readonly NodeState[] {
    const { revision, placed, count } = reservation;
    const free = all.filter(isFree).toSorted((a, b) => a.lastUsedAt - b.lastUsedAt);
    const stock = free.filter((node) => running(node) === revision).slice(0, mostInStock);
    const own = free.filter(({ id }) => placed.includes(id));
    const seen = new Set([...own, ...stock, ...free.slice(0, 2 * count + 20)]);
    return [...new Set([...own, ...choose([...seen], reservation, 2 * count + 4)])];
  }

  private calendarsFor(nodes: readonly NodeState[], until: number): Map<ids.NodeId, readonly Calendar[]> {
    const periods = periodsOf({ from: instant(this.now - hour), to: instant(until) });
    return new Map(
      nodes.map(({ id }) => [
        id,
        periods.map((period) => {
          const calendar = this.calendars.get(`${id}#${period}`) ?? emptyCalendar(id, period);
          const ended = new Map<ids.ReservationId, Instant>();
          for (const { reservation } of calendar.bookings) {
            const state = this.reservations.get(reservation)?.state;
            if (state === "complete" || state === "failed") ended.set(reservation, instant(1));
            if (state === "reclaim") ended.set(reservation, after(this.now, turnaroundMs));
          }
          return ended.size === 0 ? calendar : withoutEnded(calendar, ended);
        }),
      ]),
    );
  }

  /** The same for every way: how long a load takes depends on who needs it, not on what happened before. */
  private luckOf(what: string, number: number) {
    return random(what.length * 1_000_003 + number * 7919);
  }

  private change(id: ids.NodeId, change: Partial<NodeState>): void {
    const node = this.nodes.get(id);
    if (node === undefined) throw new Error(`there is no ${id}`);
    this.nodes.set(id, { ...node, ...change });
  }

  private learn(image: ids.ImageId, lesson: Lesson): void {
    const before = this.experiences.get(image) ?? noExperience(image, this.now);
    this.experiences.set(image, taught(before, lesson));
  }

  private timeFor(target: Target, what: string, number: number) {
    const image = this.semester.images.find(({ name }) => name === target.image);
    if (image === undefined) throw new Error(`there is no ${target.image}`);
    return loadTime(image, this.luckOf(what, number));
  }

  private prepare(node: NodeState, reservation: Reservation): void {
    const { id, image, revision, asap, createdAt } = reservation;
    const hit = running(node) === revision;
    this.nodes.set(node.id, node);
    const number = this.requests.get(id)?.number ?? 0;
    const { checkMs, loadMs, postLoadMs, reserveMs } = this.timeFor({ image, revision }, node.id, number);
    if (!hit) {
      this.missed.add(id);
      this.loads.forUsers += 1;
    }
    const spent = hit
      ? { check: checkMs, reserve: reserveMs }
      : { load: loadMs, "post-load": postLoadMs, reserve: reserveMs };
    const took = Object.values(spent).reduce((sum, ms) => sum + ms, 0);
    this.at(this.now + took, () => {
      if (this.nodes.get(node.id)?.provision.state !== "reserved") return;
      this.change(node.id, {
        provision: { state: "in-use", reservation: id, grantedAt: this.now, introducedAt: null, job: null },
        disk: { ...node.disk, image, revision },
        operation: { ...node.operation, phase: "run" },
        lastUsedAt: this.now,
      });
      this.learn(image, {
        spent,
        handedOver: { withoutLoad: hit, wantedAt: asap ? createdAt : null },
      });
      this.tell(id);
    });
  }

  private handOver({ id, start, end }: Reservation): void {
    const used = this.requests.get(id)?.used ?? 1;
    if (used < 1)
      this.at(start + used * (end - start), () =>
        this.tell(id, { kind: "end", reason: "enough", actor: timer }),
      );
  }

  private takeBack({ id, nodes, image, revision }: Reservation): void {
    const request = this.requests.get(id);
    for (const name of nodes) {
      if (request?.entered === false) this.at(this.now + minute / 2, () => this.freed(name, id));
      else {
        this.loads.afterUse += 1;
        const job = { ...sample.job, program: "reload", target: { image, revision } } as const;
        this.change(name, { provision: { state: "loading", reservation: id, job } });
        this.load(name, { image, revision }, request?.number ?? 0, () => this.freed(name, id));
      }
    }
  }

  private load(id: ids.NodeId, target: Target, number: number, then: () => void): void {
    const { loadMs, postLoadMs } = this.timeFor(target, `${id} again`, number);
    this.at(this.now + loadMs + postLoadMs, () => {
      const node = this.nodes.get(id);
      if (node === undefined) return;
      this.learn(target.image, {
        spent: { load: loadMs, "post-load": postLoadMs },
        handedOver: null,
      });
      this.change(id, {
        disk: { ...node.disk, image: target.image, revision: target.revision, taint: null },
        operation: { ...node.operation, phase: "run" },
      });
      then();
    });
  }

  private freed(id: ids.NodeId, of: ids.ReservationId | null): void {
    this.change(id, { provision: { state: "available" } });
    if (of !== null) this.tell(of);
    for (const other of this.line) if (this.reservations.get(other)?.state === "new") this.tell(other);
  }

  private preload(): void {
    const all = [...this.nodes.values()];
    const demands = new Map([...this.experiences].map(([image, { demand }]) => [image, demand]));
    const wishes = [...expected(demands, this.now, policy.readiness.horizonMs)].map(([image, each]) => ({
      target: targetOf(image),
      expected: each,
    }));
    const calendars = this.calendarsFor(all, this.now + policy.readiness.freeForMs);
    for (const { node, target } of preloads(all, calendars, wishes, policy.readiness, this.now)) {
      this.loads.ahead += 1;
      const job = { ...sample.job, program: "reload", target } as const;
      this.change(node, { provision: { state: "loading", reservation: null, job } });
      this.load(node, target, Math.floor(this.now / minute), () => this.freed(node, null));
    }
  }
}

export const runSemester = (semester: Semester, way: Way): Run => new SemesterRun(semester, way).run();
