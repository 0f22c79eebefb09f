/**
 * Carries out one action of a command, and says what came of it: when it may begin (clock, breaker, rest of an unreachable
 * BMC, quiescent period), and what it means when it was ended from outside.
 */
import type { Action, ActionResult, Command, Observed, Verb } from "../core/command.ts";
import { type Fault, nodeFault } from "../core/fault.ts";
import { DriverFault } from "../drivers/driver-fault.ts";
import { authenticationRefused, unreachableCode } from "../drivers/power/driver.ts";
import type { Breaker } from "./breaker.ts";
import type { CloudClock } from "./clock.ts";
import type { Journal } from "./journal.ts";

/** What an action is given beside its command. */
export interface Leave {
  readonly signal: AbortSignal;
  /** Asked right before the machine is touched: throws when the command must have ended. */
  readonly guard: () => void;
}

/** Carries out one action; throws a DriverFault. What tools print goes to `note`. */
export type Act = (
  command: Command,
  action: Action,
  before: readonly ActionResult[],
  leave: Leave,
  heard: { said: string | null },
) => Promise<Observed>;

export interface PerformerSettings {
  readonly journal: Journal;
  readonly act: Act;
  readonly clock: Pick<CloudClock, "known" | "distrust">;
  readonly breaker: Breaker;
  /** Changes when the secret does; tells nothing about it. Throws a DriverFault if it cannot be read. */
  readonly secretVersion: (command: Command) => string;
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Why what runs was ended from outside. */
export class Ended extends Error {
  override readonly name = "Ended";
  readonly why: "late" | "fenced" | "stopped";
  constructor(why: Ended["why"], message: string) {
    super(message);
    this.why = why;
  }
  static by({ reason }: AbortSignal): Ended["why"] | null {
    return reason instanceof Ended ? reason.why : null;
  }
}

/** At the start of the agent the time is not known yet; a command that comes first waits for it so long. */
const clockPatienceMs = 5_000;

export const switchesPower = ({ verb }: Action): boolean =>
  verb === "power.on" || verb === "power.off" || verb === "power.cycle" || verb === "power.reset";

const touchesBmc = ({ verb }: Action): boolean =>
  verb.startsWith("power.") ||
  verb.startsWith("vm.") ||
  verb.startsWith("bios.") ||
  verb === "boot.set" ||
  verb === "identify";

const mayHaveEffect = (action: Action): boolean =>
  switchesPower(action) ||
  action.verb === "boot.set" ||
  action.verb === "os.run" ||
  action.verb === "bios.apply" ||
  action.verb === "network.apply" ||
  action.verb === "test.call" ||
  action.verb.startsWith("vm.") ||
  action.verb === "build.call";

export interface Doing {
  readonly command: Command;
  readonly action: Action;
  readonly index: number;
  readonly before: readonly ActionResult[];
}

export function createPerformer({
  journal,
  act,
  clock,
  breaker,
  secretVersion,
  now,
  monotonic,
  sleep,
}: PerformerSettings) {
  /** When a node was switched last, on the clock that is never set. */
  const switchedAt = new Map<string, number>();
  for (const { command, result } of journal.state.commands.values()) {
    if (result?.startedAt == null || !command.actions.some(switchesPower)) continue;
    const at = monotonic() - Math.max(0, now() - result.endedAt);
    switchedAt.set(command.node, Math.max(at, switchedAt.get(command.node) ?? at));
  }

  /** Returns when the action may begin; throws a DriverFault when it may not. Nothing was touched then. */
  async function allow({ command, action }: Doing, { signal, guard }: Leave): Promise<void> {
    const { domain, quiescentMs } = command.target.power;
    if (mayHaveEffect(action) || action.verb === "identify") {
      await clock.known(clockPatienceMs);
      const why = clock.distrust();
      if (why !== null) throw infrastructure("clock-untrusted", why);
    }
    if (touchesBmc(action)) {
      const refusal = breaker.refusal(domain, secretVersion(command));
      if (refusal !== null) throw infrastructure("breaker-open", refusal);
      const rest = breaker.restsUntil(domain) - now();
      if (now() + rest > command.mustEnd) {
        const seconds = Math.ceil(rest / 1000);
        throw new DriverFault(
          nodeFault(
            unreachableCode,
            `power domain ${domain} did not answer lately and is left alone for ${seconds} s`,
          ),
        );
      }
      if (rest > 0) await sleep(rest, signal);
    }
    const last = switchedAt.get(command.node);
    if (switchesPower(action) && last !== undefined) {
      const quiet = last + quiescentMs - monotonic();
      if (quiet > 0) await sleep(quiet, signal);
    }
    guard();
  }

  async function judged(doing: Doing, error: unknown): Promise<void> {
    const { command, action } = doing;
    if (!touchesBmc(action)) return;
    const { domain } = command.target.power;
    if (error === null) return breaker.succeeded(domain, secretVersion(command));
    if (!(error instanceof DriverFault)) return;
    if (error.fault.code === authenticationRefused) return breaker.refused(domain, secretVersion(command));
    if (error.fault.code === unreachableCode) breaker.unreachable(domain);
  }

  return {
    faultOf,
    perform: async (doing: Doing, leave: Leave): Promise<ActionResult> => {
      const { command, action, index, before } = doing;
      const { verb } = action;
      const heard: { said: string | null } = { said: null };
      const told = () => (heard.said === null ? {} : { said: heard.said });
      try {
        await allow(doing, leave);
      } catch (error) {
        const fault = leave.signal.aborted ? endedFault(verb, leave.signal) : faultOf(error, verb);
        return { verb, outcome: "failed", fault };
      }
      await journal.append({ t: "acting", id: command.id, action: index });
      try {
        const observed = await act(command, action, before, leave, heard);
        await judged(doing, null);
        return { verb, outcome: "done", observed, ...told() };
      } catch (error) {
        if (leave.signal.aborted) {
          const outcome = mayHaveEffect(action) ? "unknown" : "failed";
          return { verb, outcome, fault: endedFault(verb, leave.signal), ...told() };
        }
        await judged(doing, error);
        return { verb, outcome: "failed", fault: faultOf(error, verb), ...told() };
      } finally {
        if (switchesPower(action)) switchedAt.set(command.node, monotonic());
      }
    },
  };
}

const infrastructure = (code: string, message: string): DriverFault =>
  new DriverFault({ class: "infrastructure", code, message });

function endedFault(verb: Verb, signal: AbortSignal): Fault {
  const why = Ended.by(signal);
  const message = `${verb}: ${signal.reason instanceof Error ? signal.reason.message : String(signal.reason)}`;
  if (why === "late") return nodeFault("time-out", message);
  return { class: "infrastructure", code: why ?? "ended", message };
}

function faultOf(error: unknown, verb: Verb): Fault {
  if (error instanceof DriverFault) return error.fault;
  const message = error instanceof Error ? error.message : String(error);
  return { class: "infrastructure", code: "agent-error", message: `${verb} failed in the agent: ${message}` };
}
