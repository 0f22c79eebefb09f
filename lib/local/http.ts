/** What every server of the embedded stack needs: to listen on the loopback, to read a request's body, to answer, to end. */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { ListenOptions } from "node:net";

interface Listener {
  listen(options: ListenOptions, listening: () => void): unknown;
  once(event: "error", failed: (error: Error) => void): unknown;
  address(): unknown;
}

/** Listens on the port (0: any free one) and answers which one it is; rejects when it is taken. */
export async function listenOn(server: Listener, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host: "127.0.0.1" }, resolve);
  });
  const address = server.address();
  return typeof address === "object" &&
    address !== null &&
    "port" in address &&
    typeof address.port === "number"
    ? address.port
    : port;
}

/** Null when it is longer than that. */
export async function readBody(
  request: IncomingMessage,
  mostBytes = Number.POSITIVE_INFINITY,
): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
    size += bytes.length;
    if (size > mostBytes) return null;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString();
}

/** What is not JSON is undefined: whatever shape is wanted refuses that with a word on what is missing. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  try {
    return JSON.parse((await readBody(request)) ?? "");
  } catch {
    // Told by the caller's shape.
    return undefined;
  }
}

/** Takes nothing new, and ends what is open. */
export const closeNow = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

export interface JsonAnswer {
  readonly status: number;
  readonly body: unknown;
  /** Besides the content type, or instead of it. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A server whose every answer is JSON; `failed` says an error that nobody expected in its own words. */
export async function serveJson(
  port: number,
  answer: (request: IncomingMessage) => Promise<JsonAnswer>,
  failed: (error: unknown) => JsonAnswer,
): Promise<{ readonly port: number; readonly stop: () => Promise<void> }> {
  const server = createServer((request, response) => {
    answer(request)
      .catch(failed)
      .then(({ status, body, headers }) => {
        response.writeHead(status, { "content-type": "application/json", ...headers });
        response.end(JSON.stringify(body));
      })
      .catch((error: unknown) => response.destroy(error instanceof Error ? error : new Error(String(error))));
  });
  const bound = await listenOn(server, port);
  return { port: bound, stop: () => closeNow(server) };
}
