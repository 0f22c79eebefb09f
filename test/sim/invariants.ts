/**
 * The invariants of design §7, as far as today's code can express them. Where each is looked at:
 *
 *  1  here, after every event: node and reservation agree, or the reservation still has a deadline
 *  2  truth.ts, whenever a tool touches a machine: given, once, in time, in the order of epochs, alone
 *  3  here, after every event: what is not at rest has a deadline within its bound; history.ts: nobody stays overdue
 *  4  history.ts, when all has come to rest: every job and reservation has its end and its cause
 *  5  here and in truth.ts: who is handed a node finds no trace of anybody else, and the disk that was asked for
 *  6  here, at every commit: a correction is paid for within the budget, and counted
 *  7  truth.ts: no power on a node in use, no hand on one that is offline
 *  8  here and in cloud.ts: no attempt and no correction without an agent's or a node's own word; nothing is refused
 *  9  here, at every commit: one timeline entry for every transition, in sequence, with who and why
 * 10  here, after every event: no node in two reservations that are handed over
 */
import { calendarId } from "../../lib/contracts/keys.ts";
import { type Calendar, periodsOf } from "../../lib/core/calendar/calendar.ts";
import { jobOf, type NodeState, reservationOf } from "../../lib/core/node/node.ts";
import { atRest } from "../../lib/core/node/states.ts";
import type { Reservation } from "../../lib/core/reservation/reservation.ts";
import type { TimelineEntry } from "../../lib/core/timeline.ts";
import type { Write } from "../../lib/ports/store.ts";
import type { Machine } from "./machine.ts";
import type { SimStore, Watcher } from "./store.ts";
import type { Truth } from "./truth.ts";
import type { World } from "./world.ts";

/** No deadline of today's policies lies further ahead than this, but for the end of a reservation. */
const furthestMs = 3 * 3_600_000;
/** Of one job: each stage of an attempt has a reset, a power cycle and another load at most, and there are three attempts. */
const mostCorrections = 24;
const paid: readonly (TimelineEntry["correction"] | "none")[] = ["reset", "power-cycle", "load-again"];

export class Invariants implements Watcher {
  truth: Truth | null = null;
  private store: SimStore | null = null;
  readonly machines = new Map<string, Machine>();
  onNode: (before: NodeState, after: NodeState) => void = () => {};
  onReservation: (before: Reservation | null, after: Reservation) => void = () => {};
  private readonly changed = new Set<string>();
  private readonly corrections = new Map<string, number>();
  private readonly handedOut = new Map<string, Reservation>();
  private readonly budgets = new Map<string, { tokens: number; at: number }>();
  private readonly world: World;

  constructor(world: World) {
    this.world = world;
  }

  committing(writes: readonly Write[], store: SimStore): void {
    this.store = store;
    for (const write of writes) {
      if (write.kind === "node") this.nodeCommitted(store.get("node", write.value.id), write.value, writes);
      if (write.kind === "calendar") this.calendarCommitted(write.value);
      if (write.kind === "reservation") {
        this.reservationCommitted(store.get("reservation", write.value.id), write.value, writes);
      }
    }
  }

  committed(writes: readonly Write[]): void {
    for (const { kind, value } of writes) {
      if (kind === "node") this.changed.add(`n${value.id}`);
      if (kind === "reservation") this.changed.add(`r${value.id}`);
    }
  }

  private entryOf(writes: readonly Write[], kind: "node" | "reservation", id: string, version: number) {
    const entries = writes.filter((each) => each.kind === "timeline").map(({ value }) => value);
    return entries.filter(
      (entry) => entry.entity.kind === kind && entry.entity.id === id && entry.sequence === version,
    );
  }

  private nodeCommitted(before: NodeState | null, after: NodeState, writes: readonly Write[]): void {
    const { world } = this;
    const [entry, ...more] = this.entryOf(writes, "node", after.id, after.version);
    world.holds(
      9,
      after.version === (before?.version ?? 0) + 1,
      () => `${after.id} goes from version ${before?.version} to ${after.version}`,
    );
    world.holds(
      9,
      entry !== undefined && more.length === 0,
      () =>
        `${after.id} version ${after.version} has ${more.length + (entry === undefined ? 0 : 1)} timeline entries`,
    );
    if (entry === undefined) return;
    this.told(entry);
    if (before === null) return;
    const [from, to] = [before.provision.state, after.provision.state];
    world.holds(
      9,
      entry.from === from && entry.to === to,
      () => `${after.id}: ${from} → ${to}, told as ${entry.from} → ${entry.to}`,
    );
    this.given(after);
    this.evidenced(before, after);
    if (paid.includes(entry.correction)) this.corrected(before, after, entry, writes);
    if (to === "in-use" && from !== "in-use") this.handedOver(after);
    if (to === "available" && from !== "available") this.freed(after);
    this.onNode(before, after);
  }

  private told(entry: TimelineEntry): void {
    const { world } = this;
    const { entity, sequence, from, to, why, actor, correction, at } = entry;
    world.transitions += 1;
    world.mark(`${entity.id} ${sequence} ${to} ${at}`);
    world.holds(9, why !== "" && actor.name !== "", () => `${entity.id} ${sequence} does not say who or why`);
    world.tell(
      () =>
        `${entity.id} v${sequence} ${from === to ? to : `${from} → ${to}`} [${actor.kind} ${actor.name}]${correction === null ? "" : ` {${correction}}`} ${why}`,
    );
  }

  private given(after: NodeState): void {
    const command = jobOf(after)?.command;
    if (command?.to == null || this.truth === null) return;
    const known = this.truth.given.get(command.id);
    if (known === undefined) this.truth.given.set(command.id, new Set([command.to.controller]));
    else known.add(command.to.controller);
  }

  /** State follows evidence: what is taken for an agent's answer is one that an agent has given. */
  private evidenced(before: NodeState, after: NodeState): void {
    const { world, truth } = this;
    const [was, is] = [jobOf(before), jobOf(after)];
    if (truth === null || was?.command == null) return;
    const { command } = was;
    const answer = is?.evidence.answer ?? null;
    if (answer !== null && answer !== was.evidence.answer) {
      const told = truth.told.get(command.id)?.has(answer.status) === true;
      world.holds(
        8,
        told,
        () => `${after.id}: ${command.id} is taken as ${answer.status}, which no agent has told`,
      );
    }
    const seen = is?.correction.observation ?? null;
    if (seen !== null && seen !== was.correction.observation) {
      const told = truth.told.get(command.id) !== undefined;
      world.holds(8, told, () => `${after.id}: ${command.id} is taken as answered, and no agent has told so`);
    }
    const more = is !== null && is.id === was.id && is.attempt > was.attempt;
    if (more) {
      const why =
        truth.told.get(command.id)?.has("failed") === true || was.evidence.fault !== is.evidence.fault;
      const settled = was.command.purpose !== "step" || why || truth.told.has(command.id);
      world.holds(
        8,
        settled,
        () => `${after.id}: attempt ${is.attempt} begins and no agent has told of ${command.id}`,
      );
    }
  }

  private corrected(
    before: NodeState,
    after: NodeState,
    entry: TimelineEntry,
    writes: readonly Write[],
  ): void {
    const { world, truth } = this;
    this.paidFor(before, entry, writes);
    const job = entry.job ?? "";
    const times = (this.corrections.get(job) ?? 0) + 1;
    this.corrections.set(job, times);
    world.holds(6, times <= mostCorrections, () => `${after.id} was corrected ${times} times in job ${job}`);
    world.holds(
      7,
      before.provision.state !== "in-use",
      () => `${entry.correction} of ${after.id}, which is in use`,
    );
    world.holds(
      7,
      before.administrative.state === "online",
      () => `${entry.correction} of ${after.id}, which is offline`,
    );
    const clocks = jobOf(before)?.clocks;
    if (truth === null || clocks === undefined) return;
    const deadline = Math.min(clocks.noProgressBy, clocks.overallBy);
    const looked = truth.lookedAt.get(after.id) ?? 0;
    world.holds(
      8,
      looked >= deadline,
      () =>
        `${entry.correction} of ${after.id}, late since ${deadline - looked} ms after anybody looked at it last`,
    );
  }

  /**
   * A token, counted here by itself; or, in a suspect lab, a place among those that are tried. The next, harder reboot of a
   * node that is being tried is the same try.
   */
  private paidFor(before: NodeState, { correction, at }: TimelineEntry, writes: readonly Write[]): void {
    const { world } = this;
    const { budget: policy } = world.policy;
    const what = `${correction} of ${before.id}`;
    const budget = writes.find((write) => write.kind === "budget")?.value ?? null;
    world.holds(6, budget !== null, () => `${what} takes nothing from the budget in its own transaction`);
    if (budget === null) return;
    const was = this.store?.get("budget", before.lab) ?? null;
    const { suspect } = budget;
    if (suspect === null) {
      const held = this.budgets.get(before.lab) ?? { tokens: policy.capacity, at };
      const tokens = Math.min(policy.capacity, held.tokens + Math.max(0, at - held.at) / policy.refillMs);
      const told = () =>
        `${what}: the budget of ${before.lab} holds ${tokens.toFixed(3)} tokens, written as ${budget.tokens.toFixed(3)}`;
      world.holds(6, tokens >= 1 - 1e-6, told);
      world.holds(6, Math.abs(budget.tokens - (tokens - 1)) < 1e-6, told);
      this.budgets.set(before.lab, { tokens: tokens - 1, at });
      return;
    }
    const tried = was?.suspect?.canaries.includes(before.id) === true && correction === "power-cycle";
    const used = was?.suspect?.intervalAt === suspect.intervalAt ? was.suspect.used : 0;
    const { allowance } = suspect;
    const counted = tried || (suspect.used === used + 1 && suspect.used <= Math.max(1, allowance));
    world.holds(
      6,
      counted && allowance <= policy.capacity && suspect.canaries.includes(before.id),
      () => `${what} in suspect lab ${before.lab} is try ${suspect.used} of ${allowance}, after ${used}`,
    );
  }

  private handedOver(after: NodeState): void {
    const { world } = this;
    const reservation = reservationOf(after);
    const user = after.disk.taint?.user ?? null;
    const disk = this.machines.get(after.id)?.disk ?? null;
    world.holds(5, user !== null, () => `${after.id} is handed over and not marked as touched`);
    world.holds(
      5,
      disk !== null && disk.revision === after.disk.revision,
      () =>
        `${after.id} is handed over to ${reservation} with ${disk?.revision ?? "nothing"} on its disk, not ${after.disk.revision}`,
    );
    const others = [...(disk?.entered ?? []), ...(disk?.granted ?? [])].filter((each) => each !== user);
    world.holds(
      5,
      others.length === 0,
      () => `${after.id} is handed over to ${reservation} with traces of ${others.join(", ")}`,
    );
  }

  private freed(after: NodeState): void {
    const disk = this.machines.get(after.id)?.disk ?? null;
    const traces = [...(disk?.entered ?? []), ...(disk?.granted ?? [])];
    this.world.holds(5, after.disk.taint === null, () => `${after.id} is free and marked as touched`);
    this.world.holds(5, traces.length === 0, () => `${after.id} is free with traces of ${traces.join(", ")}`);
  }

  private reservationCommitted(
    before: Reservation | null,
    after: Reservation,
    writes: readonly Write[],
  ): void {
    const { world } = this;
    const [entry, ...more] = this.entryOf(writes, "reservation", after.id, after.version);
    world.holds(
      9,
      after.version === (before?.version ?? 0) + 1,
      () => `${after.id} goes from version ${before?.version} to ${after.version}`,
    );
    const silent =
      before !== null && before.state === after.state && before.nodes.length === after.nodes.length;
    world.holds(
      9,
      (entry !== undefined || silent) && more.length === 0,
      () => `${after.id} version ${after.version} (${after.state}) has no timeline entry`,
    );
    if (entry !== undefined) this.told(entry);
    this.onReservation(before, after);
  }

  private calendarCommitted({ node, bookings }: Calendar): void {
    for (const [index, booking] of bookings.entries()) {
      const before = bookings[index - 1];
      this.world.holds(
        10,
        before === undefined || before.to <= booking.from,
        () => `${node} is promised to ${before?.reservation} and ${booking.reservation} at once`,
      );
    }
  }

  /** After every event: whatever has changed, with what it refers to. */
  look(store: SimStore): void {
    if (this.changed.size === 0) return;
    for (const key of this.changed) {
      if (key.startsWith("n")) {
        const node = store.get("node", key.slice(1));
        if (node !== null) this.lookAtNode(node, store);
      } else {
        const reservation = store.get("reservation", key.slice(1));
        if (reservation !== null) this.lookAtReservation(reservation, store);
      }
    }
    this.changed.clear();
  }

  private lookAtNode(node: NodeState, store: SimStore): void {
    const { world } = this;
    const id = reservationOf(node);
    if (id !== null) {
      const owner = store.get("reservation", id);
      const listed = owner?.nodes.includes(node.id) === true;
      // A reclaim goes on by itself: the node still names the reservation that it is taken back from.
      world.holds(1, listed, () => `${node.id} belongs to ${id}, which does not know of it`);
    }
    const { state } = node.provision;
    const online = node.administrative.state === "online";
    if (online) {
      world.holds(3, atRest[state] || node.due !== null, () => `${node.id} is ${state} without a deadline`);
      world.holds(
        3,
        node.waiting.length === 0 || !atRest[state] || state !== "available" || node.due !== null,
        () => `${node.id} has jobs waiting and no deadline`,
      );
    }
    const { handsOffAt } = node.administrative;
    world.holds(
      3,
      online || handsOffAt !== null || node.due !== null,
      () => `${node.id} is to be offline, has hands on it, and no deadline`,
    );
    const ahead = node.due === null ? 0 : node.due - world.now;
    world.holds(3, ahead <= furthestMs, () => `${node.id} is due only in ${ahead} ms`);
  }

  private lookAtReservation(reservation: Reservation, store: SimStore): void {
    const { world } = this;
    const { id, state, due, nodes, cause, endedAt } = reservation;
    const over = state === "complete" || state === "failed";
    world.holds(3, over || due !== null, () => `${id} is ${state} without a deadline`);
    world.holds(4, !over || endedAt !== null, () => `${id} is ${state} and does not say since when`);
    world.holds(4, state !== "failed" || cause !== null, () => `${id} failed without a cause`);
    for (const name of nodes) {
      const node = store.get("node", name);
      const agrees = node !== null && reservationOf(node) === id;
      world.holds(1, agrees || over || due !== null, () => `${id} holds ${name}, which does not know of it`);
    }
    if (state !== "reserved" && state !== "in-use") {
      this.handedOut.delete(id);
      return;
    }
    this.handedOut.set(id, reservation);
    for (const name of nodes) {
      const [period = 0] = periodsOf({ from: world.now, to: reservation.end });
      const calendar = store.get("calendar", calendarId(name, period));
      const stands = calendar?.bookings.some((each) => each.reservation === id && each.to >= reservation.end);
      const over = world.now >= reservation.end;
      world.holds(10, stands === true || over, () => `${id} has ${name}, and does not stand in its calendar`);
    }
    for (const other of this.handedOut.values()) {
      if (other.id === id) continue;
      const both = nodes.filter((name) => other.nodes.includes(name));
      world.holds(10, both.length === 0, () => `${id} and ${other.id} both hold ${both.join(", ")}`);
    }
  }
}
