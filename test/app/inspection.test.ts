/** Hardware that is not as it was, found by an inspection: a BMC tells of its machine without a boot. */
import { beforeEach, describe, expect, test } from "vitest";
import { closeIssue } from "../../lib/app/hardware-log.ts";
import { importLab } from "../../lib/app/import-lab.ts";
import { labFile } from "../../lib/contracts/lab-file.ts";
import type { BmcFacts } from "../../lib/core/node/hardware.ts";
import { isFree } from "../../lib/core/scheduling/allocate.ts";
import { minutes } from "../../lib/core/time.ts";
import { controller, MemoryLab } from "./lab.ts";

const operator = { kind: "operator", name: "ada" } as const;
const whole: BmcFacts = { cpus: 64, memoryMiB: 524_288, firmware: "2.1", uuid: "u-1", serial: "SN1" };
const id = "node-01";

let lab: MemoryLab;
let told: BmcFacts;
let inspections = 0;
beforeEach(async () => {
  told = whole;
  lab = new MemoryLab();
  lab.bmcTells = (node) => (node === id ? told : null);
  await lab.open(2);
});

async function inspected(): Promise<void> {
  inspections += 1;
  const job = `look-${inspections}`;
  await lab.job({ kind: "inspect", id: job, node: id });
  await lab.until(async () => (await lab.store.read("job", job))?.state === "done");
}
const first = async () => {
  const node = await lab.store.read("node", id);
  if (node === null) throw new Error("no node");
  return node;
};
const open = async () =>
  (await lab.store.issues(id))
    .filter(({ state }) => state === "open")
    .map(({ fault, blocking }) => [fault.code, fault.message, blocking]);

describe("an inspection re-checks what the machine is made of", () => {
  test("a lost DIMM is named in plain words, be it one of sixty-four, and keeps the node from everybody", async () => {
    await inspected();
    expect(await open()).toEqual([]);
    told = { ...whole, memoryMiB: 516_096 };
    await inspected();
    const message = expect.stringContaining(
      "it has 504 GiB of memory, and had 512 GiB: a memory module (DIMM) is lost",
    );
    expect(await open()).toEqual([["memory-lost", message, true]]);
    expect(isFree(await first())).toBe(false);
    await lab.reserve("both", 2);
    const from = lab.now;
    await lab.until(async () => lab.now - from > minutes(30));
    expect((await lab.reservation("both")).state).toBe("new");
  });

  test("with the module back the issue is closed by itself, and the node is handed out again", async () => {
    told = { ...whole, memoryMiB: 262_144 };
    await inspected();
    told = whole;
    await inspected();
    expect(await open()).toEqual([]);
    await lab.reserve("both", 2);
    await lab.until(lab.isIn("both", "reserved"));
  });

  test("whoever closes it takes the machine as it is now", async () => {
    told = { ...whole, memoryMiB: 262_144 };
    await inspected();
    const [issue] = await lab.store.issues(id);
    await closeIssue(lab.app, id, issue?.id ?? "", "it was taken out on purpose", operator);
    await lab.app.outbox.flush();
    await inspected();
    expect(await open()).toEqual([]);
  });

  test("another board and another firmware are told apart; a lab may have one of them ignored", async () => {
    const mac = "52:54:00:00:00:00";
    const bmc = { driver: "redfish", address: "https://node-01", credential: "bmc/blue" };
    const file = {
      schema: "rackwright.lab/1",
      lab: "blue",
      controllers: [controller],
      identification: { drift: { "firmware-changed": "ignore" } },
      nodes: [{ id, macs: [mac], bmc }],
    };
    await importLab(lab.app, labFile.parse(file), operator);
    told = { ...whole, firmware: "2.2", uuid: "u-2", serial: "SN2" };
    await inspected();
    expect(await open()).toEqual([
      [
        "mainboard-changed",
        "its mainboard was swapped: it has UUID u-2 (it was u-1) and serial number sn2 (it was sn1)",
        true,
      ],
    ]);
  });

  test("what a BMC does not tell this time is not gone, and what it tells more is taken as it is", async () => {
    told = { firmware: "2.1" };
    await inspected();
    told = { ...whole, memoryMiB: 1_048_576 };
    await inspected();
    expect(await open()).toEqual([]);
    told = whole;
    await inspected();
    expect((await open()).map(([code]) => code)).toEqual(["memory-lost"]);
  });
});
