/**
 * Functions, as they run in the cloud: each invocation has the shipped use-cases over its own ports, and may die between
 * any two calls of a port, find the store failing, or be slow, so that others come in between.
 */
import { type App, Contended } from "../../lib/app/app.ts";
import { lookAtOnce } from "../../lib/app/look-at-once.ts";
import { outbox } from "../../lib/app/outbox.ts";
import type { Command } from "../../lib/core/command.ts";
import { jobOf } from "../../lib/core/node/node.ts";
import { shipped } from "../../lib/core/provisioning/registry.ts";
import type { Hands } from "../../lib/ports/hands.ts";
import type { Queue } from "../../lib/ports/queue.ts";
import type { Store, Write } from "../../lib/ports/store.ts";
import type { Random } from "./random.ts";
import { never } from "./schedule.ts";
import type { SimStore } from "./store.ts";
import type { World } from "./world.ts";

/** What AWS answers when it does not answer. */
class Unavailable extends Error {
  override readonly name = "Unavailable";
}

/** How one invocation goes. */
interface Fate {
  /** The call of a port at which it happens. */
  readonly at: number;
  readonly what: "dies" | "fails";
  /** What was asked for is done all the same. */
  readonly afterwards: boolean;
}

const visibilityMs = 60_000;
const longestSlowMs = 4_000;

export class Functions {
  private readonly log = { info: () => {}, warn: () => {}, error: () => {} };
  private readonly world: World;
  private readonly store: SimStore;
  private readonly queue: Queue;
  private readonly hands: Hands;
  private readonly plain: Omit<App, "outbox">;
  /** Invocations that are under way or will be tried again. */
  open = 0;

  constructor(world: World, store: SimStore, queue: Queue, hands: Hands) {
    this.world = world;
    this.store = store;
    this.queue = queue;
    this.hands = hands;
    this.plain = {
      store,
      queue,
      hands,
      clock: { now: () => world.now },
      ids: { next: (prefix) => `${prefix}-1` },
      log: this.log,
      policy: world.policy,
      modules: shipped,
    };
  }

  /** `comesBack`: its message is delivered again until it was carried out. */
  invoke(name: string, body: (app: App) => Promise<unknown>, comesBack: boolean): void {
    const { world } = this;
    const { faults, schedule } = world;
    this.open += 1;
    let over = false;
    const end = (again: boolean): void => {
      if (over) return;
      over = true;
      if (!again || !comesBack) {
        this.open -= 1;
        return;
      }
      schedule.after(visibilityMs, () => {
        this.open -= 1;
        this.invoke(name, body, comesBack);
      });
    };
    const died = faults.strike("function-dies", name);
    const failed = died === null ? faults.strike("store-fails", name) : null;
    const slow = faults.strike("function-slow", name);
    const chance = died ?? failed;
    const fate: Fate | null =
      chance === null
        ? null
        : {
            at: chance.between(1, 9),
            what: died === null ? "fails" : "dies",
            afterwards: chance.chance(0.5),
          };
    const app = this.appFor(name, fate, slow, () => end(true));
    body(app)
      .then(() => lookAtOnce(app))
      .then(() => app.outbox.flush())
      .then(
        () => end(false),
        (error: unknown) => {
          const expected = error instanceof Unavailable || error instanceof Contended;
          world.holds(
            0,
            expected,
            () => `${name} threw ${error instanceof Error ? error.stack : String(error)}`,
          );
          end(true);
        },
      );
  }

  private appFor(name: string, fate: Fate | null, slow: Random | null, die: () => void): App {
    const { world, plain } = this;
    const planted = this.planted();
    if (fate === null && slow === null) {
      const app = planted === null ? plain : { ...plain, store: planted };
      return { ...app, outbox: outbox(app) };
    }
    let calls = 0;
    let dead = false;
    const gate = async <T>(call: () => Promise<T>): Promise<T> => {
      if (dead) return never();
      calls += 1;
      const struck = fate !== null && calls === fate.at ? fate : null;
      if (slow !== null) await world.schedule.sleep(slow.between(1, longestSlowMs));
      if (dead) return never();
      if (struck !== null && !struck.afterwards) return lost(struck, calls);
      const result = await call();
      if (struck !== null) return lost(struck, calls);
      return result;
    };
    const lost = <T>({ what }: Fate, at: number): Promise<T> => {
      world.tell(() => `   ${name} ${what} at its port call ${at}`);
      if (what === "fails") throw new Unavailable("the service did not answer");
      dead = true;
      die();
      return never();
    };
    const inner: Store = planted ?? this.store;
    const store: Store = {
      read: (kind, id) => gate(() => inner.read(kind, id)),
      readMany: (kind, ids) => gate(() => inner.readMany(kind, ids)),
      commit: (writes) => gate(() => inner.commit(writes)),
      due: (scope, by, limit) => gate(() => inner.due(scope, by, limit)),
      pool: (pool, limit) => gate(() => inner.pool(pool, limit)),
      list: (kind, limit, from) => gate(() => inner.list(kind, limit, from)),
      enrolled: (lab, limit, from) => gate(() => inner.enrolled(lab, limit, from)),
      owned: (kind, owner, limit, from) => gate(() => inner.owned(kind, owner, limit, from)),
      timeline: (entity, after, limit) => gate(() => inner.timeline(entity, after, limit)),
      revisions: (image) => gate(() => inner.revisions(image)),
      issues: (node) => gate(() => inner.issues(node)),
    };
    const queue: Queue = { wake: (wakes, now) => gate(() => this.queue.wake(wakes, now)) };
    const hands: Hands = {
      send: (controller, commands) => gate(() => this.hands.send(controller, commands)),
      present: (controllers) => gate(() => this.hands.present(controllers)),
      answers: (controller) => gate(() => this.hands.answers(controller)),
    };
    const app = { ...plain, store, queue, hands };
    return { ...app, outbox: outbox(app) };
  }

  /** Deliberate defects of whoever writes to the store. */
  private planted(): Store | null {
    const { defect } = this.world;
    const { store } = this;
    if (defect.forgetsTaint === true) {
      return { ...portsOf(store), commit: (writes) => store.commit(writes.map(withoutTaint)) };
    }
    if (defect.paysAfterCommit === true) {
      const commit = async (writes: readonly Write[]) => {
        const rest = writes.filter(({ kind }) => kind !== "budget");
        const committed = await store.commit(rest);
        const budget = writes.filter(({ kind }) => kind === "budget");
        if (committed === "committed" && budget.length > 0) await store.commit(budget);
        return committed;
      };
      return { ...portsOf(store), commit };
    }
    if (defect.sendsBeforeCommit === true) {
      const commit = async (writes: readonly Write[]) => {
        for (const write of writes) await this.sendEarly(write);
        return store.commit(writes);
      };
      return { ...portsOf(store), commit };
    }
    return null;
  }

  private async sendEarly(write: Write): Promise<void> {
    if (write.kind !== "node") return;
    const before = this.store.get("node", write.value.id);
    const command = jobOf(write.value)?.command;
    const spec = this.store.get("node-spec", write.value.id);
    const fresh = before !== null && jobOf(before)?.command?.id !== command?.id;
    if (command?.to == null || command.sends === 0 || spec === null || !fresh) return;
    const { id, epoch, notAfter, mustEnd, actions, to } = command;
    const { macs, power } = spec;
    const early: Command = {
      id,
      node: spec.id,
      lab: spec.lab,
      journal: to.journal,
      epoch,
      notAfter,
      mustEnd,
      actions,
      target: { macs, power },
    };
    await this.hands.send(to.controller, [early]);
  }
}

const portsOf = ({
  read,
  readMany,
  commit,
  due,
  pool,
  list,
  enrolled,
  owned,
  timeline,
  revisions,
  issues,
}: SimStore): Store => ({
  read,
  readMany,
  commit,
  due,
  pool,
  list,
  enrolled,
  owned,
  timeline,
  revisions,
  issues,
});

function withoutTaint(write: Write): Write {
  if (write.kind !== "node" || write.value.provision.state !== "in-use") return write;
  return { ...write, value: { ...write.value, disk: { ...write.value.disk, taint: null } } };
}
