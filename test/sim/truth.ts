/**
 * What has really happened, as nobody in the system can see it: which commands were committed, what took effect on which
 * machine, what agents have seen and said. What a promise of design §7 says about the world is checked here.
 */
import type { Command, CommandResult, CommandStatus } from "../../lib/core/command.ts";
import type { SimStore } from "./store.ts";
import type { World } from "./world.ts";

/** Clocks of controllers may differ from ours by so much before they stop their hands. */
const clockMarginMs = 10_000;

export interface Effect {
  readonly command: Command;
  readonly index: number;
  /** A verb may do more than one thing: `off`, then `on`. */
  readonly what: string;
  readonly controller: string;
  readonly touchesPower: boolean;
}

export class Truth {
  /** Every command that was ever committed, and to whom it was given. */
  readonly given = new Map<string, Set<string>>();
  /** By command: how agents have told that it ended. */
  readonly told = new Map<string, Set<CommandStatus>>();
  /** By node: when an agent last read its power because it was asked to look. */
  readonly lookedAt = new Map<string, number>();
  private readonly done = new Set<string>();
  private readonly newest = new Map<string, number>();
  private readonly busy = new Map<string, { readonly id: string; readonly controller: string }>();
  private readonly world: World;
  private readonly store: SimStore;

  constructor(world: World, store: SimStore) {
    this.world = world;
    this.store = store;
  }

  tells({ command, status }: CommandResult): void {
    const known = this.told.get(command);
    if (known === undefined) this.told.set(command, new Set([status]));
    else known.add(status);
  }

  /** A tool begins to work on a machine. */
  begins({ id, node }: Command, controller: string): void {
    const other = this.busy.get(node);
    const alone = other === undefined || other.id === id;
    this.world.holds(2, alone, () => `${id} begins on ${node} while ${other?.id} is at it`);
    this.busy.set(node, { id, controller });
  }

  ends({ id, node }: Command): void {
    if (this.busy.get(node)?.id === id) this.busy.delete(node);
  }

  /** An agent has died: nothing of what it was at goes on, but for tools that outlive it. */
  abandoned(controller: string, still: ReadonlySet<string>): void {
    for (const [node, each] of this.busy) {
      if (each.controller === controller && !still.has(each.id)) this.busy.delete(node);
    }
  }

  takesEffect({ command, index, what, controller, touchesPower }: Effect): void {
    const { world } = this;
    const { id, node, epoch, mustEnd } = command;
    const { now } = world;
    world.tell(() => `   ${controller.slice(-2)} does ${what} on ${node} (${id})`);
    const key = `${id} ${index} ${what}`;
    const newest = this.newest.get(node) ?? 0;
    world.holds(
      2,
      this.given.get(id)?.has(controller) === true,
      () => `${id}: ${what} on ${node} by ${controller}, to whom it was never given`,
    );
    world.holds(2, !this.done.has(key), () => `${id}: ${what} on ${node} took effect twice`);
    world.holds(
      2,
      epoch >= newest,
      () => `${id}: ${what} on ${node} with epoch ${epoch}, after epoch ${newest} had taken effect`,
    );
    world.holds(
      2,
      now <= mustEnd + clockMarginMs,
      () => `${id}: ${what} on ${node} ${now - mustEnd} ms after it must have ended`,
    );
    this.done.add(key);
    this.newest.set(node, Math.max(newest, epoch));
    const state = this.store.get("node", node);
    if (state === null) return;
    const { provision, administrative } = state;
    if (touchesPower) {
      world.holds(7, provision.state !== "in-use", () => `${id}: ${what} on ${node}, which is in use`);
    }
    const left = administrative.state === "offline" && administrative.handsOffAt !== null;
    world.holds(7, !left, () => `${id}: ${what} on ${node}, which is offline with no hand on it`);
    if (what === "os.run grant-access") {
      const tainted = state.disk.taint !== null;
      world.holds(5, tainted, () => `${id}: access is granted on ${node}, which is not marked as touched`);
    }
  }
}
