/** What adapters share: read the request, run a tool, answer, say whose fault it is. docs/build-systems.md is the contract. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** What a tool said when it failed. */
export class ToolFailed extends Error {}

/** Runs a program without a shell; returns what it printed. */
export function run(program, ...args) {
  try {
    return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    if (error.code === "ENOENT") throw new ToolFailed(`${program} is not installed on this lab controller`);
    throw new ToolFailed(
      `${program} ${args[0]}: ${`${error.stderr}${error.stdout}`.trim() || error.message}`,
    );
  }
}

/** `calls` holds a function for each call that the adapter knows; it returns what `result` below makes. */
export function answer(calls, { isConfiguration }) {
  const request = JSON.parse(readFileSync(0, "utf8"));
  const call = calls[request.call];
  let said;
  try {
    said =
      call === undefined
        ? fail("fatal", "configuration", "not-supported", `this adapter cannot ${request.call}`)
        : call(request);
  } catch (error) {
    if (!(error instanceof ToolFailed)) throw error;
    const message = error.message.slice(0, 500);
    said = isConfiguration(message)
      ? fail("fatal", "configuration", "build-refused", message)
      : fail("retry", "node", "build-failed", message);
  }
  const { installation } = request;
  process.stdout.write(`${JSON.stringify({ schema: "rackwright.build-answer/1", installation, ...said })}\n`);
}

export const done = { result: "done" };
export const waiting = (sign) => ({ result: "waiting", sign: sign.slice(0, 200) });
export const fail = (result, faultClass, code, message) => ({
  result,
  fault: { class: faultClass, code, message: message.replaceAll(/\s+/g, " ") },
});
