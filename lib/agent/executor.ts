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
import { instant } from "../core/time.ts";
import { resultOf, supersededBy } from "./intake.ts";
import type { Journal } from "./journal.ts";
import { type Act, createPerformer, Ended, type PerformerSettings, switchesPower } from "./perform.ts";
import { realTimers, type Timers } from "./timers.ts";

export interface ExecutorSettings extends Omit<PerformerSettings, "act"> {
  readonly journal: Journal;
  readonly act: Act;
  /** What the hardware says now, for a command whose end is not known. */
  readonly observe: (command: Command, signal: AbortSignal) => Promise<Observed>;
  readonly report: (result: CommandResult) => void;
  readonly atOnce: number;
  readonly timers?: Timers;
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
  /** Ends what runs, now. */
  kill(): void;
  counts(): { readonly queued: number; readonly running: number };
}

/** An observation after a crash or a time-out may take this long. */
const observeMs = 20_000;

const isOptional = (action: Action): boolean => action.verb === "os.run" && action.mayFail === true;

interface Run {
  readonly command: Command;
  readonly ending: AbortController;
  readonly work: Promise<void>;
}

export function createExecutor(settings: ExecutorSettings): Executor {
  const { journal, observe, report, now, monotonic, atOnce, timers = realTimers, log } = settings;
  const performer = createPerformer(settings);
  const queues = new Map<string, Command[]>();
  const busyDomains = new Set<string>();
  /** By node. */
  const running = new Map<string, Run>();
  const besides = new Set<Promise<void>>();
  let [draining, killed] = [false, false];

  function pump(): void {
    if (draining) return;
    for (const [node, queue] of queues) {
      const next = queue[0];
      if (next === undefined) {
        queues.delete(node);
        continue;
      }
      if (running.size >= atOnce) return;
      if (running.has(node) || busyDomains.has(next.target.power.domain)) continue;
      queue.shift();
      occupy(next, (ending) => run(next, ending));
    }
  }

  /** Holds the node and its power domain while the work lasts. */
  function occupy(command: Command, job: (ending: AbortController) => Promise<void>): void {
    const { node, target } = command;
    const ending = new AbortController();
    busyDomains.add(target.power.domain);
    const work = job(ending)
      .catch((error: unknown) =>
        log("command failed in the agent", { command: command.id, error: String(error) }),
      )
      .finally(() => {
        running.delete(node);
        busyDomains.delete(target.power.domain);
        pump();
      });
    running.set(node, { command, ending, work });
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

  async function run(command: Command, ending: AbortController): Promise<void> {
    if (journal.state.commands.get(command.id)?.result !== null) return;
    if (now() > command.notAfter) {
      const why = "expired: it waited behind others until it was not to begin any more";
      return finish(resultOf(command, "expired", now(), why));
    }
    const startedAt = instant(now());
    await journal.append({ t: "started", id: command.id, at: startedAt });
    // On a clock that nobody sets: the wall clock may be set back while it runs.
    const mustEnd = monotonic() + Math.max(0, command.mustEnd - now());
    const late = () => ending.abort(new Ended("late", "it had not ended at mustEnd and was ended"));
    const forget = timers.after(Math.max(0, mustEnd - monotonic()), late);
    const results: ActionResult[] = [];
    let status: CommandStatus = "completed";
    let reason: string | null = null;
    try {
      for (const [index, action] of command.actions.entries()) {
        if (status !== "completed") {
          results.push({ verb: action.verb, outcome: "skipped" });
          continue;
        }
        const result = await performer.perform(
          { command, action, index, before: results },
          {
            signal: ending.signal,
            guard: () => {
              // Whoever was frozen past the end finds out here, before it touches anything.
              if (monotonic() >= mustEnd) late();
              ending.signal.throwIfAborted();
            },
          },
        );
        results.push(result);
        if (result.outcome === "done" || (isOptional(action) && !ending.signal.aborted)) continue;
        const fenced = Ended.by(ending.signal) === "fenced";
        status = result.outcome === "unknown" ? "unknown" : fenced ? "aborted" : "failed";
        reason = result.fault?.message ?? "the action failed without a reason";
      }
    } finally {
      forget();
    }
    // Nobody waits for an observation when the agent is told to end at once: the next start makes it.
    if (status === "unknown" && !killed) results.push(...(await lookAfter(command)));
    await finish({
      command: command.id,
      node: command.node,
      epoch: command.epoch,
      status,
      startedAt,
      endedAt: instant(now()),
      results: results.slice(0, 9),
      reason,
    });
  }

  async function lookAfter(command: Command): Promise<ActionResult[]> {
    const ending = new AbortController();
    const forget = timers.after(observeMs, () => ending.abort(new Error("the observation took too long")));
    try {
      const observed = await observe(command, ending.signal);
      return [{ verb: "power.status", outcome: "done", observed }];
    } catch (error) {
      return [{ verb: "power.status", outcome: "failed", fault: performer.faultOf(error, "power.status") }];
    } finally {
      forget();
    }
  }

  /** It was under way when the agent died. Nobody knows how far it got: the hardware is asked, nothing is repeated. */
  async function concludeInterrupted(command: Command, startedAt: number): Promise<void> {
    const { id, node, epoch, actions } = command;
    const acting = journal.state.commands.get(id)?.acting ?? null;
    const harmless =
      acting === null || actions.slice(0, acting + 1).every((action) => !switchesPower(action));
    const results = actions.some(switchesPower) ? await lookAfter(command) : [];
    await finish({
      command: id,
      node,
      epoch,
      status: "unknown",
      startedAt: instant(startedAt),
      endedAt: instant(now()),
      results,
      reason: harmless
        ? "the agent was stopped before anything was switched; what the hardware says now is in the results"
        : "the agent was stopped while it ran; what the hardware says now is in the results",
    });
  }

  /** Not behind what it is to end, but beside it. */
  function fence(command: Command): void {
    const work = (async () => {
      const { id, node, epoch } = command;
      const startedAt = instant(now());
      await journal.append({ t: "started", id, at: startedAt });
      const under = running.get(node);
      if (under !== undefined && under.command.epoch < epoch) {
        under.ending.abort(new Ended("fenced", `fenced by command ${id}`));
        await under.work;
      }
      const results: ActionResult[] = [{ verb: "fence", outcome: "done" }];
      const endedAt = instant(now());
      await finish({
        command: id,
        node,
        epoch,
        status: "completed",
        startedAt,
        endedAt,
        results,
        reason: null,
      });
    })()
      .catch((error: unknown) =>
        log("fence failed in the agent", { command: command.id, error: String(error) }),
      )
      .finally(() => besides.delete(work));
    besides.add(work);
  }

  function enqueue(command: Command): void {
    const queue = queues.get(command.node) ?? [];
    queue.push(command);
    queues.set(command.node, queue);
  }

  async function abort(commands: readonly Command[], reason: string): Promise<void> {
    for (const command of commands) {
      const queue = queues.get(command.node) ?? [];
      queues.set(
        command.node,
        queue.filter(({ id }) => id !== command.id),
      );
      await finish(resultOf(command, "aborted", now(), reason));
    }
  }

  return {
    add: (command) => {
      if (command.actions.some(({ verb }) => verb === "fence")) return fence(command);
      enqueue(command);
      pump();
    },
    abort,
    recover: () => {
      const open = [...journal.state.commands.values()].filter(({ result }) => result === null);
      for (const { command, startedAt } of open) {
        if (command.actions.some(({ verb }) => verb === "fence")) {
          fence(command);
        } else if (startedAt !== null) {
          log("command was interrupted", { command: command.id, node: command.node });
          occupy(command, () => concludeInterrupted(command, startedAt));
        } else {
          enqueue(command);
        }
      }
      // The agent may have died between taking a command and ending those that it supersedes.
      const superseded = open.flatMap(({ command }) => supersededBy(command, journal.state));
      const ending = abort(superseded, "superseded by a later command").finally(() => {
        besides.delete(ending);
        pump();
      });
      besides.add(ending);
    },
    drain: async () => {
      draining = true;
      await Promise.all([...[...running.values()].map(({ work }) => work), ...besides]);
    },
    kill: () => {
      killed = true;
      for (const { ending } of running.values()) {
        ending.abort(new Ended("stopped", "the agent was told to end at once"));
      }
    },
    counts: () => ({
      queued: [...queues.values()].reduce((sum, queue) => sum + queue.length, 0),
      running: running.size,
    }),
  };
}
