/**
 * Disks that are being read into the lab's image store: pieces as the ramdisk sends them, compressed and in any order, into
 * a sparse file. They are an image when the whole has the checksum that the node read, and never before.
 */
import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdirSync, rmSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { capturePieceBytes } from "../contracts/boot.ts";
import type { ImageContent } from "../core/command.ts";
import { type Fault, nodeFault } from "../core/fault.ts";
import { DriverFault } from "../drivers/driver-fault.ts";
import type { Images } from "./images.ts";
import type { ArmedBoot } from "./state.ts";

export type Whole = "working" | "kept" | { readonly fault: Fault };

export interface Captures {
  /** Sent twice, it is the same piece. False: it is not a piece of a disk. */
  take(boot: ArmedBoot, from: number, compressed: Buffer): Promise<boolean>;
  /** Asked again until it is not `working` any more; what came of it is told to `done`, once. */
  whole(boot: ArmedBoot, content: ImageContent): Whole;
}

export interface CapturesSettings {
  readonly dir: string;
  readonly images: Pick<Images, "adopt" | "file" | "publish">;
  readonly done: (boot: ArmedBoot, content: ImageContent) => Promise<void>;
  /** First wait before a store that is away is asked again; it doubles. */
  readonly publishAgainMs?: number;
  readonly failed: (boot: ArmedBoot, fault: Fault) => Promise<void>;
}

const unpacked = promisify(gunzip);

/** Larger than any disk, and small enough that an offset is exact. */
const mostBytes = 2 ** 50;

const longestPublishWaitMs = 16_000;

export function createCaptures({
  dir,
  images,
  done,
  failed,
  publishAgainMs = 2_000,
}: CapturesSettings): Captures {
  mkdirSync(dir, { recursive: true });
  const ends = new Map<string, Whole>();
  const partOf = ({ node, boot }: ArmedBoot): string => join(dir, node, boot);

  /** A node has one part, of the boot that is under way: what an earlier one left is nobody's. */
  function begin({ node }: ArmedBoot): void {
    rmSync(join(dir, node), { recursive: true, force: true });
    mkdirSync(join(dir, node), { recursive: true, mode: 0o700 });
  }

  async function keep(boot: ArmedBoot, content: ImageContent): Promise<void> {
    const part = partOf(boot);
    if (existsSync(part) || images.file(content.sha256) === null) {
      // A disk of zeros alone has no piece.
      if (!existsSync(part)) begin(boot);
      const file = await open(part, existsSync(part) ? "r+" : "w");
      // The end of a disk may be all zeros, of which no piece is sent.
      await file.truncate(content.sizeBytes).finally(() => file.close());
      const found = await checksum(part);
      if (found !== content.sha256) {
        await rm(part, { force: true });
        const message = `what came has checksum ${found.slice(0, 12)}…, the node has read ${content.sha256.slice(0, 12)}…`;
        throw new DriverFault(nodeFault("capture-checksum-mismatch", message));
      }
      await images.adopt(content.sha256, (to) => rename(part, to));
    }
    await published(content);
  }

  /** A store that is away for a moment is no reason to read the disk once more. */
  async function published(content: ImageContent): Promise<void> {
    for (let wait = publishAgainMs; ; wait *= 2) {
      try {
        return await images.publish(content);
      } catch (error) {
        const passes = error instanceof DriverFault && error.fault.class === "infrastructure";
        if (!passes || wait > longestPublishWaitMs) throw error;
        await pause(wait);
      }
    }
  }

  return {
    take: async (boot, from, compressed) => {
      if (from % capturePieceBytes !== 0 || from > mostBytes) return false;
      const bytes = await unpacked(compressed, { maxOutputLength: capturePieceBytes }).catch(() => null);
      if (bytes === null) return false;
      const part = partOf(boot);
      if (!existsSync(part)) begin(boot);
      const file = await open(part, existsSync(part) ? "r+" : "w", 0o600);
      try {
        for (let at = 0; at < bytes.length; )
          at += (await file.write(bytes, at, bytes.length - at, from + at)).bytesWritten;
      } finally {
        await file.close();
      }
      return true;
    },
    whole: (boot, content) => {
      if (boot.state === "verified") return "kept";
      const known = ends.get(boot.boot);
      if (known !== undefined) return known;
      ends.set(boot.boot, "working");
      keep(boot, content)
        .then(() => done(boot, content))
        .then(() => ends.set(boot.boot, "kept"))
        .catch(async (error: unknown) => {
          const fault: Fault =
            error instanceof DriverFault
              ? error.fault
              : { class: "infrastructure", code: "capture-not-kept", message: String(error).slice(0, 500) };
          ends.set(boot.boot, { fault });
          await failed(boot, fault);
        });
      return "working";
    },
  };
}

async function checksum(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest("hex");
}
