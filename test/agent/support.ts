/** Commands, a journal in a folder, and hands that do what a test tells them. */

import { createBreaker } from "../../lib/agent/breaker.ts";
import { createDiscovery, type Discovery } from "../../lib/agent/discovery.ts";
import { createExecutor, type Executor } from "../../lib/agent/executor.ts";
import { type Journal, type JournalSettings, openJournal } from "../../lib/agent/journal.ts";
import type { Leave } from "../../lib/agent/perform.ts";
import { command } from "../../lib/contracts/command.ts";
import type { Found } from "../../lib/contracts/found.ts";
import type { Action, Command, CommandResult, Observed } from "../../lib/core/command.ts";
import { branded, isJournalId, isLabId } from "../../lib/core/ids.ts";
import { pause } from "../../lib/drivers/power/verified.ts";
import { eventually } from "../support/stack.ts";

export interface CommandChange {
  readonly id?: string;
  readonly node?: string;
  readonly domain?: string;
  readonly epoch?: number;
  readonly actions?: readonly Action[];
  readonly startsWithinMs?: number;
  readonly endsWithinMs?: number;
  readonly quiescentMs?: number;
  readonly lab?: string;
  readonly driver?: string;
  readonly address?: string;
  readonly options?: Readonly<Record<string, string>>;
  readonly journal?: string;
}

let counter = 0;

/** The id of every journal that a test opens. */
export const journalId = branded(isJournalId, "0123456789abcdef");

export const aJournal = (
  dir: string,
  change: Partial<JournalSettings> = {},
): ReturnType<typeof openJournal> =>
  openJournal({
    dir,
    now: () => Date.now(),
    newId: () => journalId,
    warn: () => {},
    failed: (error) => {
      throw error;
    },
    ...change,
  });

export const aDiscovery = (
  journal: Journal,
  report: (found: Found) => void = () => {},
  now: () => number = Date.now,
): Discovery => createDiscovery({ journal, lab: branded(isLabId, "blue"), now, report });

export function aCommand(change: CommandChange = {}): Command {
  counter += 1;
  const { node = "node-01", epoch = counter, actions = [{ verb: "power.on" }] } = change;
  const now = Date.now();
  const notAfter = now + (change.startsWithinMs ?? 60_000);
  return command.parse({
    id: change.id ?? `job.${counter}`,
    node,
    lab: change.lab ?? "blue",
    journal: change.journal ?? journalId,
    epoch,
    notAfter,
    mustEnd: now + (change.endsWithinMs ?? 120_000),
    actions,
    target: {
      macs: ["52:54:00:00:00:01"],
      power: {
        driver: change.driver ?? "redfish",
        address: change.address ?? "http://bmc",
        domain: change.domain ?? node,
        options: change.options ?? {},
        credential: "bmc/blue",
        quiescentMs: change.quiescentMs ?? 0,
      },
    },
  });
}

/** Each action waits until the test lets it end. */
export class Hands {
  readonly begun: {
    readonly node: string;
    readonly verb: string;
    readonly end: (observed?: Observed) => void;
    readonly fail: (error: Error) => void;
  }[] = [];
  observation: Observed = { power: "on" };
  /** Why the controller's clock cannot be trusted. */
  distrust: string | null = null;
  secretVersion = "1";
  private readonly running = new Map<string, number>();
  /** The most that were ever under way at once, by node and by power domain. */
  readonly most = new Map<string, number>();
  auto = false;

  readonly act = (
    each: Command,
    { verb }: Action,
    _before: unknown,
    { signal }: Leave,
  ): Promise<Observed> => {
    const keys = [`node ${each.node}`, `domain ${each.target.power.domain}`];
    for (const key of keys) {
      const now = (this.running.get(key) ?? 0) + 1;
      this.running.set(key, now);
      this.most.set(key, Math.max(now, this.most.get(key) ?? 0));
    }
    return new Promise<Observed>((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      this.begun.push({ node: each.node, verb, end: (observed = {}) => resolve(observed), fail: reject });
      if (this.auto) setTimeout(() => resolve({}), 1);
    }).finally(() => {
      for (const key of keys) this.running.set(key, (this.running.get(key) ?? 1) - 1);
    });
  };

  async next(index: number): Promise<(typeof this.begun)[number]> {
    await eventually(() => this.begun.length > index, `action ${index}`);
    const found = this.begun[index];
    if (found === undefined) throw new Error("no such action");
    return found;
  }
}

export interface Desk {
  readonly journal: Journal;
  readonly executor: Executor;
  readonly hands: Hands;
  readonly reported: CommandResult[];
  take(...commands: readonly Command[]): Promise<void>;
  ended(id: string): Promise<CommandResult>;
  readonly dir: string;
  readonly warnings: string[];
}

export async function openDesk(dir: string): Promise<Desk> {
  const warnings: string[] = [];
  const journal = await aJournal(dir, { warn: (message) => warnings.push(message) });
  const hands = new Hands();
  const reported: CommandResult[] = [];
  const executor = createExecutor({
    journal,
    act: hands.act,
    observe: async () => hands.observation,
    report: (result) => reported.push(result),
    clock: { known: async () => {}, distrust: () => hands.distrust },
    breaker: createBreaker({ journal, now: () => Date.now(), random: () => 0 }),
    secretVersion: () => hands.secretVersion,
    now: () => Date.now(),
    monotonic: () => performance.now(),
    sleep: pause,
    atOnce: 32,
    log: () => {},
  });
  return {
    journal,
    executor,
    hands,
    reported,
    dir,
    warnings,
    take: async (...commands) => {
      for (const each of commands) {
        await journal.append({ t: "accepted", command: each });
        executor.add(each);
      }
    },
    ended: async (id) => {
      await eventually(() => reported.some((result) => result.command === id), `the end of ${id}`);
      const found = reported.find((result) => result.command === id);
      if (found === undefined) throw new Error("not reported");
      return found;
    },
  };
}
