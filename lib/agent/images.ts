/** Images on the controller: fetched once from the image store, in ranges, believed only by their checksum. */
import { createHash } from "node:crypto";
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  openAsBlob,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ImageContent } from "../core/command.ts";
import { configurationFault } from "../core/fault.ts";
import { DriverFault } from "../drivers/driver-fault.ts";

export interface Images {
  /** Resolves when the image is here and its checksum is right; those who want the same one share the work. */
  prefetch(image: ImageContent, signal: AbortSignal): Promise<void>;
  /** Takes in what was made here and has this checksum: `move` puts it where it belongs. */
  adopt(sha256: string, move: (to: string) => Promise<void>): Promise<void>;
  /** Gives an image that is here to the lab's image store, unless the store has it. */
  publish(image: ImageContent): Promise<void>;
  /** It is neither here nor in the lab's image store any more. */
  remove(sha256: string, signal: AbortSignal): Promise<void>;
  /** The file of an image that is here, which counts as a use of it. */
  file(sha256: string): string | null;
  /** Drops what nobody has used since then: it is fetched again when somebody wants it. Tells how many files that were. */
  forget(unusedSince: Date): number;
}

export function createImages(dir: string, storeUrl: string): Images {
  mkdirSync(dir, { recursive: true });
  const fetching = new Map<string, Promise<void>>();
  const pathOf = (sha256: string): string => join(dir, sha256);
  /** A file's time of change is that of its last use: what is in it never changes. */
  function used(sha256: string): boolean {
    if (!existsSync(pathOf(sha256))) return false;
    const now = new Date();
    utimesSync(pathOf(sha256), now, now);
    return true;
  }

  async function fetchImage({ sha256, sizeBytes }: ImageContent): Promise<void> {
    const part = `${pathOf(sha256)}.part`;
    const have = existsSync(part) ? (await stat(part)).size : 0;
    if (have < sizeBytes) await download(`${storeUrl}/${sha256}`, part, have, sha256);
    const found = await checksum(part);
    if (found !== sha256) {
      await rm(part, { force: true });
      throw new DriverFault(
        configurationFault(
          "image-damaged",
          `image ${sha256.slice(0, 12)}… in the store has checksum ${found.slice(0, 12)}…: import it again`,
        ),
      );
    }
    await rename(part, pathOf(sha256));
  }

  return {
    prefetch: async (image, signal) => {
      if (used(image.sha256)) return;
      const work =
        fetching.get(image.sha256) ?? fetchImage(image).finally(() => fetching.delete(image.sha256));
      fetching.set(image.sha256, work);
      await Promise.race([work, aborted(signal)]);
    },
    adopt: async (sha256, move) => {
      if (!existsSync(pathOf(sha256))) await move(pathOf(sha256));
    },
    publish: ({ sha256 }) => upload(pathOf(sha256), `${storeUrl}/${sha256}`),
    remove: async (sha256, signal) => {
      await removeFrom(`${storeUrl}/${sha256}`, signal);
      for (const file of [pathOf(sha256), `${pathOf(sha256)}.part`]) await rm(file, { force: true });
    },
    file: (sha256) => (used(sha256) ? pathOf(sha256) : null),
    forget: (unusedSince) => {
      // In one go, so that nobody begins to use one in between.
      const old = readdirSync(dir)
        .filter((name) => !fetching.has(name.replace(/\.part$/, "")))
        .map((name) => join(dir, name))
        .filter((file) => statSync(file).mtime < unusedSince);
      for (const file of old) rmSync(file);
      return old.length;
    },
  };
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });

async function download(url: string, file: string, from: number, sha256: string): Promise<void> {
  try {
    const response = await fetch(url, { headers: from === 0 ? {} : { range: `bytes=${from}-` } });
    if (response.status === 404) {
      throw new DriverFault(
        configurationFault(
          "image-missing",
          `image ${sha256.slice(0, 12)}… is not in the store: import it again`,
        ),
      );
    }
    if (!response.ok || response.body === null) throw new Error(`status ${response.status}`);
    const append = response.status === 206;
    await pipeline(Readable.fromWeb(response.body), createWriteStream(file, { flags: append ? "a" : "w" }));
  } catch (error) {
    if (error instanceof DriverFault) throw error;
    throw unreachable(url, error);
  }
}

const unreachable = (url: string, error: unknown): DriverFault =>
  new DriverFault({
    class: "infrastructure",
    code: "image-store-unreachable",
    message: `image store: ${url}: ${String(error)}`,
  });

/** A whole file under its checksum: put there twice, it is the same. */
async function upload(file: string, url: string): Promise<void> {
  try {
    const known = await fetch(url, { method: "HEAD" });
    if (known.ok) return;
    const response = await fetch(url, { method: "PUT", body: await openAsBlob(file) });
    if (response.status >= 400 && response.status < 500) {
      const message = `image store: ${url}: status ${response.status}: it takes no images from this lab controller; allow it PUT`;
      throw new DriverFault(configurationFault("image-store-refuses", message));
    }
    if (!response.ok) throw new Error(`status ${response.status}`);
  } catch (error) {
    if (error instanceof DriverFault) throw error;
    throw unreachable(url, error);
  }
}

async function removeFrom(url: string, signal: AbortSignal): Promise<void> {
  const response = await fetch(url, { method: "DELETE", signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw unreachable(url, error);
  });
  if (response.ok || response.status === 404) return;
  if (response.status >= 500) throw unreachable(url, `status ${response.status}`);
  const message = `image store: ${url}: status ${response.status}: it lets this lab controller remove nothing; allow it DELETE`;
  throw new DriverFault(configurationFault("image-store-refuses", message));
}

async function checksum(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest("hex");
}
