/** Users and operators: what they ask for, when they log in, and how they act at the worst moment. */
import type { JobMessage } from "../../lib/contracts/job.ts";
import { branded, type ImageId, isLabId, isNodeId, isReservationId } from "../../lib/core/ids.ts";
import type { NodeState } from "../../lib/core/node/node.ts";
import type { Reservation } from "../../lib/core/reservation/reservation.ts";
import { after, instant } from "../../lib/core/time.ts";
import type { Cloud } from "./cloud.ts";
import type { Machine } from "./machine.ts";
import type { SimStore } from "./store.ts";
import { start, type World } from "./world.ts";

const hour = 3_600_000;
const schema = "rackwright.job/1";

export interface Town {
  readonly world: World;
  readonly cloud: Cloud;
  readonly store: SimStore;
  readonly machines: ReadonlyMap<string, Machine>;
  readonly nodes: readonly [string, ...string[]];
  readonly labs: readonly [string, ...string[]];
  readonly images: readonly [ImageId, ...ImageId[]];
  readonly spanMs: number;
}

export class People {
  private readonly town: Town;
  private asked = 0;

  constructor(town: Town) {
    this.town = town;
  }

  /** All that they will want, spread over the time. */
  plan(): void {
    const { world, nodes, spanMs } = this.town;
    const luck = world.luck("people");
    const reservations = luck.between(4, 20);
    for (let index = 0; index < reservations; index += 1)
      this.reserve(index, luck.between(10_000, spanMs - hour / 2));
    for (let index = luck.between(0, 6); index > 0; index -= 1)
      this.nodeJob(index, luck.between(10_000, spanMs));
    for (let index = luck.between(0, 2); index > 0; index -= 1) {
      const node = luck.pick(nodes);
      const at = luck.between(10_000, spanMs);
      const back = at + luck.between(5_000, hour);
      this.at(at, `offline ${node} ${index}`, () => this.town.cloud.operate(node, "offline"));
      this.at(back, `online ${node} ${index}`, () => this.town.cloud.operate(node, "online"));
    }
    for (let at = hour; at < spanMs; at += luck.between(hour / 4, 2 * hour)) {
      this.at(at, `give-back ${at}`, () => this.giveBack());
    }
  }

  private at(ms: number, name: string, act: () => void): void {
    const { world } = this.town;
    world.schedule.after(ms, () => {
      if (!world.faults.happens(name)) return;
      world.tell(() => `>> ${name}`);
      act();
    });
  }

  private reserve(index: number, at: number): void {
    const { world, cloud, nodes, labs, images } = this.town;
    const luck = world.luck(`reservation ${index}`);
    const id = branded(isReservationId, `res-${index}`);
    const message: JobMessage = {
      schema,
      kind: "reserve",
      id,
      owner: "ada",
      project: null,
      roles: [],
      image: luck.pick(images),
      count: luck.pick([1, 1, 2, 3]),
      minutes: luck.pick([5, 30, 60, 120]),
      start: luck.chance(0.3) ? after(instant(start + at), luck.between(0, 3 * hour)) : null,
      class: "standard",
      tags: [],
      lab: luck.chance(0.3) ? branded(isLabId, luck.pick(labs)) : null,
      prefer: luck.chance(0.2) ? [branded(isNodeId, luck.pick(nodes))] : [],
      user: `user-${index}`,
      publicKey: luck.chance(0.9) ? `ssh-ed25519 ${"A".repeat(40)}` : null,
      email: null,
    };
    this.at(at, `reserve ${id} (${message.count} × ${message.image}, ${message.minutes} min)`, () =>
      cloud.job(message),
    );
    if (luck.chance(0.3))
      this.at(at + luck.between(1_000, 3 * hour), `extend ${id}`, () =>
        this.extend(id, luck.between(1, 120)),
      );
    if (luck.chance(0.3)) this.at(at + luck.between(1_000, 2 * hour), `end ${id}`, () => this.end(id));
  }

  private nodeJob(index: number, at: number): void {
    const { world, cloud, nodes, images } = this.town;
    const luck = world.luck(`job ${index}`);
    const node = branded(isNodeId, luck.pick(nodes));
    const id = branded(isReservationId, `job-${index}`);
    const message: JobMessage = luck.chance(0.7)
      ? { schema, kind: "reload", id, node, image: luck.pick(images) }
      : { schema, kind: "inspect", id, node };
    this.at(at, `${message.kind} ${node}`, () => cloud.job(message));
  }

  private extend(reservation: string, minutes: number): void {
    const { store, cloud } = this.town;
    const known = store.get("reservation", reservation);
    if (known === null) return;
    this.asked += 1;
    const id = branded(isReservationId, `extend-${this.asked}`);
    cloud.job({ schema, kind: "extend", id, reservation: known.id, end: after(known.end, minutes * 60_000) });
  }

  private end(reservation: string): void {
    this.asked += 1;
    const id = branded(isReservationId, `end-${this.asked}`);
    const which = branded(isReservationId, reservation);
    this.town.cloud.job({ schema, kind: "end", id, reservation: which, reason: "enough" });
  }

  giveBack(): void {
    const { store, cloud } = this.town;
    for (const { id, provision } of [...store.all("node")]) {
      if (provision.state === "quarantined" || provision.state === "maintenance")
        cloud.operate(id, "give-back");
    }
  }

  /** Somebody changes the worst thing at the worst moment: right when a node changes. */
  readonly nodeChanged = (before: NodeState, after: NodeState): void => {
    const { world, cloud } = this.town;
    const { faults, schedule } = world;
    if (before.version === 1) return;
    const meddle = faults.strike("operator-meddles", after.id);
    if (meddle !== null) {
      schedule.after(meddle.between(0, 4_000), () => cloud.operate(after.id, "offline"));
      schedule.after(meddle.between(1_000, meddle.chance(0.5) ? 60_000 : hour), () =>
        cloud.operate(after.id, "online"),
      );
    }
    const { provision } = after;
    const reservation = "reservation" in provision ? provision.reservation : null;
    const ends = reservation === null ? null : faults.strike("user-ends", after.id);
    if (ends !== null && reservation !== null)
      schedule.after(ends.between(0, 20_000), () => this.end(reservation));
  };

  /** Handed over: most log in, some of them at the very end. */
  readonly reservationChanged = (before: Reservation | null, after: Reservation): void => {
    if (after.state !== "reserved" || before?.state === "reserved") return;
    const { world, machines } = this.town;
    const luck = world.luck(`logins ${after.id}`);
    for (const node of after.nodes) {
      if (!luck.chance(0.6)) continue;
      const left = Math.max(1_000, after.end - world.now + 20_000);
      const ms = luck.chance(0.3)
        ? Math.max(0, left - luck.between(0, 40_000))
        : luck.between(100, Math.min(left, 600_000));
      world.schedule.after(ms, () => machines.get(node)?.login(after.user));
    }
  };
}
