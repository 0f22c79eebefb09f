/**
 * Asks an executable that wraps another build system (xCAT, a Cobbler-like one): JSON in, JSON out. It runs as every tool
 * does, so that it ends with all that it started; what it says is believed for the installation it was asked about alone.
 */
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { type BuildRequest, buildAnswer } from "../../contracts/build.ts";
import { explain } from "../../contracts/scalars.ts";
import type { BuildReport } from "../../core/command.ts";
import { configurationFault, type Fault } from "../../core/fault.ts";
import { DriverFault } from "../driver-fault.ts";
import { firstLine } from "../power/driver.ts";
import type { RunTool } from "../tool.ts";

export interface BuilderPlace {
  readonly buildersDir: string;
  readonly tool: RunTool;
  readonly signal: AbortSignal;
  /** Asked right before the executable is started: throws when the command must have ended. */
  readonly guard: () => void;
}

/** Shorter than a command may run, so that a time-out is told as what it is. What takes longer answers “waiting”. */
const callMs = 4 * 60_000;

/** Throws a DriverFault where the executable did not answer as it must. */
export async function callBuilder(
  system: string,
  request: BuildRequest,
  { buildersDir, tool, signal, guard }: BuilderPlace,
  timeoutMs = callMs,
): Promise<BuildReport> {
  const file = join(buildersDir, system);
  try {
    accessSync(file, constants.X_OK);
  } catch {
    const message = `build system ${system} is not an executable file in ${buildersDir} on the lab controller`;
    throw new DriverFault(configurationFault("build-system-missing", message));
  }
  guard();
  const { code, stdout, stderr } = await tool(
    file,
    [],
    { stdin: JSON.stringify(request), timeoutMs },
    signal,
  );
  const called = `build system ${system}, asked to ${request.call} ${request.node},`;
  if (code === null)
    throw infrastructure("build-system-timeout", `${called} gave no answer within ${timeoutMs / 1000} s`);
  if (code !== 0)
    throw infrastructure("build-system-failed", `${called} ended with ${code}: ${firstLine(stderr, stdout)}`);
  const parsed = buildAnswer.safeParse(jsonOf(stdout));
  if (!parsed.success) {
    const message = `${called} gave no answer that can be understood: ${explain(parsed.error)}`;
    throw new DriverFault(configurationFault("build-answer-invalid", message.slice(0, 1000)));
  }
  const { schema: _, ...report } = parsed.data;
  if (report.installation !== request.installation) {
    const message = `${called} answered for installation ${report.installation}, not for ${request.installation}`;
    throw new DriverFault(configurationFault("build-answer-invalid", message));
  }
  return report;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Refused by the shape, with a word on what is missing.
    return undefined;
  }
}

const infrastructure = (code: string, message: string): DriverFault =>
  new DriverFault({ class: "infrastructure", code, message } satisfies Fault);
