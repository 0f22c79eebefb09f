/** The lab-side HTTP service (lib/contracts/boot.ts): boot scripts, kernel and ramdisk, plans, images, beacons. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { beaconBody } from "../contracts/boot.ts";
import { machineBody } from "../contracts/found.ts";
import { explain } from "../contracts/scalars.ts";
import type { Bearer, Boots } from "./boots.ts";
import { serveCapture } from "./capture-service.ts";
import type { Captures } from "./captures.ts";
import type { Discovery } from "./discovery.ts";
import { bodyOf, jsonOf, problem } from "./http.ts";
import type { Images } from "./images.ts";
import { type Health, metricsText, problemsOf } from "./metrics.ts";
import type { ArmedBoot } from "./state.ts";

export interface BootServiceSettings {
  readonly host: string;
  readonly port: number;
  readonly boots: Boots;
  readonly images: Pick<Images, "file">;
  readonly captures: Captures;
  readonly discovery: Discovery;
  readonly bootFilesDir: string;
  readonly health: () => Health;
  readonly log: (message: string, details: Readonly<Record<string, unknown>>) => void;
}

const pieceBytes = 1024 * 1024;
const longestBeaconBytes = 16 * 1024;

export async function startBootService(
  settings: BootServiceSettings,
): Promise<{ port: number; stop: () => Promise<void> }> {
  const server = createServer((request, response) => {
    serve(settings, request, response).catch((error: unknown) => {
      // A node that goes away in the middle of an image is nothing unusual: it asks again for what it lacks.
      if (!response.headersSent) problem(response, 500, "it went wrong in the agent");
      else response.destroy();
      const cut = error instanceof Error && "code" in error && error.code === "ERR_STREAM_PREMATURE_CLOSE";
      if (!cut) settings.log("boot service", { url: withoutToken(request.url), error: String(error) });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(settings.port, settings.host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : settings.port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(
  { boots, images, captures, discovery, bootFilesDir, health, log }: BootServiceSettings,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? "/", "http://agent");
  const get = request.method === "GET" || request.method === "HEAD";
  if (get && url.pathname === "/healthz") {
    const problems = problemsOf(health());
    response.writeHead(problems.length === 0 ? 200 : 503, { "content-type": "text/plain" });
    return void response.end(problems.length === 0 ? "ok\n" : `${problems.join("\n")}\n`);
  }
  if (get && url.pathname === "/metrics") {
    response.writeHead(200, { "content-type": "text/plain; version=0.0.4" });
    return void response.end(metricsText(health()));
  }
  if (get && url.pathname === "/boot/ipxe") {
    const mac = (url.searchParams.get("mac") ?? "").toLowerCase();
    const script = await boots.script(mac, url.searchParams.has("passed-on"));
    log("network boot", { mac, answer: answerOf(script) });
    return void response.writeHead(200, { "content-type": "text/plain" }).end(script);
  }
  if (get && (url.pathname === "/boot/kernel" || url.pathname === "/boot/ramdisk")) {
    return sendFile(request, response, join(bootFilesDir, url.pathname.slice("/boot/".length)), null);
  }
  const [, installToken, file] =
    /^\/install\/([A-Za-z0-9_-]{20,100})\/([a-z.-]{1,32})$/.exec(url.pathname) ?? [];
  if (get && installToken !== undefined && file !== undefined) {
    const text = boots.answers(installToken, file);
    if (text === null) return problem(response, 404, "there is nothing here for this token");
    return void response.writeHead(200, { "content-type": "text/plain" }).end(text);
  }
  if (request.method === "POST" && url.pathname === "/machine")
    return machine({ boots, discovery }, request, response);
  const bearer = bearerOf(boots, request);
  if (bearer === null) return problem(response, 401, "the token is unknown, void or used up");
  if (get && url.pathname === "/boot/plan") {
    const plan = bearer.kind === "boot" && bearer.boot.state === "issued" ? boots.plan(bearer.boot) : null;
    if (plan === null) return problem(response, 403, "this token has no plan");
    const text = Buffer.from(JSON.stringify(plan));
    // With its length: a ramdisk behind a forwarded network does not always see the end of a connection.
    const headers = { "content-type": "application/json", "content-length": text.length };
    return void response.writeHead(200, headers).end(text);
  }
  if (get && url.pathname.startsWith("/images/")) {
    const image = bearer.kind === "boot" ? bearer.boot.image : null;
    if (bearer.kind !== "boot" || image === null || url.pathname !== `/images/${image.sha256}`) {
      return problem(response, 403, "this token is for another image");
    }
    const file = images.file(image.sha256);
    if (file === null) return problem(response, 404, "the image is not on this controller");
    const { boot } = bearer;
    return sendFile(request, response, file, { boot, serving: boots.serving });
  }
  if (url.pathname.startsWith("/capture/")) {
    const boot = bearer.kind === "boot" && bearer.boot.reads !== null ? bearer.boot : null;
    if (boot === null) return problem(response, 403, "this token is for no capture");
    return serveCapture(captures, boot, { path: url.pathname, request, response });
  }
  if (request.method === "POST" && url.pathname === "/beacon") {
    const parsed = beaconBody.safeParse(jsonOf(await bodyOf(request, longestBeaconBytes)));
    if (!parsed.success) return problem(response, 400, explain(parsed.error));
    await boots.beacon(bearer, parsed.data);
    return void response.writeHead(204).end();
  }
  return problem(response, 404, "there is nothing here");
}

/** An installer can only be told its token in the path. */
const withoutToken = (url: string | undefined): string | undefined =>
  url?.split("?")[0]?.replace(/^\/install\/[^/]*/, "/install/…");

const answerOf = (script: string): "once" | "discovery" | "disk" => {
  if (script.includes("rackwright.mode=discovery")) return "discovery";
  return script.includes("kernel ") ? "once" : "disk";
};

/** What a ramdisk runs on: under a token that was given for just that, or for a load. */
async function machine(
  { boots, discovery }: Pick<BootServiceSettings, "boots" | "discovery">,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const token = tokenOf(request);
  const mac = token === null ? null : discovery.macOf(token);
  const bearer = bearerOf(boots, request);
  const boot = bearer?.kind === "boot" ? bearer.boot : null;
  if (mac === null && boot === null) return problem(response, 401, "the token is unknown, void or used up");
  const parsed = machineBody.safeParse(jsonOf(await bodyOf(request, longestBeaconBytes)));
  if (!parsed.success) return problem(response, 400, explain(parsed.error));
  if (mac !== null) await discovery.machine(mac, parsed.data);
  else if (boot !== null) discovery.loading(boot, parsed.data);
  return void response.writeHead(204).end();
}

function tokenOf(request: IncomingMessage): string | null {
  const [, token] = /^Bearer ([A-Za-z0-9_-]{20,100})$/.exec(request.headers.authorization ?? "") ?? [];
  return token ?? null;
}

function bearerOf(boots: Boots, request: IncomingMessage): Bearer | null {
  const token = tokenOf(request);
  return token === null ? null : boots.bearer(token);
}

interface Counted {
  readonly boot: ArmedBoot;
  readonly serving: Boots["serving"];
}

/** Whole or one range (RFC 9110, 14.1.2); the bytes of an image are counted for the boot that asks for them. */
async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  file: string,
  counted: Counted | null,
): Promise<void> {
  const found = await stat(file).catch(() => null);
  if (found === null) return problem(response, 404, "there is no such file on this controller");
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
  const from = first === undefined ? 0 : Number(first);
  const end = last === undefined || last === "" ? found.size : Math.min(Number(last) + 1, found.size);
  if (from >= end && found.size > 0) {
    return void response.writeHead(416, { "content-range": `bytes */${found.size}` }).end();
  }
  response.writeHead(first === undefined ? 200 : 206, {
    "content-type": "application/octet-stream",
    "content-length": end - from,
    "accept-ranges": "bytes",
    ...(counted?.boot.image == null ? {} : { etag: `"${counted.boot.image.sha256}"` }),
    ...(first === undefined ? {} : { "content-range": `bytes ${from}-${end - 1}/${found.size}` }),
  });
  if (request.method === "HEAD") return void response.end();
  await pipeline(pieces(file, from, end, counted), response);
}

async function* pieces(
  file: string,
  from: number,
  end: number,
  counted: Counted | null,
): AsyncGenerator<Buffer> {
  for (let at = from; at < end; at += pieceBytes) {
    const to = Math.min(at + pieceBytes, end);
    if (counted !== null) await counted.serving(counted.boot, at, to);
    for await (const chunk of createReadStream(file, { start: at, end: to - 1 })) yield chunk;
  }
}
