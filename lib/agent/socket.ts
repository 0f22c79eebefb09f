/** How `run` reaches the daemon on the same controller: HTTP over a Unix socket that only its owner may open. */
import { chmodSync, rmSync } from "node:fs";
import { createServer, request } from "node:http";
import { join } from "node:path";

export const socketOf = (stateDir: string): string => join(stateDir, "agent.sock");

const longestBytes = 1024 * 1024;

/** `answer` is given the body and answers at once. */
export async function listen(
  path: string,
  answer: (body: string) => Promise<string>,
): Promise<() => Promise<void>> {
  rmSync(path, { force: true });
  const server = createServer((incoming, response) => {
    let text = "";
    incoming.on("data", (chunk) => {
      if (text.length <= longestBytes) text += String(chunk);
    });
    incoming.on("end", () => {
      answer(text)
        .then((body) => response.end(body))
        .catch((error: unknown) => response.writeHead(500).end(String(error)));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
}

export const ask = (path: string, body: string, timeoutMs: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const asking = request(
      { socketPath: path, path: "/commands", method: "POST", timeout: timeoutMs },
      (response) => {
        let text = "";
        response.on("data", (chunk) => {
          text += String(chunk);
        });
        response.on("end", () => (response.statusCode === 200 ? resolve(text) : reject(new Error(text))));
      },
    );
    asking.on("timeout", () => asking.destroy(new Error(`the daemon did not answer within ${timeoutMs} ms`)));
    asking.on("error", reject);
    asking.end(body);
  });
