/** The image store: what S3 is in AWS. One file for each checksum, read in ranges. */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, mkdirSync } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { closeNow, listenOn } from "./http.ts";
import { rawBytes } from "./image-formats.ts";

/** Takes an image in, whatever it comes as, under the checksum of its raw bytes; the same bytes are stored once. */
export async function importImage(file: string, dir: string): Promise<{ sha256: string; sizeBytes: number }> {
  mkdirSync(dir, { recursive: true });
  const hash = createHash("sha256");
  let sizeBytes = 0;
  const count = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      hash.update(chunk);
      sizeBytes += chunk.length;
      done(null, chunk);
    },
  });
  const partial = join(dir, `import-${process.pid}-${Date.now()}.part`);
  const work = `${partial}.raw`;
  try {
    await pipeline(await rawBytes(file, work), count, createWriteStream(partial));
    if (sizeBytes === 0) throw new Error(`${file} is empty: an image has at least one byte`);
    const sha256 = hash.digest("hex");
    await rename(partial, join(dir, sha256));
    return { sha256, sizeBytes };
  } finally {
    for (const left of [partial, work]) await rm(left, { force: true });
  }
}

/** `GET /images/SHA256`, whole or a range; `PUT` of what has that checksum; `DELETE`. */
export async function startImageStore({
  port,
  dir,
}: {
  port: number;
  dir: string;
}): Promise<{ stop: () => Promise<void> }> {
  mkdirSync(dir, { recursive: true });
  const server = createServer((request, response) => {
    serve(dir, request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  });
  await listenOn(server, port);
  return {
    stop: () => closeNow(server),
  };
}

async function serve(dir: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, sha256] = /^\/images\/([0-9a-f]{64})$/.exec(request.url ?? "") ?? [];
  if (sha256 !== undefined && request.method === "PUT") return take(dir, sha256, request, response);
  if (sha256 !== undefined && request.method === "DELETE") {
    await rm(join(dir, sha256), { force: true });
    response.writeHead(204).end();
    return;
  }
  const file = sha256 === undefined ? null : join(dir, sha256);
  const found = file === null ? null : await stat(file).catch(() => null);
  if (file === null || found === null) {
    response.writeHead(404, { "content-type": "text/plain" }).end("there is no such image\n");
    return;
  }
  const range = rangeOf(request.headers.range, found.size);
  if (range === "unsatisfiable") {
    response.writeHead(416, { "content-range": `bytes */${found.size}` }).end();
    return;
  }
  const { from, to } = range ?? { from: 0, to: found.size - 1 };
  response.writeHead(range === null ? 200 : 206, {
    "content-type": "application/octet-stream",
    "content-length": to - from + 1,
    "accept-ranges": "bytes",
    etag: `"${sha256}"`,
    ...(range === null ? {} : { "content-range": `bytes ${from}-${to}/${found.size}` }),
  });
  if (request.method === "HEAD") response.end();
  else await pipeline(createReadStream(file, { start: from, end: to }), response);
}

/** What has another checksum than its name is refused. */
async function take(
  dir: string,
  sha256: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const partial = join(dir, `put-${process.pid}-${puts}.part`);
  puts += 1;
  const hash = createHash("sha256");
  const count = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  try {
    await pipeline(request, count, createWriteStream(partial));
    const isIt = hash.digest("hex") === sha256;
    if (isIt) await rename(partial, join(dir, sha256));
    response.writeHead(isIt ? 201 : 422, { "content-length": 0 }).end();
  } finally {
    await rm(partial, { force: true });
  }
}

let puts = 0;

/** One range of bytes (RFC 9110, 14.1.2); anything more curious is answered with the whole. */
export function rangeOf(
  header: string | undefined,
  size: number,
): { from: number; to: number } | null | "unsatisfiable" {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) return null;
  const from = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const to = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  return from >= size || from > to ? "unsatisfiable" : { from, to };
}
