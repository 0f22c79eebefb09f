/** Console drivers against the real tools: ipmitool's Serial over LAN and a BMC that speaks it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Consoles, createConsoles } from "../../lib/agent/consoles/consoles.ts";
import { command } from "../../lib/contracts/command.ts";
import type { Sighting } from "../../lib/core/console/console.ts";
import { shippedPatterns } from "../../lib/core/console/patterns.ts";
import { branded, isInstallationId, isNodeId } from "../../lib/core/ids.ts";
import { consoleDrivers } from "../../lib/drivers/console/registry.ts";
import { killGroup, toolRoom } from "../../lib/drivers/tool.ts";
import { pickPort } from "../../lib/local/rack/ports.ts";
import { type SerialPort, startSerialPort } from "../../lib/local/rack/serial.ts";
import { aCommand } from "../agent/support.ts";
import { eventually, temporaryFolder } from "../support/stack.ts";
import { bmcPassword, type IpmiBmc, ipmiBmc, requireTools } from "./farm.ts";

requireTools();
const folder = temporaryFolder();
const mark = "fedcba9876543210";
const opened: Consoles[] = [];
let serial: SerialPort;
let bmc: IpmiBmc;

beforeAll(async () => {
  const taken = new Set<number>();
  const port = await pickPort(taken);
  // First: the BMC looks for it when it starts, and then not for a while.
  serial = await startSerialPort(port);
  bmc = await ipmiBmc(folder.path, "sol", taken, port);
});
afterAll(async () => {
  for (const consoles of opened) await consoles.stop();
  await bmc.stop();
  await serial.stop();
  folder.remove();
});

interface Heard {
  readonly consoles: Consoles;
  readonly node: ReturnType<typeof command.parse>["node"];
  readonly told: Sighting[];
  /** Why there is no connection. */
  readonly said: string[];
}

function listen(name: string, password: string): Heard {
  const node = branded(isNodeId, name);
  const heard = { told: [] as Sighting[], said: [] as string[] };
  const { told, said } = heard;
  const consoles = createConsoles({
    dir: join(folder.path, `consoles-${name}`),
    drivers: consoleDrivers,
    limits: { bytesPerBoot: 65_536, bootsKept: 3 },
    patterns: shippedPatterns,
    scriptsDir: "",
    secrets: { read: () => ({ username: "admin", password }), version: () => "1" },
    breaker: { refusal: () => null },
    tool: toolRoom({ atOnce: 4, mark }).run,
    mark,
    historyMs: 0,
    shared: false,
    current: () => ({ boot: null, installation: branded(isInstallationId, "job.1") }),
    report: (sighting) => told.push(sighting),
    now: () => Date.now(),
    pause: () => new Promise((resolve) => setTimeout(resolve, 50)),
    log: (_, { why }) => said.push(String(why)),
  });
  opened.push(consoles);
  const given = aCommand({ node, driver: "ipmi", address: bmc.address });
  const console = {
    driver: "ipmi-sol",
    address: bmc.address,
    options: { cipherSuite: "3" },
    credential: "bmc/blue",
  };
  consoles.learn(command.parse({ ...given, target: { ...given.target, console } }));
  return { consoles, node, told, said };
}

/** What is printed before anybody listens is lost, as on a wire. */
const printUntilHeard = ({ consoles, node }: Heard, line: string): Promise<void> =>
  eventually(
    () => {
      serial.print(`${line}\r\n`);
      return consoles.tail(node, 100).some(({ text }) => text === line);
    },
    line,
    60_000,
  );

/** The process groups of sessions that are open, with their arguments. */
const sessions = (): { group: number; line: string }[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        const isOurs = readFileSync(`/proc/${pid}/environ`, "utf8").includes(mark);
        return isOurs && line.includes("sol activate") ? [{ group: Number(pid), line }] : [];
      } catch {
        // It has ended meanwhile.
        return [];
      }
    });

test("what the machine prints comes through Serial over LAN, and a panic in it is known", async () => {
  const heard = listen("node-01", bmcPassword);
  await printUntilHeard(heard, "Linux version 6.12");
  serial.print("[ 1.2] Kernel panic - not syncing: no init\r\n");
  await eventually(() => heard.told.length > 0, "the panic");
  expect(heard.told).toMatchObject([{ means: "dead", pattern: "kernel-panic" }]);
  const lines = heard.consoles.tail(heard.node, 100).map(({ text }) => text);
  expect(lines.join("\n")).not.toContain("SOL Session");
  expect(sessions()).toHaveLength(1);
  // R49: nobody on the controller reads the password in a list of processes.
  expect(sessions()[0]?.line).not.toContain(bmcPassword);
  await heard.consoles.stop();
  await eventually(() => sessions().length === 0, "no session");
});

test("a session that somebody has left behind is ended first, and one that dies is opened again", async () => {
  const left = listen("node-02", bmcPassword);
  await printUntilHeard(left, "first session");
  // Killed without a word to the BMC, as with the agent.
  for (const { group } of sessions()) killGroup(group);
  await printUntilHeard(left, "second session");
  expect(sessions()).toHaveLength(1);
  await left.consoles.stop();
});

test("a password that the BMC refuses is tried once, and it is said what to do", async () => {
  const heard = listen("node-03", "not-this-one");
  await eventually(() => heard.said.some((why) => why.includes("correct the secret")), "a refusal", 60_000);
  expect(sessions()).toEqual([]);
  await heard.consoles.stop();
});
