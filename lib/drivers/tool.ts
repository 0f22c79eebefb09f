/**
 * Runs programs that people already have (ipmitool, fence agents, virsh, a lab's own scripts): as a process group of their
 * own, ended as a group, bounded by `timeout` even if this process is frozen or killed, capped in number, both streams
 * kept (R57, R61, R62). A secret reaches them by standard input or environment, never as an argument.
 */
import { spawn } from "node:child_process";
import { configurationFault } from "../core/fault.ts";
import { DriverFault } from "./driver-fault.ts";

export interface ToolInput {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export interface ToolResult {
  /** Null: it was ended because it took too long. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly elapsedMs: number;
}

/** Throws a DriverFault if the program is not installed, and the signal's reason if it was ended from outside. */
export type RunTool = (
  program: string,
  args: readonly string[],
  input: ToolInput,
  signal: AbortSignal,
) => Promise<ToolResult>;

export interface ToolsSettings {
  /** A fence agent takes 26 MB: more of them at once than this wait for each other. */
  readonly atOnce: number;
  /** Marks the processes of this agent, so that it finds those that outlived it. */
  readonly mark: string;
}

export interface ToolRoom {
  readonly run: RunTool;
  /** Programs that run now, and those that wait for room. */
  readonly counts: () => { readonly running: number; readonly waiting: number };
  /** The process groups that run now. */
  readonly groups: () => readonly number[];
}

/** In the environment of every tool: whose hands it belongs to. */
export const markVariable = "RACKWRIGHT_HANDS";

const mostOutput = 16 * 1024;
const killAfterSeconds = 2;
/** What `timeout` (coreutils) exits with. */
const timedOut: readonly number[] = [124, 137];
const notFound = 127;

export function toolRoom({ atOnce, mark }: ToolsSettings): ToolRoom {
  const running = new Set<number>();
  const waiting: (() => void)[] = [];
  let taken = 0;

  async function enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (taken < atOnce) {
      taken += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const go = () => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        waiting.splice(waiting.indexOf(go), 1);
        reject(signal.reason);
      };
      signal.addEventListener("abort", leave, { once: true });
      waiting.push(go);
    });
  }

  /** Whoever waits takes over the place of the one that leaves. */
  function exit(): void {
    const next = waiting.shift();
    if (next === undefined) taken -= 1;
    else next();
  }

  return {
    run: async (program, args, input, signal) => {
      await enter(signal);
      try {
        return await launch(program, args, input, signal, mark, running);
      } finally {
        exit();
      }
    },
    counts: () => ({ running: running.size, waiting: waiting.length }),
    groups: () => [...running],
  };
}

function launch(
  program: string,
  args: readonly string[],
  { stdin = "", env = {}, timeoutMs }: ToolInput,
  signal: AbortSignal,
  mark: string,
  running: Set<number>,
): Promise<ToolResult> {
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const child = spawn(
      "timeout",
      [`--kill-after=${killAfterSeconds}`, String(timeoutMs / 1000), program, ...args],
      {
        // A group of its own, so that what the program leaves behind ends with it.
        detached: true,
        stdio: ["pipe", "pipe", "pipe"],
        env: { PATH: process.env["PATH"] ?? "", HOME: "/", LC_ALL: "C", ...env, [markVariable]: mark },
      },
    );
    const { pid } = child;
    if (pid !== undefined) running.add(pid);
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk) => {
      stdout = `${stdout}${chunk}`.slice(0, mostOutput);
    });
    child.stderr.on("data", (chunk) => {
      stderr = `${stderr}${chunk}`.slice(0, mostOutput);
    });
    const stop = () => killGroup(pid);
    signal.addEventListener("abort", stop, { once: true });
    const end = () => {
      signal.removeEventListener("abort", stop);
      if (pid !== undefined) running.delete(pid);
    };
    // A program that does not read its input closes it: what it answers counts, not that.
    child.stdin.on("error", () => undefined);
    child.stdin.end(stdin);
    child.once("error", (error) => {
      end();
      reject(error);
    });
    child.once("exit", () => killGroup(pid));
    child.once("close", (code) => {
      end();
      if (signal.aborted) return reject(signal.reason);
      if (code === notFound && stderr.startsWith("timeout:")) return reject(missing(program));
      const late = code === null || timedOut.includes(code);
      resolve({ code: late ? null : code, stdout, stderr, elapsedMs: performance.now() - startedAt });
    });
  });
}

/** Those that a program has started and left behind die with it (field.md C33). */
export function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // The group is gone already.
  }
}

const missing = (program: string): DriverFault =>
  new DriverFault(
    configurationFault(
      "tool-missing",
      `${program} is not installed on the lab controller: rackwright-agent doctor says what is needed`,
    ),
  );
