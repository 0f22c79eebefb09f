/**
 * Listens to one node's console for as long as the agent runs: connects, again and again with growing pauses, keeps what it
 * hears by boot, and tells of lines that mean trouble, each meaning once a boot.
 */

import { type ConsoleLine, longestConsoleLine } from "../../contracts/console.ts";
import type { ConsoleSettings, Trouble } from "../../core/console/console.ts";
import { type ConsolePattern, patternOf } from "../../core/console/patterns.ts";
import { instant } from "../../core/time.ts";
import type { ConsoleAccess, ConsoleDriver } from "../../drivers/console/driver.ts";
import { DriverFault } from "../../drivers/driver-fault.ts";
import { authenticationRefused } from "../../drivers/power/driver.ts";
import { lineReader } from "./lines.ts";
import type { ConsoleLog } from "./log.ts";

export interface KeeperSettings {
  readonly driver: ConsoleDriver;
  readonly settings: ConsoleSettings;
  readonly log: ConsoleLog;
  readonly patterns: readonly ConsolePattern[];
  readonly now: () => number;
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  /** What a driver is given for one connection. Throws a DriverFault. */
  readonly access: (signal: AbortSignal, connected: () => void) => ConsoleAccess;
  /**
   * Console servers print once more what they have kept when somebody connects: what comes that soon is kept and means
   * nothing, since nobody knows of which boot it is.
   */
  readonly historyMs: number;
  /** Null: go on. Else why nobody may log in there now. */
  readonly forbidden: () => string | null;
  /** Changes when the secret does: one that was refused is not tried again. */
  readonly secretVersion: () => string;
  /** A line means trouble; false: it cannot be said of which boot. */
  readonly trouble: (means: Trouble, pattern: string, line: ConsoleLine) => boolean;
  readonly say: (message: string, details: Readonly<Record<string, unknown>>) => void;
}

export interface Keeper {
  /** It is switched on, or begun anew. */
  poweredOn(): void;
  /** Its firmware asks what to boot: once more than since it was switched on, and it has started again by itself. */
  asked(): void;
  /** The last lines of this boot; a prompt is the last one. */
  tail(count: number): readonly ConsoleLine[];
  connected(): boolean;
  /** Resolves when the connection has ended and all is on disk. */
  stop(): Promise<void>;
}

const shortestPauseMs = 1_000;
const longestPauseMs = 60_000;
/** A connection that held so long was a good one. */
const goodAfterMs = 60_000;
/** A line that has not grown for so long is taken for a prompt. */
const promptAfterMs = 1_000;

export function keep(given: KeeperSettings): Keeper {
  const { driver, log, patterns, now, pause, access, forbidden, secretVersion, trouble, historyMs, say } =
    given;
  const ending = new AbortController();
  const { signal } = ending;
  const told = new Set<string>();
  let hasAsked = false;
  let isConnected = false;
  let connectedAt = 0;
  let refused: string | null = null;
  let lastAt = 0;
  let pending: ConsoleLine | null = null;
  let read = lineReader();

  /** No two lines have the same time: it is their name. */
  const stamp = (): ConsoleLine["at"] => {
    lastAt = Math.max(now(), lastAt + 1);
    return instant(lastAt);
  };
  const lineOf = (text: string): ConsoleLine => ({ at: stamp(), text: text.slice(0, longestConsoleLine) });

  function boots(): void {
    // A prompt that nobody has answered belongs to the boot that it ends.
    if (pending !== null) log.write([pending]);
    read = lineReader();
    log.begin();
    told.clear();
    hasAsked = false;
    pending = null;
  }

  function judge(line: ConsoleLine, ended: boolean): void {
    const pattern = patternOf(patterns, line.text, ended);
    if (now() - connectedAt < historyMs) return;
    if (pattern === null || pattern.means === "login" || told.has(pattern.means)) return;
    if (trouble(pattern.means, pattern.name, line)) told.add(pattern.means);
  }

  function hearing(): (bytes: Uint8Array) => void {
    read = lineReader();
    return (bytes) => {
      isConnected = true;
      const heard = read(bytes);
      const lines = heard.lines.map(lineOf);
      if (lines.length > 0) log.write(lines);
      for (const line of lines) judge(line, true);
      if (heard.pending.trim() === "") pending = null;
      else if (heard.pending !== pending?.text) pending = lineOf(heard.pending);
      if (pending !== null) judge(pending, false);
    };
  }

  const connected = (): void => {
    connectedAt = now();
  };

  /** Why the connection ended, or there was none. */
  async function listen(): Promise<string> {
    const why = forbidden();
    if (why !== null) return why;
    const version = secretVersion();
    if (refused === version) return "its credential was refused: correct the secret on this controller";
    try {
      return await driver.listen(access(signal, connected), hearing());
    } catch (error) {
      if (signal.aborted) return "";
      if (!(error instanceof DriverFault)) return error instanceof Error ? error.message : String(error);
      if (error.fault.code === authenticationRefused) refused = version;
      return error.fault.message;
    } finally {
      isConnected = false;
    }
  }

  async function loop(): Promise<void> {
    let failures = 0;
    let said = "";
    while (!signal.aborted) {
      const begunAt = now();
      const why = await listen();
      if (signal.aborted) return;
      failures = now() - begunAt > goodAfterMs ? 0 : failures + 1;
      if (why !== said) say("console: no connection, tried again and again", { why });
      said = why;
      const waitMs = Math.min(longestPauseMs, shortestPauseMs * 2 ** (failures - 1));
      await pause(waitMs, signal).catch(() => undefined);
    }
  }

  const listening = loop().catch((error: unknown) =>
    say("console: nobody listens any more", { error: String(error) }),
  );
  return {
    poweredOn: boots,
    asked: () => {
      if (hasAsked) boots();
      hasAsked = true;
    },
    tail: (count) => {
      const prompt = pending !== null && now() - pending.at >= promptAfterMs ? [pending] : [];
      return [...log.tail(count), ...prompt].slice(-count);
    },
    connected: () => isConnected,
    stop: async () => {
      ending.abort(new Error("the agent lets go of the console"));
      await listening;
      log.flush();
    },
  };
}
