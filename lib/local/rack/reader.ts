/**
 * What our ramdisk does when the disk is to become an image: read it piece by piece, leave out what is all zeros, send the
 * rest compressed, and go on only when the boot service has the whole with the checksum that was read here.
 */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import type { CapturePlan } from "../../contracts/boot.ts";
import type { Disk } from "./node-state.ts";
import { ask, patiently, Refused, sleep } from "./wire.ts";

export interface ReaderSettings {
  readonly file: string;
  readonly disk: Disk;
  readonly url: string;
  readonly token: string;
  readonly plan: CapturePlan;
  readonly signal: AbortSignal;
  readonly hangs: () => boolean;
  readonly tell: (body: Record<string, unknown>) => Promise<void>;
}

const progressEveryMs = 250;
const askAgainMs = 100;

/** The disk as its system finds it afterwards; null when the machine hangs, or was refused. */
export async function readToStore(settings: ReaderSettings): Promise<Disk | null> {
  const { file, disk, url, token, plan, signal, hangs, tell } = settings;
  const { sizeBytes } = disk;
  const { path, pieceBytes } = plan.capture;
  const hash = createHash("sha256");
  const handle = await open(file, "r");
  try {
    let toldAt = 0;
    for (let at = 0; at < sizeBytes; at += pieceBytes) {
      if (at > 0 && hangs()) return null;
      const piece = Buffer.alloc(Math.min(pieceBytes, sizeBytes - at));
      await handle.read(piece, 0, piece.length, at);
      hash.update(piece);
      if (piece.some((byte) => byte !== 0)) await send(`${url}${path}/${at}`, piece);
      if (Date.now() - toldAt < progressEveryMs) continue;
      toldAt = Date.now();
      await tell({ progress: { doneBytes: at + piece.length, totalBytes: sizeBytes } });
    }
  } finally {
    await handle.close();
  }
  const sha256 = hash.digest("hex");
  while (!(await isKept(sha256))) await sleep(askAgainMs, signal);
  // The system's next words are under a token that is not in the image.
  return { ...disk, sha256, os: plan.os };

  function send(to: string, piece: Buffer): Promise<void> {
    return patiently(async () => {
      const response = await ask(to, token, { method: "PUT", body: new Uint8Array(gzipSync(piece)) }, signal);
      await response.body?.cancel();
    }, signal);
  }

  function isKept(checksum: string): Promise<boolean> {
    const body = JSON.stringify({ sha256: checksum, sizeBytes });
    return patiently(async () => {
      const response = await ask(`${url}${path}/whole`, token, { method: "POST", body }, signal);
      await response.body?.cancel();
      if (response.status !== 204 && response.status !== 202) throw new Refused(`status ${response.status}`);
      return response.status === 204;
    }, signal);
  }
}
