/**
 * The consoles of a controller's nodes. Which there are is learned from commands: each says where its node's console is. That
 * is kept on disk, so that an agent that starts again listens at once. Of several controllers of a lab the one that is given
 * a node's commands listens to it; another lets go after a while, since a BMC has room for one listener.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { ConsoleLine } from "../../contracts/console.ts";
import { consoleSettings } from "../../contracts/console.ts";
import { nodeId } from "../../contracts/scalars.ts";
import type { Command } from "../../core/command.ts";
import type { ConsoleSettings, Sighting } from "../../core/console/console.ts";
import type { ConsolePattern } from "../../core/console/patterns.ts";
import type { BootId, InstallationId, NodeId } from "../../core/ids.ts";
import type { ConsoleDriver } from "../../drivers/console/driver.ts";
import { pause } from "../../drivers/power/verified.ts";
import type { RunTool } from "../../drivers/tool.ts";
import type { Breaker } from "../breaker.ts";
import type { Secrets } from "../secrets.ts";
import { type Keeper, keep } from "./keeper.ts";
import { type ConsoleLog, consoleLog, type LogLimits } from "./log.ts";

export interface ConsolesSettings {
  readonly dir: string;
  readonly drivers: readonly ConsoleDriver[];
  readonly limits: LogLimits;
  readonly patterns: readonly ConsolePattern[];
  readonly scriptsDir: string;
  readonly secrets: Secrets;
  readonly breaker: Pick<Breaker, "refusal">;
  readonly tool: RunTool;
  readonly mark: string;
  /** Other controllers listen too, when it is their turn. */
  readonly shared: boolean;
  /** Which boot of a node is under way; null: that is not known. */
  readonly current: (
    node: NodeId,
  ) => { readonly boot: BootId | null; readonly installation: InstallationId } | null;
  readonly report: (sighting: Sighting) => void;
  readonly now: () => number;
  /** How long after connecting what comes may be old. */
  readonly historyMs?: number;
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly log: (message: string, details: Readonly<Record<string, unknown>>) => void;
}

export interface Consoles {
  /** Before each command is carried out: where its node's console is now. */
  learn(command: Command): void;
  poweredOn(node: NodeId): void;
  asked(node: NodeId): void;
  /** Empty where nobody listens. */
  tail(node: NodeId, count: number): readonly ConsoleLine[];
  counts(): { readonly listening: number; readonly known: number };
  stop(): Promise<void>;
}

/** A controller that has had no command for a node for so long is not the one that has its hands on it. */
const letGoMs = 15 * 60_000;
const lookRoundMs = 60_000;
const usualHistoryMs = 3_000;

const known = z.strictObject({ node: nodeId, domain: z.string(), console: consoleSettings });
type Known = z.infer<typeof known>;

interface Listener {
  readonly of: Known;
  readonly keeper: Keeper;
  heardOfAt: number;
}

const nobody = { username: "", password: "" };

export const consoleDir = (stateDir: string): string => join(stateDir, "consoles");

export function createConsoles(given: ConsolesSettings): Consoles {
  const { dir, drivers, limits, patterns, scriptsDir, secrets, breaker, tool, mark, now, report } = given;
  const listeners = new Map<string, Listener>();
  const logs = new Map<string, ConsoleLog>();
  const stopping = new Set<Promise<void>>();
  const fileOf = (node: string): string => join(dir, node, "console.json");

  function logOf(node: string): ConsoleLog {
    const log = logs.get(node) ?? consoleLog(join(dir, node), limits, now);
    logs.set(node, log);
    return log;
  }

  const withSecret = (settings: ConsoleSettings, ofBmc: string): ConsoleSettings =>
    drivers.some(({ name, ofBmc: isOfBmc }) => name === settings.driver && isOfBmc === true)
      ? { ...settings, credential: settings.credential ?? ofBmc }
      : settings;

  function start(of: Known): void {
    const { node, domain, console: settings } = of;
    const driver = drivers.find(({ name }) => name === settings.driver);
    const say: ConsolesSettings["log"] = (message, details) => given.log(message, { node, ...details });
    if (driver === undefined) {
      const names = drivers.map(({ name }) => name).join(", ");
      return say("console: no such driver", { driver: settings.driver, drivers: names });
    }
    const version = () => (settings.credential === null ? "none" : secrets.version(settings.credential));
    const keeper = keep({
      driver,
      settings,
      log: logOf(node),
      patterns,
      now,
      pause: given.pause ?? pause,
      historyMs: given.historyMs ?? usualHistoryMs,
      access: (signal, connected) => ({
        connected,
        address: settings.address,
        options: settings.options,
        credential: settings.credential === null ? nobody : secrets.read(settings.credential),
        signal,
        tool,
        mark,
        scriptsDir,
      }),
      // An account that power commands need is not to be locked by who only wants to listen.
      forbidden: () => breaker.refusal(domain, version()),
      secretVersion: version,
      trouble: (means, pattern, { at, text }) => {
        const current = given.current(node);
        if (current === null || (means === "install-failed" && current.boot === null)) return false;
        report({ node, ...current, means, pattern, line: text, at });
        return true;
      },
      say,
    });
    listeners.set(node, { of, keeper, heardOfAt: now() });
  }

  function stop(node: string): void {
    const listener = listeners.get(node);
    if (listener === undefined) return;
    listeners.delete(node);
    const ended = listener.keeper.stop().finally(() => stopping.delete(ended));
    stopping.add(ended);
  }

  function learn({ node, target }: Command): void {
    const listener = listeners.get(node);
    if (target.console === undefined) {
      if (listener === undefined) return;
      stop(node);
      rmSync(fileOf(node), { force: true });
      return;
    }
    const settings = withSecret(target.console, target.power.credential);
    if (listener !== undefined && isSame(listener.of.console, settings)) {
      listener.heardOfAt = now();
      return;
    }
    stop(node);
    const of: Known = { node, domain: domainOf(target, settings), console: settings };
    mkdirSync(join(dir, node), { recursive: true, mode: 0o700 });
    writeFileSync(`${fileOf(node)}.new`, JSON.stringify(of), { mode: 0o600 });
    renameSync(`${fileOf(node)}.new`, fileOf(node));
    start(of);
  }

  for (const node of existsSync(dir) ? readdirSync(dir) : []) {
    if (!existsSync(fileOf(node))) continue;
    const read = known.safeParse(JSON.parse(readFileSync(fileOf(node), "utf8")));
    if (read.success) start(read.data);
    else given.log("console: forgotten until the node's next command", { node, file: fileOf(node) });
  }

  const rounds = setInterval(() => {
    for (const [node, { heardOfAt }] of listeners)
      if (given.shared && now() - heardOfAt > letGoMs) stop(node);
  }, lookRoundMs).unref();

  return {
    learn,
    poweredOn: (node) => listeners.get(node)?.keeper.poweredOn(),
    asked: (node) => listeners.get(node)?.keeper.asked(),
    tail: (node, count) => listeners.get(node)?.keeper.tail(count) ?? [],
    counts: () => ({
      listening: [...listeners.values()].filter(({ keeper }) => keeper.connected()).length,
      known: listeners.size,
    }),
    stop: async () => {
      clearInterval(rounds);
      for (const node of [...listeners.keys()]) stop(node);
      await Promise.all(stopping);
    },
  };
}

const isSame = (a: ConsoleSettings, b: ConsoleSettings): boolean =>
  JSON.stringify(consoleSettings.parse(a)) === JSON.stringify(consoleSettings.parse(b));

/** With the BMC's own secret, what its power domain has seen of it holds here too; any other login is a domain of its own. */
const domainOf = ({ power }: Command["target"], { credential, address }: ConsoleSettings): string =>
  credential === power.credential ? power.domain : `console ${address}`;
