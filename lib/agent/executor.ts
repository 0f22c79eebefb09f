/**
 * Runs commands: one at a time and in order per node, one at a time per power domain, many nodes side by side (R50). What
 * is to be done is on disk before it is done; at `mustEnd` whatever still runs is ended. A command that was under way when
 * the agent died is never run again: its outcome is observed and reported as unknown.
 */
import type {
  Action,
  ActionResult,
  Command,
  CommandResult,
  CommandStatus,
  Observed,
} from "../core/command.ts";
import { type Fault, nodeFault } from "../core/fault.ts";
import { instant } from "../core/time.ts";
import { DriverFault } from "../drivers/power/driver.ts";
import { resultOf } from "./intake.ts";
import type { Journal } from "./journal.ts";

/** Carries out one action; throws a DriverFault. */
export type Act = (
  command: Command,
  action: Action,
  before: readonly ActionResult[],
  signal: AbortSignal,
) => Promise<Observed>;

export interface ExecutorSettings {
  readonly journal: Journal;
  readonly act: Act;
  /** What the hardware says now, for a command whose end is not known. */
  readonly observe: (command: Command, signal: AbortSignal) => Promise<Observed>;
  readonly report: (result: CommandResult) => void;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly atOnce: number;
  readonly log: (message: string, details: Readonly<Record<string, unknown>>) => void;
}

export interface Executor {
  /** Accepted and journalled already. */
  add(command: Command): void;
  /** Ends what has not begun. */
  abort(commands: readonly Command[], reason: string): Promise<void>;
  /** After a restart: goes on with what was not begun, observes what was. */
  recover(): void;
  /** Takes nothing new; resolves when what runs has ended. */
  drain(): Promise<void>;
}

/** An observation after a crash or a time-out may take this long. */
const observeMs = 20_000;

const mayHaveEffect = (action: Action | undefined): boolean =>
  action !== undefined &&
  (action.verb.startsWith("power.") || action.verb === "boot.set" || action.verb === "os.run") &&
  action.verb !== "power.status";

export function createExecutor({
  journal,
  act,
  observe,
  report,
  now,
  sleep,
  atOnce,
  log,
}: ExecutorSettings): Executor {
  const queues = new Map<string, Command[]>();
  const busyNodes = new Set<string>();
  const busyDomains = new Set<string>();
  const lastPowerAt = new Map<string, number>();
  const running = new Set<Promise<void>>();
  let draining = false;

  function pump(): void {
    if (draining) return;
    for (const [node, queue] of queues) {
      const next = queue[0];
      if (next === undefined) {
        queues.delete(node);
        continue;
      }
      if (running.size >= atOnce) return;
      const { domain } = next.target.power;
      if (busyNodes.has(node) || busyDomains.has(domain)) continue;
      queue.shift();
      busyNodes.add(node);
      busyDomains.add(domain);
      const work = run(next)
        .catch((error: unknown) =>
          log("command failed in the agent", { command: next.id, error: String(error) }),
        )
        .finally(() => {
          busyNodes.delete(node);
          busyDomains.delete(domain);
          running.delete(work);
          pump();
        });
      running.add(work);
    }
  }

  async function finish(result: CommandResult): Promise<void> {
    await journal.append({ t: "finished", result });
    report(result);
    log("command ended", {
      command: result.command,
      node: result.node,
      status: result.status,
      reason: result.reason,
    });
  }

  async function run(command: Command): Promise<void> {
    if (journal.state.commands.get(command.id)?.result !== null) return;
    if (now() > command.notAfter) {
      return finish(
        resultOf(
          command,
          "expired",
          now(),
          "expired: it waited behind others until it was not to begin any more",
        ),
      );
    }
    const startedAt = instant(now());
    await journal.append({ t: "started", id: command.id, at: startedAt });
    const ending = new AbortController();
    const limit = setTimeout(() => ending.abort(new Error("mustEnd")), Math.max(0, command.mustEnd - now()));
    const results: ActionResult[] = [];
    let status: CommandStatus = "completed";
    let reason: string | null = null;
    try {
      for (const [index, action] of command.actions.entries()) {
        if (status !== "completed") {
          results.push({ verb: action.verb, outcome: "skipped" });
          continue;
        }
        await keepQuiet(command, action);
        await journal.append({ t: "acting", id: command.id, action: index });
        const result = await perform(command, action, results, ending.signal);
        results.push(result);
        if (result.outcome === "done") continue;
        status = result.outcome === "unknown" ? "unknown" : "failed";
        reason = result.fault?.message ?? "the action failed without a reason";
      }
    } finally {
      clearTimeout(limit);
    }
    if (status === "unknown") results.push(...(await lookAfter(command)));
    await finish({
      command: command.id,
      node: command.node,
      epoch: command.epoch,
      status,
      startedAt,
      endedAt: instant(now()),
      results: results.slice(0, 8),
      reason,
    });
  }

  async function perform(
    command: Command,
    action: Action,
    before: readonly ActionResult[],
    signal: AbortSignal,
  ): Promise<ActionResult> {
    const { verb } = action;
    try {
      const observed = await act(command, action, before, signal);
      if (verb.startsWith("power.")) lastPowerAt.set(command.node, now());
      return { verb, outcome: "done", observed };
    } catch (error) {
      if (verb.startsWith("power.")) lastPowerAt.set(command.node, now());
      if (signal.aborted) {
        const fault = nodeFault("time-out", `${verb} had not ended at mustEnd and was ended`);
        return { verb, outcome: mayHaveEffect(action) ? "unknown" : "failed", fault };
      }
      return { verb, outcome: "failed", fault: faultOf(error, verb) };
    }
  }

  /** Some machines must not be switched again too soon (Beaker's quiescent period). */
  async function keepQuiet(command: Command, { verb }: Action): Promise<void> {
    const { quiescentMs } = command.target.power;
    const last = lastPowerAt.get(command.node);
    if (!verb.startsWith("power.") || verb === "power.status" || last === undefined) return;
    const left = last + quiescentMs - now();
    if (left > 0) await sleep(left);
  }

  async function lookAfter(command: Command): Promise<ActionResult[]> {
    try {
      const observed = await observe(command, AbortSignal.timeout(observeMs));
      return [{ verb: "power.status", outcome: "done", observed }];
    } catch (error) {
      return [{ verb: "power.status", outcome: "failed", fault: faultOf(error, "power.status") }];
    }
  }

  /** It was under way when the agent died. Nobody knows how far it got: the hardware is asked, nothing is repeated. */
  async function concludeInterrupted(command: Command, startedAt: number): Promise<void> {
    const results = await lookAfter(command);
    const reason = "the agent was stopped while it ran; what the hardware says now is in the results";
    await finish({
      command: command.id,
      node: command.node,
      epoch: command.epoch,
      status: "unknown",
      startedAt: instant(startedAt),
      endedAt: instant(now()),
      results,
      reason,
    });
  }

  return {
    add: (command) => {
      const queue = queues.get(command.node) ?? [];
      queue.push(command);
      queues.set(command.node, queue);
      pump();
    },
    abort: async (commands, reason) => {
      for (const command of commands) {
        const queue = queues.get(command.node) ?? [];
        queues.set(
          command.node,
          queue.filter(({ id }) => id !== command.id),
        );
        await finish(resultOf(command, "aborted", now(), reason));
      }
    },
    recover: () => {
      const open = [...journal.state.commands.values()].filter(({ result }) => result === null);
      for (const { command, startedAt } of open) {
        if (startedAt === null) {
          const queue = queues.get(command.node) ?? [];
          queue.push(command);
          queues.set(command.node, queue);
        } else {
          log("command was interrupted", { command: command.id, node: command.node });
          busyNodes.add(command.node);
          const work = concludeInterrupted(command, startedAt)
            .catch((error: unknown) =>
              log("observation failed", { command: command.id, error: String(error) }),
            )
            .finally(() => {
              busyNodes.delete(command.node);
              running.delete(work);
              pump();
            });
          running.add(work);
        }
      }
      pump();
    },
    drain: async () => {
      draining = true;
      await Promise.all(running);
    },
  };
}

function faultOf(error: unknown, verb: string): Fault {
  if (error instanceof DriverFault) return error.fault;
  const message = error instanceof Error ? error.message : String(error);
  return { class: "infrastructure", code: "agent-error", message: `${verb} failed in the agent: ${message}` };
}
