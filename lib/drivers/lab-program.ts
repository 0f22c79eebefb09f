/**
 * Asks an executable that a lab's people keep on their controller: one JSON document on its standard input, one on its
 * standard output, exit code 0. It runs as every tool does, so that it ends with all that it started.
 */
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import type * as z from "zod";
import { explain } from "../contracts/scalars.ts";
import { configurationFault } from "../core/fault.ts";
import { DriverFault } from "./driver-fault.ts";
import { firstLine } from "./power/driver.ts";
import type { RunTool } from "./tool.ts";

export interface LabProgram {
  /** What it is to people: `switch driver vlan.mjs`. The code of its faults begins with the first word. */
  readonly kind: "switch driver" | "BIOS driver" | "test";
  readonly name: string;
  readonly dir: string;
  readonly timeoutMs: number;
}

export interface Running {
  readonly tool: RunTool;
  readonly signal: AbortSignal;
  /** Asked right before the executable is started: throws when the command must have ended. */
  readonly guard: () => void;
  readonly env?: Readonly<Record<string, string>>;
}

/** Throws a DriverFault where the executable did not answer as it must: never the node's fault. */
export async function askLabProgram<T>(
  { kind, name, dir, timeoutMs }: LabProgram,
  request: object,
  shape: z.ZodType<T>,
  { tool, signal, guard, env = {} }: Running,
): Promise<T> {
  const file = join(dir, name);
  const code = kind.toLowerCase().replace(" ", "-");
  try {
    accessSync(file, constants.X_OK);
  } catch {
    const message = `${kind} ${name} is not an executable file in ${dir} on the lab controller`;
    throw new DriverFault(configurationFault(`${code}-missing`, message));
  }
  guard();
  const ended = await tool(file, [], { stdin: JSON.stringify(request), env, timeoutMs }, signal);
  const infrastructure = (what: string, message: string): DriverFault =>
    new DriverFault({ class: "infrastructure", code: `${code}-${what}`, message });
  if (ended.code === null)
    throw infrastructure("timeout", `${kind} ${name} gave no answer within ${timeoutMs / 1000} s`);
  if (ended.code !== 0) {
    const said = firstLine(ended.stderr, ended.stdout);
    throw infrastructure("failed", `${kind} ${name} ended with ${ended.code}: ${said}`);
  }
  const parsed = shape.safeParse(jsonOf(ended.stdout));
  if (parsed.success) return parsed.data;
  const message = `${kind} ${name} gave no answer that can be understood: ${explain(parsed.error)}`;
  throw new DriverFault(configurationFault(`${code}-answer-invalid`, message.slice(0, 1000)));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Refused by the shape, with a word on what is missing.
    return undefined;
  }
}
