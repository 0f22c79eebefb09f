/** Executables that a lab keeps on its controllers: switch drivers, BIOS drivers, tests. Real processes, the real shapes. */
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { applyBios, callTest, readBios, setSwitchPort } from "../../lib/agent/lab-programs.ts";
import { branded, isInstallationId } from "../../lib/core/ids.ts";
import type { BmcAccess } from "../../lib/drivers/power/driver.ts";
import { ipmi } from "../../lib/drivers/power/ipmi.ts";
import { toolRoom } from "../../lib/drivers/tool.ts";
import { temporaryFolder } from "../support/stack.ts";
import { aCommand } from "./support.ts";

const folder = temporaryFolder();
afterAll(folder.remove);
const { run: tool } = toolRoom({ atOnce: 2, mark: "tests" });
const dir = folder.path;
const places = { switchDriversDir: dir, biosDriversDir: dir, testsDir: dir, tool };
const signal = AbortSignal.timeout(60_000);
const leave = { signal, guard: () => {} };

function program(name: string, text: string): string {
  writeFileSync(join(dir, name), text, { mode: 0o755 });
  return name;
}
const port = {
  verb: "network.apply",
  switch: "tor",
  address: "10.0.0.250",
  port: "eth7",
  purpose: "reserved",
  wish: { vlan: "42" },
} as const;
const set = (driver: string, wish: Record<string, string> = port.wish) =>
  setSwitchPort(places, aCommand(), { ...port, driver, wish }, leave, { said: null });

describe("a switch driver", () => {
  test("R78, R87: the example sets the port as is wished, once or twice, and says so only when it reads it back", async () => {
    copyFileSync(join(import.meta.dirname, "../../examples/network/vlan.mjs"), join(dir, "vlan.mjs"));
    chmodSync(join(dir, "vlan.mjs"), 0o755);
    await set("vlan.mjs");
    await set("vlan.mjs");
    const ports: unknown = JSON.parse(readFileSync(join(dir, "switch-ports.json"), "utf8"));
    expect(ports).toEqual({ "tor eth7": { vlan: "42" } });
  });

  test("is told all that it needs on standard input, and what it prints on standard error is kept", async () => {
    program(
      "hears",
      `#!/bin/sh\ncat > ${dir}/heard; echo shouting >&2; echo '{"schema":"rackwright.network-answer/1","applied":true}'\n`,
    );
    const heard = { said: null };
    await setSwitchPort(places, aCommand(), { ...port, driver: "hears" }, leave, heard);
    expect(JSON.parse(readFileSync(join(dir, "heard"), "utf8"))).toEqual({
      schema: "rackwright.network-request/1",
      node: "node-01",
      macs: ["52:54:00:00:00:01"],
      switch: "tor",
      address: "10.0.0.250",
      port: "eth7",
      purpose: "reserved",
      wish: { vlan: "42" },
    });
    expect(heard.said).toContain("shouting");
  });

  test.each([
    [
      "refuses",
      `echo '{"schema":"rackwright.network-answer/1","applied":false,"why":"no such VLAN"}'`,
      "infrastructure",
      "no such VLAN",
    ],
    ["fails", "echo broken >&2; exit 3", "infrastructure", "ended with 3: broken"],
    ["mumbles", "echo yes", "configuration", "gave no answer that can be understood"],
  ])("that %s is never the node's fault, and its reason is told", async (name, text, faultClass, says) => {
    program(name, `#!/bin/sh\n${text}\n`);
    await expect(set(name)).rejects.toMatchObject({
      fault: { class: faultClass, message: expect.stringContaining(says) },
    });
  });

  test("that is not there is named with the folder in which it is wanted", async () => {
    await expect(set("nobody")).rejects.toMatchObject({
      fault: { class: "configuration", code: "switch-driver-missing", message: expect.stringContaining(dir) },
    });
  });
});

describe("a BIOS driver", () => {
  const bmc: BmcAccess = {
    address: "10.0.0.5",
    options: {},
    credential: { username: "admin", password: "xyzzy" },
    signal,
    guard: () => {},
    tool,
    note: () => {},
    helpersDir: dir,
    who: "tests",
    scriptsDir: dir,
  };

  test("R79: reads and sets where the power driver cannot, and gets the credential by its environment alone", async () => {
    const driver = program(
      "firmware",
      `#!/bin/sh\ncat >> ${dir}/asked; echo "$bmc_address $bmc_user $bmc_password $*" > ${dir}/env\necho '{"schema":"rackwright.bios-answer/1","attributes":{"Sriov":"Disabled","Other":1}}'\n`,
    );
    const firmware = { driver: ipmi, bmc };
    const names = ["Sriov", "Numa"];
    const read = await readBios(places, aCommand(), { verb: "bios.read", driver, names }, firmware);
    expect(read).toEqual({ Sriov: "Disabled", Numa: null });
    const attributes = { Sriov: "Enabled" };
    await applyBios(places, aCommand(), { verb: "bios.apply", driver, attributes }, firmware);
    expect(readFileSync(join(dir, "env"), "utf8")).toBe("10.0.0.5 admin xyzzy \n");
    expect(readFileSync(join(dir, "asked"), "utf8")).not.toContain("xyzzy");
    expect(readFileSync(join(dir, "asked"), "utf8")).toContain(
      '"call":"apply","attributes":{"Sriov":"Enabled"}',
    );
  });

  test("is wanted where the power driver knows nothing of firmware, and that is said", async () => {
    const read = readBios(
      places,
      aCommand(),
      { verb: "bios.read", driver: null, names: ["x"] },
      { driver: ipmi, bmc },
    );
    await expect(read).rejects.toMatchObject({
      fault: {
        class: "configuration",
        message: expect.stringContaining("name a driver in the BIOS profile"),
      },
    });
  });
});

describe("a test of the lab's", () => {
  const run = branded(isInstallationId, "job.1");
  const ask = (name: string) =>
    callTest(places, aCommand(), { verb: "test.call", test: name, run, minutes: 5 }, leave, { said: null });

  test("field.md 56: says how far it is, and is believed for its own run only", async () => {
    program(
      "stress",
      `#!/bin/sh\necho '{"schema":"rackwright.test-answer/1","run":"job.1","result":"failed","findings":["bit 7"]}'\n`,
    );
    expect(await ask("stress")).toEqual({ run: "job.1", result: "failed", sign: null, findings: ["bit 7"] });
    program(
      "other",
      `#!/bin/sh\necho '{"schema":"rackwright.test-answer/1","run":"job.9","result":"passed"}'\n`,
    );
    await expect(ask("other")).rejects.toMatchObject({ fault: { code: "test-answer-invalid" } });
  });
});
