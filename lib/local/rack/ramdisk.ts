/**
 * What our ramdisk does on a machine: fetch the plan, which may be to read the disk (reader.ts); else write the image in ranges, read the disk back, report the checksum,
 * and leave on the disk what the installed system needs to know (lib/contracts/boot.ts).
 */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { type BootPlan, type CapturePlan, ramdiskPlan } from "../../contracts/boot.ts";
import type { MachineBody } from "../../contracts/found.ts";
import type { Visit } from "../../core/command.ts";
import { newKeyPair } from "../../drivers/os/ssh.ts";
import type { Disk, MachineState } from "./node-state.ts";
import { readToStore } from "./reader.ts";
import type { RackStore } from "./store.ts";
import { ask, patiently, post, sendPatiently, sleep } from "./wire.ts";

type Building = Extract<MachineState, { phase: "build" }>;

export interface RamdiskSettings {
  readonly id: string;
  readonly store: RackStore;
  readonly signal: AbortSignal;
  readonly machine: Building;
  /** What is on it now; null: nothing that is whole. */
  readonly disk: Disk | null;
  readonly badDisk: boolean;
  /** What it runs on. */
  readonly facts: MachineBody;
  /** Asked in the middle of the write. */
  readonly hangs: () => boolean;
  readonly save: (machine: Building) => void;
  /** Whatever was on the disk is being overwritten. */
  readonly forget: () => void;
}

const chunkBytes = 1024 * 1024;
const saveEveryBytes = 4 * chunkBytes;
const progressEveryMs = 250;

/** The written disk, or the one that was read; null when the machine hangs or has failed, and goes no further by itself. */
export async function buildFromPlan({
  id,
  store,
  signal,
  machine,
  disk: own,
  badDisk,
  facts,
  hangs,
  save,
  forget,
}: RamdiskSettings): Promise<Disk | null> {
  const { url, token } = machine;
  let now = machine;
  const keep = (change: Partial<Building>) => {
    now = { ...now, ...change };
    save(now);
  };
  const tell = (body: Record<string, unknown>) =>
    sendPatiently(`${url}/beacon`, token, { phase: "build", ...body }, signal);

  if (now.stage === "failed") return null;
  await tell({});
  // Worth telling, and nothing to wait for.
  await post(`${url}/machine`, token, facts, signal).catch(() => undefined);
  const plan = now.plan ?? (await fetchPlan(url, token, signal));
  if (plan.schema === "rackwright.capture-plan/1") {
    keep({ plan });
    if (own?.installation === plan.installation)
      return readToStore({ file: store.diskPath(id), disk: own, url, token, plan, signal, hangs, tell });
    keep({ stage: "failed" });
    const message = `the disk holds installation ${own?.installation ?? "(none)"}, not ${plan.installation}`;
    await tell({ fault: { class: "node", code: "other-installation", message } });
    return null;
  }
  if (now.plan === null) {
    forget();
    keep({ plan });
  }
  if (!(await write(plan))) return null;
  const sha256 = await checksum(store.diskPath(id), plan.image.sizeBytes, badDisk);
  const matches = sha256 === plan.image.sha256;
  store.log(id, { kind: "image-written", installation: plan.installation, sha256, matches });
  if (!matches) {
    keep({ stage: "failed" });
    const message = `the disk gives back checksum ${sha256.slice(0, 12)}…, the image is ${plan.image.sha256.slice(0, 12)}…`;
    await tell({ fault: { class: "node", code: "image-checksum-mismatch", message } });
    return null;
  }
  keep({ stage: "verified" });
  await tell({ verified: { sha256 } });
  const { private: hostKey } = newKeyPair(id);
  return {
    installation: plan.installation,
    sha256,
    sizeBytes: plan.image.sizeBytes,
    os: plan.os,
    hostKey,
    users: [],
  };

  /** Goes on behind the bytes that are on the disk already. */
  async function write({ image }: BootPlan): Promise<boolean> {
    const disk = await open(store.diskPath(id), now.writtenBytes === 0 ? "w" : "r+");
    try {
      let [toldAt, savedAt] = [0, now.writtenBytes];
      const half = image.sizeBytes / 2;
      for (let at = now.writtenBytes; at < image.sizeBytes; ) {
        if (at >= half && at - chunkBytes < half && hangs()) {
          keep({ writtenBytes: at });
          return false;
        }
        const bytes = await fetchRange(`${url}${image.path}`, at, Math.min(at + chunkBytes, image.sizeBytes));
        await disk.write(bytes, 0, bytes.length, at);
        at += bytes.length;
        if (at - savedAt >= saveEveryBytes) {
          keep({ writtenBytes: at });
          savedAt = at;
        }
        if (Date.now() - toldAt >= progressEveryMs) {
          toldAt = Date.now();
          await tell({ progress: { doneBytes: at, totalBytes: image.sizeBytes } });
        }
      }
      await disk.sync();
      keep({ writtenBytes: image.sizeBytes });
      return true;
    } finally {
      await disk.close();
    }
  }

  function fetchRange(from: string, at: number, end: number): Promise<Buffer> {
    return patiently(async () => {
      const response = await ask(from, token, { headers: { range: `bytes=${at}-${end - 1}` } }, signal);
      const bytes = Buffer.from(await response.arrayBuffer());
      if (response.status !== 206 || bytes.length !== end - at)
        throw new Error(`${bytes.length} bytes came, ${end - at} were wanted`);
      return bytes;
    }, signal);
  }
}

export interface VisitSettings {
  readonly visit: Visit;
  readonly url: string;
  readonly token: string;
  readonly signal: AbortSignal;
  readonly badDisk: boolean;
}

/** Says that it is there, and leaves the disk as it is. A test ends by itself; a shell is there until the power goes. */
export async function visitMachine({ visit, url, token, signal, badDisk }: VisitSettings): Promise<void> {
  const tell = (body: Record<string, unknown>) =>
    sendPatiently(`${url}/beacon`, token, { phase: "build", ...body }, signal);
  await tell({});
  if (visit.kind === "rescue") return;
  await sleep(Math.min(longestTestMs, visit.seconds * 1000), signal);
  const findings = badDisk
    ? ["disk: what is read back is not what was written"]
    : ["memory, processors, disk: well"];
  await tell({ tested: { result: badDisk ? "failed" : "passed", findings } });
}

/** A software machine needs no hours to be found well. */
const longestTestMs = 2_000;

const fetchPlan = (url: string, token: string, signal: AbortSignal): Promise<BootPlan | CapturePlan> =>
  patiently(async () => {
    const response = await ask(`${url}/boot/plan`, token, {}, signal);
    return ramdiskPlan.parse(await response.json());
  }, signal);

/** Of what is read back; a bad disk gives back something else than was written. */
async function checksum(file: string, sizeBytes: number, bad: boolean): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file, { end: sizeBytes - 1 })) hash.update(chunk);
  if (bad) hash.update("a bit has flipped");
  return hash.digest("hex");
}
