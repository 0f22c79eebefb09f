/** Actions that the lab's own executables carry out: switch ports, firmware, tests of machines. */
import { biosAnswer, networkAnswer, testAnswer } from "../contracts/lab-programs.ts";
import type { Action, Command, TestReport } from "../core/command.ts";
import { configurationFault } from "../core/fault.ts";
import { DriverFault } from "../drivers/driver-fault.ts";
import { askLabProgram, type LabProgram } from "../drivers/lab-program.ts";
import { type BiosValue, type BmcAccess, type PowerDriver, unsupported } from "../drivers/power/driver.ts";
import type { RunTool } from "../drivers/tool.ts";
import type { Leave } from "./perform.ts";
import { said } from "./said.ts";

/** Where a lab's executables are, and how they run. */
export interface LabPrograms {
  readonly switchDriversDir: string;
  readonly biosDriversDir: string;
  readonly testsDir: string;
  readonly tool: RunTool;
}

type Verb<Name extends Action["verb"]> = Extract<Action, { verb: Name }>;
type Heard = { said: string | null };

/** Shorter than a command may run, so that a time-out is told as what it is. */
const switchMs = 2 * 60_000;
const programMs = 4 * 60_000;

export async function setSwitchPort(
  { switchDriversDir: dir, tool }: LabPrograms,
  { node, target }: Command,
  { verb: _, driver: name, ...wanted }: Verb<"network.apply">,
  { signal, guard }: Leave,
  heard: Heard,
): Promise<void> {
  const listener = said([]);
  const driver: LabProgram = { kind: "switch driver", name, dir, timeoutMs: switchMs };
  const request = { schema: "rackwright.network-request/1", node, macs: target.macs, ...wanted };
  try {
    const running = { tool: listener.listen(tool), signal, guard };
    const { applied, why } = await askLabProgram(driver, request, networkAnswer, running);
    if (applied) return;
    const message = `port ${wanted.port} of ${wanted.switch} was not set for ${wanted.purpose}: ${why ?? "its driver does not say why"}`;
    throw new DriverFault({ class: "infrastructure", code: "network-not-applied", message });
  } finally {
    heard.said = listener.text();
  }
}

interface Firmware {
  readonly driver: PowerDriver;
  readonly bmc: BmcAccess;
}

/** Only what was asked for: a firmware may tell of a thousand attributes. */
export async function readBios(
  tools: LabPrograms,
  command: Command,
  { driver: name, names }: Verb<"bios.read">,
  { driver, bmc }: Firmware,
): Promise<Readonly<Record<string, BiosValue | null>>> {
  const all =
    name === null
      ? await own(driver).read(bmc)
      : await ask(tools, command, name, bmc, { call: "read", names });
  if (all === null)
    throw new DriverFault(
      configurationFault("bios-driver-answer-invalid", `BIOS driver ${name} read no attributes`),
    );
  return Object.fromEntries(names.map((each) => [each, all[each] ?? null]));
}

export async function applyBios(
  tools: LabPrograms,
  command: Command,
  { driver: name, attributes }: Verb<"bios.apply">,
  { driver, bmc }: Firmware,
): Promise<void> {
  if (name === null) return own(driver).apply(bmc, attributes);
  await ask(tools, command, name, bmc, { call: "apply", attributes });
}

function own(driver: PowerDriver) {
  if (driver.bios !== undefined) return driver.bios;
  throw unsupported(driver.name, "read or set firmware: name a driver in the BIOS profile");
}

/** The credential reaches it by its environment, as it reaches a power script. */
async function ask(
  { biosDriversDir: dir }: LabPrograms,
  { node, target }: Command,
  name: string,
  { tool, signal, guard, address, credential }: BmcAccess,
  asked: object,
) {
  const env = { bmc_address: address, bmc_user: credential.username, bmc_password: credential.password };
  const request = { schema: "rackwright.bios-request/1", node, macs: target.macs, ...asked };
  const driver: LabProgram = { kind: "BIOS driver", name, dir, timeoutMs: programMs };
  return (await askLabProgram(driver, request, biosAnswer, { tool, signal, guard, env })).attributes;
}

export async function callTest(
  { testsDir: dir, tool }: LabPrograms,
  { node, target }: Command,
  { test: name, run, minutes }: Verb<"test.call">,
  { signal, guard }: Leave,
  heard: Heard,
): Promise<TestReport> {
  const listener = said([]);
  const request = { schema: "rackwright.test-request/1", node, macs: target.macs, run, minutes };
  try {
    const running = { tool: listener.listen(tool), signal, guard };
    const { schema: _, ...report } = await askLabProgram(
      { kind: "test", name, dir, timeoutMs: programMs },
      request,
      testAnswer,
      running,
    );
    if (report.run === run) return report;
    const message = `test ${name} answered for run ${report.run}, not for ${run}`;
    throw new DriverFault(configurationFault("test-answer-invalid", message));
  } finally {
    heard.said = listener.text();
  }
}
