/**
 * Virtual machines of a real libvirt, with real QEMU machines on a bridge: made from an image, used, captured while their
 * user goes on, made elsewhere from what was captured, and given up. The control plane and the agent are those of `npm start`.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { labFile } from "../../lib/contracts/lab-file.ts";
import type { ReservationView } from "../../lib/contracts/reservation-views.ts";
import type { NodeView } from "../../lib/contracts/views.ts";
import { newKeyPair } from "../../lib/drivers/os/ssh.ts";
import { pickPort } from "../../lib/local/rack/ports.ts";
import { requireBuilt, ssh } from "../metal/support.ts";
import { Place } from "../stack/main-job.ts";
import { eventually } from "../support/stack.ts";
import { type Hypervisor, startHypervisor } from "./hypervisor.ts";

requireBuilt();
const patienceMs = 540_000;
const place = new Place();
const pair = newKeyPair("ada");
const keyFile = join(place.data, "ada-key");
let hypervisor: Hypervisor;

/** One machine of the rack, for the job that every stack begins with, and two of libvirt's. */
function writeLab(file: string): void {
  const metal = labFile.parse(JSON.parse(readFileSync("examples/metal.json", "utf8")));
  const example = labFile.parse(JSON.parse(readFileSync("examples/lab.json", "utf8")));
  const [rack] = example.nodes;
  const virtual = [1, 2].map((number) => ({
    id: `vm-0${number}`,
    class: "virtual",
    macs: [`52:54:00:c7:00:0${number}`],
    bmc: {
      driver: "libvirt",
      address: hypervisor.address,
      credential: "none",
      options: { domain: `vm-0${number}`, pool: hypervisor.pool, network: hypervisor.network, type: "qemu" },
    },
  }));
  writeFileSync(
    file,
    JSON.stringify({ ...example, correction: metal.correction, nodes: [rack, ...virtual] }),
  );
}

beforeAll(async () => {
  mkdirSync(place.data, { recursive: true });
  writeFileSync(keyFile, pair.private, { mode: 0o600 });
  hypervisor = await startHypervisor(join(place.data, "libvirt"));
  // A node is a machine that is defined already, as a bare one is there already.
  for (const name of ["vm-01", "vm-02"]) {
    const file = join(place.data, `${name}.xml`);
    writeFileSync(
      file,
      `<domain type='qemu'><name>${name}</name><memory unit='MiB'>16</memory><os><type>hvm</type></os></domain>\n`,
    );
    hypervisor.virsh("define", file);
  }
  writeLab(join(place.data, "lab.json"));
  const port = await pickPort(new Set());
  const url = `http://${hypervisor.host}:${port}`;
  const run = await place.start("--lab", join(place.data, "lab.json"), "--agent-url", url, "--count", "1");
  await run.until(({ text }) => text?.startsWith("Lab blue") === true);
  await hypervisor.forward(port, place.settings().ports["agent"] ?? 0);
  await registerImage();
}, patienceMs);

afterEach(({ task }) => {
  if (task.result?.state === "fail") place.explain();
});
afterAll(async () => {
  await hypervisor.stop();
  await place.clean();
}, 60_000);

const post = (path: string, body: unknown): Promise<Response> =>
  place.ask(path, { method: "POST", body: JSON.stringify(body) });
const view = (id: string): Promise<ReservationView> => place.get(`/v1/reservations/${id}`);
const node = (id: string): Promise<NodeView> => place.get(`/v1/nodes/${id}`);
const volumes = (): string => hypervisor.virsh("vol-list", hypervisor.pool);

/** The demonstration image, as libvirt wants one. */
async function registerImage(): Promise<void> {
  const file = join(place.data, "demo.qcow2");
  const made = spawnSync("qemu-img", ["convert", "-O", "qcow2", "dist/metal/demo.img", file]);
  if (made.status !== 0) throw new Error(`qemu-img: ${made.stderr}`);
  const bytes = readFileSync(file);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const store = `http://127.0.0.1:${place.settings().ports["images"]}/images/${sha256}`;
  expect((await fetch(store, { method: "PUT", body: bytes })).ok).toBe(true);
  const image = {
    id: "vm",
    buildSystem: "libvirt",
    osModule: "linux",
    sha256,
    sizeBytes: bytes.length,
    settings: { memoryMib: "160", cpus: "1", diskGib: "1" },
  };
  const answer = await post("/v1/images", image);
  expect(answer.status, await answer.text()).toBe(201);
}

async function reserve(id: string, image: string) {
  const answer = await post("/v1/reservations", { id, image, class: "virtual", publicKey: pair.public });
  expect(answer.status, await answer.text()).toBe(201);
  return connectionOf(id);
}

async function connectionOf(id: string) {
  await eventually(
    async () => {
      const { state, cause, connections } = await view(id);
      if (state === "failed") throw new Error(`${id}: ${cause?.message}`);
      return connections.length === 1;
    },
    `a connection of ${id}`,
    patienceMs,
  );
  const [connection] = (await view(id)).connections;
  if (connection === undefined) throw new Error(`${id} has no connection`);
  return connection;
}

const run = (address: string, command: string): Promise<string> => ssh(address, "student", keyFile, command);

interface Revision {
  readonly revision: string;
  readonly captured?: { readonly node: string };
  readonly tried?: { readonly node: string };
}
const revisions = async (image: string): Promise<readonly Revision[]> =>
  (await place.get<{ revisions?: Revision[] }>(`/v1/images/${image}`)).revisions ?? [];

test("R15, R22, R44: a machine is made, used, captured while its user goes on, made elsewhere with the change, and given up", {
  timeout: patienceMs,
}, async () => {
  const mine = await reserve("work", "vm");
  expect(hypervisor.virsh("domstate", mine.node).trim()).toBe("running");
  expect(
    hypervisor.virsh("vol-dumpxml", `rackwright-disk-${mine.node}`, "--pool", hypervisor.pool),
  ).toContain("<backingStore>");
  await run(mine.address, "echo compiled for hours > result.txt; sync");

  const asked = await post("/v1/reservations/work/capture", { image: "course", comment: "compiled" });
  expect(asked.status, await asked.text()).toBe(202);
  await eventually(async () => (await revisions("course")).length > 0, "the captured revision", patienceMs);
  const again = await connectionOf("work");
  expect(await run(again.address, "cat result.txt")).toBe("compiled for hours\n");
  const [captured] = await revisions("course");
  expect(captured?.captured?.node).toBe(mine.node);
  expect(volumes()).not.toContain("rackwright-copy");

  const body = { revision: captured?.revision };
  expect((await post("/v1/images/course/production", body)).status).toBe(409);
  const trial = await post("/v1/images/course/try", body);
  expect(trial.status, await trial.text()).toBe(202);
  await eventually(
    async () =>
      (await revisions("course")).some(({ tried }) => tried !== undefined && tried.node !== mine.node),
    "its trial on another machine",
    patienceMs,
  );
  expect((await post("/v1/images/course/production", body)).status).toBe(200);

  const elsewhere = await reserve("elsewhere", "course");
  expect(elsewhere.node).not.toBe(mine.node);
  expect(await run(elsewhere.address, "cat result.txt")).toBe("compiled for hours\n");
  expect(await run(elsewhere.address, "cat /etc/rackwright/revision")).toBe(`${captured?.revision}\n`);

  for (const id of ["work", "elsewhere"]) await post(`/v1/reservations/${id}/end`, { reason: "seen" });
  for (const { node: id } of [mine, elsewhere]) {
    await eventually(async () => (await node(id)).state === "available", `${id} given up`, patienceMs);
    expect(hypervisor.virsh("domstate", id).trim()).toBe("shut off");
    expect(volumes()).not.toContain(`rackwright-disk-${id}`);
  }
});
