/** The boot service takes a disk in, piece by piece, and believes nothing but the whole. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startBootService } from "../../lib/agent/boot-service.ts";
import { type Boots, createBoots } from "../../lib/agent/boots.ts";
import { createCaptures } from "../../lib/agent/captures.ts";
import { createImages, type Images } from "../../lib/agent/images.ts";
import type { Journal } from "../../lib/agent/journal.ts";
import { capturePieceBytes, capturePlan } from "../../lib/contracts/boot.ts";
import type { Beacon } from "../../lib/core/command.ts";
import { branded, isBootId, isInstallationId, isRevisionId } from "../../lib/core/ids.ts";
import { closeNow, listenOn } from "../../lib/local/http.ts";
import { startImageStore } from "../../lib/local/image-store.ts";
import { pickPort } from "../../lib/local/rack/ports.ts";
import { eventually, temporaryFolder } from "../support/stack.ts";
import { aCommand, aDiscovery, aJournal } from "./support.ts";

const mac = "52:54:00:00:00:01";
const own = branded(isInstallationId, "res-1.provision.1");
const revision = branded(isRevisionId, "demo:abababababab");

let folder: ReturnType<typeof temporaryFolder>;
let journal: Journal;
let boots: Boots;
let images: Images;
let store: { stop: () => Promise<void> };
let service: { port: number; stop: () => Promise<void> };
let told: Beacon[];
let captures = 0;
let storePort: number;

beforeEach(async () => {
  folder = temporaryFolder();
  told = [];
  journal = await aJournal(join(folder.path, "journal"));
  storePort = await pickPort(new Set());
  store = await startImageStore({ port: storePort, dir: join(folder.path, "store") });
  images = createImages(join(folder.path, "images"), `http://127.0.0.1:${storePort}/images`);
  boots = createBoots({
    journal,
    publicUrl: "http://10.0.0.1",
    peers: [],
    managementKey: "ssh-ed25519 AAAA",
    now: () => Date.now(),
    report: (beacon) => told.push(beacon),
  });
  await journal.append({
    t: "installed",
    installed: {
      ...{ node: aCommand().node, macs: [mac], installation: own, token: "old".repeat(8) },
      ...{ hostKey: "ssh-ed25519 old", certificate: null, address: "10.0.0.9:22" },
    },
  });
  service = await startBootService({
    host: "127.0.0.1",
    port: 0,
    boots,
    images,
    captures: createCaptures({
      dir: join(folder.path, "captures"),
      images,
      done: boots.captured,
      failed: boots.notCaptured,
      publishAgainMs: 50,
    }),
    discovery: aDiscovery(journal),
    bootFilesDir: folder.path,
    health: () => {
      throw new Error("nobody asks");
    },
    log: () => {},
  });
});
afterEach(async () => {
  await Promise.all([service.stop(), store.stop()]);
  await journal.close();
  folder.remove();
});

/** The machine was switched on and has fetched its script: its token. */
async function bootsReader(): Promise<string> {
  captures += 1;
  const installation = branded(isInstallationId, `capture-${captures}.1`);
  const boot = branded(isBootId, `${installation}.b7`);
  const command = { ...aCommand(), target: { ...aCommand().target, macs: [mac] } };
  await boots.arm(command, { verb: "image.capture", installation, boot, installed: own, revision });
  await boots.poweringOn(command.node);
  const [, token = ""] = /rackwright\.token=(\S+)/.exec(await boots.script(mac)) ?? [];
  return token;
}

const ask = (path: string, token: string, init: RequestInit = {}) =>
  fetch(`http://127.0.0.1:${service.port}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${token}` },
  });
const planFor = async (token: string) =>
  capturePlan.parse(JSON.parse(await (await ask("/boot/plan", token)).text()));
const put = (token: string, at: number, piece: Buffer) =>
  ask(`/capture/${at}`, token, { method: "PUT", body: new Uint8Array(gzipSync(piece)) });
const sayWhole = async (token: string, disk: Buffer, sha256 = checksumOf(disk)) =>
  (
    await ask("/capture/whole", token, {
      method: "POST",
      body: JSON.stringify({ sha256, sizeBytes: disk.length }),
    })
  ).status;
const checksumOf = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** Something, a hole, something, and zeros at the end. */
const disk = Buffer.concat([
  Buffer.alloc(capturePieceBytes, "a"),
  Buffer.alloc(capturePieceBytes),
  Buffer.alloc(capturePieceBytes, "b"),
  Buffer.alloc(capturePieceBytes),
]);
const pieceAt = (index: number): Buffer =>
  disk.subarray(index * capturePieceBytes, (index + 1) * capturePieceBytes);

describe("a disk that is read", () => {
  test("is an image when the whole has the checksum that the node read: here, and in the lab's image store", async () => {
    const token = await bootsReader();
    // In any order, and one of them twice: an answer may be lost.
    for (const index of [2, 0, 2]) {
      const { status } = await put(token, index * capturePieceBytes, pieceAt(index));
      expect(status).toBe(204);
    }
    expect(await sayWhole(token, disk)).toBe(202);
    await eventually(async () => (await sayWhole(token, disk)) === 204, "it is kept");
    const sha256 = checksumOf(disk);
    const file = images.file(sha256) ?? "";
    expect(readFileSync(file).equals(disk)).toBe(true);
    expect(statSync(file).blocks * 512).toBeLessThan(disk.length);
    expect(checksumOf(readFileSync(join(folder.path, "store", sha256)))).toBe(sha256);
    await eventually(() => told.at(-1)?.captured !== undefined, "the word that it is captured");
    expect(told.at(-1)).toMatchObject({ captured: { sha256, sizeBytes: disk.length } });
    expect(told.filter(({ captured }) => captured !== undefined)).toHaveLength(1);
  });

  test("is none when a byte is missing: nothing is kept, and why is told", async () => {
    const token = await bootsReader();
    await put(token, 0, pieceAt(0));
    await sayWhole(token, disk);
    await eventually(async () => (await sayWhole(token, disk)) === 409, "it is refused");
    expect(images.file(checksumOf(disk))).toBeNull();
    expect(told.at(-1)).toMatchObject({ fault: { code: "capture-checksum-mismatch" } });
  });

  test("begins anew with another boot: what an earlier one has sent is no part of it", async () => {
    const first = await bootsReader();
    await put(first, 0, pieceAt(0));
    const second = await bootsReader();
    expect((await put(first, 0, pieceAt(0))).status).toBe(401);
    await put(second, 2 * capturePieceBytes, pieceAt(2));
    await sayWhole(second, disk);
    await eventually(async () => (await sayWhole(second, disk)) === 409, "the first piece is missing");
  });

  test.each([
    ["that is not compressed", () => ({ at: 0, body: Buffer.from("nothing") })],
    ["that is longer than one", () => ({ at: 0, body: gzipSync(Buffer.alloc(capturePieceBytes + 1)) })],
    ["between two places", () => ({ at: 17, body: gzipSync(Buffer.alloc(1)) })],
  ])("a piece %s is refused", async (_what, make) => {
    const token = await bootsReader();
    const { at, body } = make();
    const { status } = await ask(`/capture/${at}`, token, { method: "PUT", body: new Uint8Array(body) });
    expect(status).toBe(400);
  });

  test("is none where the lab's image store takes nothing, and that is said: no other try would change it", async () => {
    await store.stop();
    const refuses = createServer((_request, response) => void response.writeHead(405).end());
    await new Promise<void>((resolve) => refuses.listen(storePort, "127.0.0.1", resolve));
    const token = await bootsReader();
    for (const index of [0, 2]) await put(token, index * capturePieceBytes, pieceAt(index));
    await sayWhole(token, disk);
    await eventually(async () => (await sayWhole(token, disk)) === 409, "it is refused");
    expect(told.at(-1)).toMatchObject({ fault: { class: "configuration", code: "image-store-refuses" } });
    refuses.close();
    refuses.closeAllConnections();
  });

  test("waits for a store that is away for a moment: the disk is not read once more for that", async () => {
    await store.stop();
    const token = await bootsReader();
    for (const index of [0, 2]) await put(token, index * capturePieceBytes, pieceAt(index));
    expect(await sayWhole(token, disk)).toBe(202);
    await eventually(() => images.file(checksumOf(disk)) !== null, "it is whole");
    expect(await sayWhole(token, disk)).toBe(202);
    store = await startImageStore({ port: storePort, dir: join(folder.path, "store") });
    await eventually(async () => (await sayWhole(token, disk)) === 204, "it is kept");
  });

  test("is sent by the boot that reads and by nobody else", async () => {
    expect((await put("old".repeat(8), 0, pieceAt(0))).status).toBe(403);
    expect((await put("nobody-knows-this-token", 0, pieceAt(0))).status).toBe(401);
  });
});

describe("the system on a disk that is read", () => {
  test("keeps its voice, and gets a new token, for the old one is in the image: the first word under it ends the old one", async () => {
    const token = await bootsReader();
    const { os, installation } = await planFor(token);
    expect(installation).toBe(own);
    expect(boots.bearer("old".repeat(8))?.kind).toBe("os");
    const bearer = boots.bearer(os.token);
    if (bearer === null) throw new Error("its new token is unknown");
    await boots.beacon(bearer, { phase: "run", address: "10.0.0.9:22", hostKey: "ssh-ed25519 new" });
    expect(boots.bearer("old".repeat(8))).toBeNull();
    expect(journal.state.installed.get(aCommand().node)).toMatchObject({
      installation: own,
      token: os.token,
      hostKey: "ssh-ed25519 new",
    });
  });

  test("is known by its new token still when the reading is tried again, wherever the first try ended", async () => {
    const { os } = await planFor(await bootsReader());
    const again = await planFor(await bootsReader());
    expect(again.os.token).toBe(os.token);
    await boots.disarm(aCommand().node);
    expect(boots.bearer(os.token)?.kind).toBe("os");
  });
});

describe("an image that is collected", () => {
  const sha256 = createHash("sha256").update("old").digest("hex");
  const signal = AbortSignal.timeout(20_000);

  test("is gone from the store and from the controller; told twice, it is gone all the same", async () => {
    const url = `http://127.0.0.1:${storePort}/images/${sha256}`;
    expect((await fetch(url, { method: "PUT", body: "old" })).status).toBe(201);
    await images.prefetch({ sha256, sizeBytes: 3 }, signal);
    expect(images.file(sha256)).not.toBeNull();
    for (let time = 0; time < 2; time += 1) await images.remove(sha256, signal);
    expect(images.file(sha256)).toBeNull();
    expect((await fetch(url, { method: "HEAD" })).status).toBe(404);
  });

  test("is forgotten by the other lab controllers once no node was given it for long; what one is given stays", async () => {
    const dir = join(folder.path, "other-controller");
    const other = createImages(dir, `http://127.0.0.1:${storePort}/images`);
    const text = ["of a collected revision", "of one that is in use"];
    const contents = text.map((each) => ({
      sha256: createHash("sha256").update(each).digest("hex"),
      sizeBytes: each.length,
    }));
    for (const [index, content] of contents.entries()) {
      await fetch(`http://127.0.0.1:${storePort}/images/${content.sha256}`, {
        method: "PUT",
        body: text[index] ?? "",
      });
      await other.prefetch(content, signal);
    }
    const [old, current] = contents;
    if (old === undefined || current === undefined) throw new Error("two images");
    const part = join(dir, `${"0".repeat(64)}.part`);
    writeFileSync(part, "half of what nobody asked for again");
    const longAgo = new Date("2026-01-01");
    for (const file of [join(dir, old.sha256), join(dir, current.sha256), part])
      utimesSync(file, longAgo, longAgo);
    await other.prefetch(current, signal);
    expect(other.forget(new Date("2026-02-01"))).toBe(2);
    expect(readdirSync(dir)).toEqual([current.sha256]);
    expect(other.file(old.sha256)).toBeNull();
    // It is no loss: who wants it has it fetched again.
    await other.prefetch(old, signal);
    expect(other.file(old.sha256)).not.toBeNull();
  });

  test("that its store keeps is kept here too, and what to do is said", async () => {
    const refuses = createServer((_, response) => response.writeHead(405).end());
    const port = await listenOn(refuses, 0);
    const kept = createImages(join(folder.path, "images"), `http://127.0.0.1:${port}/images`);
    await expect(kept.remove(sha256, signal)).rejects.toMatchObject({
      fault: {
        class: "configuration",
        code: "image-store-refuses",
        message: expect.stringContaining("allow it DELETE"),
      },
    });
    await closeNow(refuses);
  });
});
