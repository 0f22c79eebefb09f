/** The part of the boot service to which a ramdisk sends the disk that it reads (lib/contracts/boot.ts). */
import type { IncomingMessage, ServerResponse } from "node:http";
import { capturePieceBytes, captureWhole } from "../contracts/boot.ts";
import { explain } from "../contracts/scalars.ts";
import type { Captures } from "./captures.ts";
import { bodyOf, jsonOf, problem } from "./http.ts";
import type { ArmedBoot } from "./state.ts";

/** What cannot be compressed grows a little. */
const mostPieceBytes = capturePieceBytes + 64 * 1024;
const mostWholeBytes = 4096;

export async function serveCapture(
  captures: Captures,
  boot: ArmedBoot,
  { path, request, response }: { path: string; request: IncomingMessage; response: ServerResponse },
): Promise<void> {
  const [, offset] = /^\/capture\/(\d{1,16})$/.exec(path) ?? [];
  if (request.method === "PUT" && offset !== undefined) {
    const piece = await bodyOf(request, mostPieceBytes);
    if (piece === null) return problem(response, 413, "a piece is not that long");
    if (boot.state !== "issued") return problem(response, 409, "all of the disk has been taken");
    const taken = await captures.take(boot, Number(offset), piece);
    return taken
      ? void response.writeHead(204).end()
      : problem(response, 400, `this is no piece of a disk: gzip of ${capturePieceBytes} bytes at most`);
  }
  if (request.method === "POST" && path === "/capture/whole") {
    const parsed = captureWhole.safeParse(jsonOf(await bodyOf(request, mostWholeBytes)));
    if (!parsed.success) return problem(response, 400, explain(parsed.error));
    const whole = captures.whole(boot, parsed.data);
    if (typeof whole === "object") return problem(response, 409, whole.fault.message);
    return void response.writeHead(whole === "kept" ? 204 : 202, { "content-length": 0 }).end();
  }
  return problem(response, 404, "there is nothing here");
}
