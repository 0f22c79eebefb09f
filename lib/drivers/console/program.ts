/**
 * A program that prints what a console prints, for as long as it runs: a process group of its own, ended as a group, found
 * by its mark if it outlives the agent (lib/agent/leftovers.ts). Nothing is typed into it.
 */
import { spawn } from "node:child_process";
import { configurationFault } from "../../core/fault.ts";
import { DriverFault } from "../driver-fault.ts";
import { killGroup, markVariable } from "../tool.ts";
import type { ConsoleAccess } from "./driver.ts";

const mostSaid = 2000;

/** Resolves with how it ended and what it said last on its error output. */
export function listenTo(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  { signal, mark, connected }: ConsoleAccess,
  heard: (bytes: Uint8Array) => void,
): Promise<string> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const child = spawn(program, [...args], {
      detached: true,
      // Its input stays open: at its end such programs hang up.
      stdio: ["pipe", "pipe", "pipe"],
      env: { PATH: process.env["PATH"] ?? "", HOME: "/", LC_ALL: "C", ...env, [markVariable]: mark },
    });
    const stop = () => killGroup(child.pid);
    signal.addEventListener("abort", stop, { once: true });
    child.once("spawn", connected);
    let said = "";
    child.stdin.on("error", () => undefined);
    child.stdout.on("data", (chunk: Buffer) => heard(chunk));
    child.stderr.on("data", (chunk: Buffer) => {
      said = `${said}${chunk.toString()}`.slice(-mostSaid);
    });
    child.once("error", (error) => {
      signal.removeEventListener("abort", stop);
      reject("code" in error && error.code === "ENOENT" ? missing(program) : error);
    });
    child.once("exit", stop);
    child.once("close", (code, killedBy) => {
      signal.removeEventListener("abort", stop);
      if (signal.aborted) return reject(signal.reason);
      const last = said
        .split("\n")
        .map((line) => line.trim())
        .findLast((line) => line !== "");
      resolve(
        `${program} ended with ${killedBy ?? code}${last === undefined ? "" : `: ${last.slice(0, 200)}`}`,
      );
    });
  });
}

const missing = (program: string): DriverFault =>
  new DriverFault(
    configurationFault("tool-missing", `${program} is not installed on the lab controller: docs/consoles.md`),
  );
