/**
 * A month of a lab of fifty nodes, from the decisions alone: users ask for nodes now and for later, extend, end early. Nodes
 * take minutes to be made ready and to be taken back, and never fail: what is looked at is who gets which node when.
 */
import { describe, expect, test } from "vitest";
import { type Calendar, emptyCalendar, periodsOf, withoutEnded } from "../../lib/core/calendar/calendar.ts";
import { defaultPolicy, type Policy } from "../../lib/core/correction/policy.ts";
import {
  branded,
  isNodeId,
  isProjectId,
  isReservationId,
  type NodeId,
  type ProjectId,
  type ReservationId,
} from "../../lib/core/ids.ts";
import type { NodeState } from "../../lib/core/node/node.ts";
import { type Demand, type Project, refusal } from "../../lib/core/project.ts";
import { decideReservation } from "../../lib/core/reservation/decide.ts";
import type { ReservationEvent } from "../../lib/core/reservation/decision.ts";
import { needsPlace, preparesAt } from "../../lib/core/reservation/placing.ts";
import type { Reservation } from "../../lib/core/reservation/reservation.ts";
import { choose } from "../../lib/core/scheduling/allocate.ts";
import { after, type Instant, instant } from "../../lib/core/time.ts";
import { random } from "../sim/random.ts";
import { aReservation, timer, World } from "./world.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const begin = instant(1_700_000_000_000);
/** Nobody here loses a message: whoever waits is told when there is something. */
const policy: Policy = {
  ...defaultPolicy,
  reservation: { ...defaultPolicy.reservation, lookAgainMs: hour },
};
const { turnaroundMs, leadMs } = policy.reservation;

class Month {
  now: Instant = begin;
  readonly nodes = new Map<NodeId, NodeState>();
  readonly calendars = new Map<string, Calendar>();
  private readonly waiting = new Set<ReservationId>();
  readonly projects = new Map<ProjectId, Project>();
  refusals = 0;
  readonly reservations = new Map<ReservationId, Reservation>();
  /** What was promised to whoever waited, when it was placed first. */
  readonly promised = new Map<ReservationId, Instant>();
  readonly held: { node: NodeId; reservation: ReservationId; from: number; to: number }[] = [];
  /** The latest first. */
  private readonly agenda: { readonly at: number; readonly act: () => void }[] = [];
  private readonly luck;

  constructor(seed: number, count: number) {
    this.luck = random(seed);
    const { node } = new World().makeAvailable();
    for (let index = 0; index < count; index += 1) {
      const id = branded(isNodeId, `node-${String(index).padStart(2, "0")}`);
      this.nodes.set(id, { ...node, id });
    }
  }

  /** From then on its nodes are nobody's: they are being taken back. */
  givenBackAt(id: ReservationId): number {
    return this.reservations.get(id)?.endedAt ?? Number.POSITIVE_INFINITY;
  }

  at(when: number, act: () => void): void {
    let [low, high] = [0, this.agenda.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.agenda[middle]?.at ?? 0) > when) low = middle + 1;
      else high = middle;
    }
    this.agenda.splice(low, 0, { at: when, act });
  }

  run(): void {
    for (let next = this.agenda.pop(); next !== undefined; next = this.agenda.pop()) {
      this.now = instant(Math.max(this.now, next.at));
      next.act();
    }
  }

  private calendarsFor(nodes: readonly NodeState[], until: number): Map<NodeId, readonly Calendar[]> {
    const periods = periodsOf({ from: instant(this.now - day), to: instant(until) });
    const stored = nodes.map(({ id }) => ({
      id,
      all: periods.map((period) => this.calendars.get(`${id}#${period}`) ?? emptyCalendar(id, period)),
    }));
    const ended = new Map<ReservationId, Instant>();
    for (const { reservation } of stored.flatMap(({ all }) => all.flatMap(({ bookings }) => bookings))) {
      const state = this.reservations.get(reservation)?.state;
      if (state === "complete" || state === "failed") ended.set(reservation, instant(1));
      if (state === "reclaim") ended.set(reservation, after(this.now, turnaroundMs));
    }
    return new Map(stored.map(({ id, all }) => [id, all.map((each) => withoutEnded(each, ended))]));
  }

  tell(id: ReservationId, event: ReservationEvent = { kind: "look", actor: timer }): "refused" | "told" {
    const reservation = this.reservations.get(id);
    if (reservation === undefined) throw new Error(`there is no ${id}`);
    const all = [...this.nodes.values()];
    const until = Math.max(this.now + 20 * day, reservation.end + 2 * day);
    const standing = all.filter((node) => reservation.placed.includes(node.id));
    const decision = decideReservation(reservation, event, {
      nodes: all.filter((node) => reservation.nodes.includes(node.id)),
      candidates: choose(all, reservation, all.length),
      behindOthers: this.isBehind(reservation),
      everyone: needsPlace(reservation, standing, this.now) ? all : [],
      calendars: this.calendarsFor(all, until),
      policy,
      now: this.now,
    });
    if (decision.kind === "refused") return "refused";
    if (decision.kind === "nothing") return "told";
    for (const calendar of decision.calendars) {
      const key = `${calendar.node}#${calendar.period}`;
      expect(calendar.version).toBe((this.calendars.get(key)?.version ?? 0) + 1);
      const overlaps = calendar.bookings.some(
        (each, index) => (calendar.bookings[index - 1]?.to ?? 0) > each.from,
      );
      if (overlaps) throw new Error(`${calendar.node} is promised twice`);
      this.calendars.set(key, calendar);
    }
    const { reservation: next } = decision;
    this.reservations.set(id, next);
    if (next.state === "new") this.waiting.add(id);
    else this.waiting.delete(id);
    if (next.asap && next.placed.length === next.count && !this.promised.has(id))
      this.promised.set(id, next.start);
    for (const { node } of decision.claims) this.prepare(node, next);
    if (next.state === "reclaim" && reservation.state !== "reclaim") this.takeBack(next);
    const { due } = next;
    const claimable = preparesAt(next) <= this.now && decision.claims.length === 0;
    if (decision.calendars.length > 0 && claimable) this.at(this.now, () => this.tell(id));
    if (due !== null) this.at(due, () => this.lookIfDue(id, due));
    return "told";
  }

  /** Who waits, as the index has them: whoever has still to be placed comes first. */
  private line(): readonly Reservation[] {
    const turn = ({ placed, count, passed }: Reservation) => Number(passed || placed.length >= count);
    return [...this.waiting]
      .map((id) => this.reservations.get(id))
      .filter((each) => each !== undefined)
      .toSorted((a, b) => turn(a) - turn(b) || a.createdAt - b.createdAt);
  }

  private isBehind({ id, createdAt }: Reservation): boolean {
    const [first] = this.line();
    if (first === undefined || first.id === id || first.passed) return false;
    return first.placed.length < first.count && first.createdAt < createdAt;
  }

  private lookIfDue(id: ReservationId, due: Instant): void {
    if (this.reservations.get(id)?.due === due) this.tell(id);
  }

  private prepare(node: NodeState, { id }: Reservation): void {
    this.nodes.set(node.id, node);
    const from: number = this.now;
    this.held.push({ node: node.id, reservation: id, from, to: Number.POSITIVE_INFINITY });
    this.at(this.now + this.luck.between(3, 15) * minute, () => {
      const current = this.nodes.get(node.id);
      if (current === undefined || current.provision.state !== "reserved") return;
      const provision = {
        state: "in-use",
        reservation: id,
        grantedAt: this.now,
        introducedAt: null,
        job: null,
      } as const;
      this.nodes.set(node.id, { ...current, provision });
      this.tell(id);
    });
  }

  private takeBack({ id, nodes }: Reservation): void {
    for (const name of nodes) {
      this.at(this.now + this.luck.between(1, 15) * minute, () => {
        const node = this.nodes.get(name);
        if (node === undefined) return;
        this.nodes.set(name, { ...node, provision: { state: "available" }, lastUsedAt: this.now });
        const holding = this.held.find(
          (each) => each.node === name && each.reservation === id && each.to > this.now,
        );
        if (holding !== undefined) holding.to = this.now;
        this.tell(id);
        const [first] = this.line();
        if (first !== undefined) this.tell(first.id);
      });
    }
  }

  ask(number: number): void {
    const { luck } = this;
    const id = branded(isReservationId, `res-${number}`);
    const later = luck.chance(0.4);
    const start = after(this.now, later ? luck.between(60, 14 * 24 * 60) * minute : 0);
    const length = luck.pick([30 * minute, hour, 2 * hour, 8 * hour]);
    const count = luck.chance(0.02) ? 40 : luck.pick([1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 4, 4, 10, 20]);
    const project = this.counted(id, { count, start, end: after(start, length), asap: !later });
    if (project === "refused") return;
    this.reservations.set(
      id,
      aReservation(this.now, {
        id,
        project,
        state: "new",
        last: null,
        nodes: [],
        count,
        start,
        end: after(start, length),
        asap: !later,
        leadMs: later ? leadMs : 0,
        readyBy: after(start, policy.reservation.readyWithinMs),
      }),
    );
    this.tell(id);
    if (luck.chance(0.2)) this.at(this.now + luck.between(10, 3000) * minute, () => this.end(id));
    if (luck.chance(0.2)) this.at(this.now + luck.between(10, 600) * minute, () => this.extend(id));
  }

  /** In whose quota it counts; null: in nobody's, as most. */
  private counted(id: ReservationId, demand: Demand): ProjectId | null | "refused" {
    const project = [...this.projects.values()][this.luck.between(0, 3 * this.projects.size)];
    if (project === undefined) return null;
    const others = project.live
      .map((each) => this.reservations.get(each))
      .filter((each) => each !== undefined);
    if (refusal(project, "ada", demand, others, this.now) !== null) {
      this.refusals += 1;
      return "refused";
    }
    this.projects.set(project.id, { ...project, live: [...project.live, id] });
    return project.id;
  }

  private end(id: ReservationId): void {
    this.tell(id, { kind: "end", reason: "enough", actor: timer });
  }

  private extend(id: ReservationId): void {
    const { end } = this.reservations.get(id) ?? { end: this.now };
    this.tell(id, { kind: "extend", end: after(end, this.luck.between(1, 300) * minute), actor: timer });
  }
}

describe("two thousand requests over a month, on fifty nodes", () => {
  test.each([1])(
    "month %d: nobody has another's node, every promise is kept, no quota is exceeded, nobody starves",
    { timeout: 120_000 },
    (seed) => {
      const month = new Month(seed, 50);
      const luck = random(seed + 1000);
      for (const nodesAtOnce of [2, 5, 10, 20]) {
        const id = branded(isProjectId, `project-${nodesAtOnce}`);
        const quota = { nodesAtOnce, hoursAhead: 7 * 24, longestMinutes: 4 * 60 };
        month.projects.set(id, { id, version: 1, members: ["ada"], quota, live: [] });
      }
      for (let number = 0; number < 2000; number += 1)
        month.at(begin + luck.between(0, 30 * 24 * 60) * minute, () => month.ask(number));
      month.run();

      const byNode = Map.groupBy(month.held, ({ node }) => node);
      for (const all of byNode.values()) {
        const inOrder = all.toSorted((a, b) => a.from - b.from);
        for (const [index, each] of inOrder.entries())
          expect(inOrder[index - 1]?.to ?? 0, `${each.node} of ${each.reservation}`).toBeLessThanOrEqual(
            each.from,
          );
      }
      for (const [id, { quota }] of month.projects) {
        const own = month.held.filter(
          ({ reservation }) => month.reservations.get(reservation)?.project === id,
        );
        for (const { from } of own) {
          const atOnce = own.filter(
            (each) => each.from <= from && from < month.givenBackAt(each.reservation),
          );
          expect(atOnce.length, id).toBeLessThanOrEqual(quota.nodesAtOnce);
        }
      }
      const all = [...month.reservations.values()];
      expect(all.length + month.refusals).toBe(2000);
      expect(all.filter(({ state }) => state !== "complete" && state !== "failed")).toEqual([]);
      for (const { id, state, asap, start, readyAt, cause } of all) {
        if (state === "failed") expect(cause?.code, id).toBe("no-capacity");
        if (readyAt === null) continue;
        // Of a fixed start: made ready within its lead. Of any other: not later than was promised first, and its making ready.
        if (asap)
          expect(readyAt, id).toBeLessThanOrEqual((month.promised.get(id) ?? 0) + turnaroundMs + 16 * minute);
        else expect(readyAt, id).toBeLessThanOrEqual(start);
      }
      const failed = all.filter(({ state }) => state === "failed").length;
      const waits = all.flatMap(({ asap, readyAt, createdAt }) =>
        asap && readyAt !== null ? [readyAt - createdAt] : [],
      );
      process.stdout.write(
        `month ${seed}: ${all.length - failed} served, ${failed} could not be; longest wait ${(Math.max(...waits) / hour).toFixed(1)} h\n`,
      );
      expect(failed).toBeLessThan(all.length / 4);
      // Nobody waits longer than a place is looked for, and its making ready.
      expect(Math.max(...waits)).toBeLessThanOrEqual(policy.reservation.longestWaitMs + hour);
      expect(month.refusals).toBeGreaterThan(50);
    },
  );
});
