/** Where `run` reaches the daemon on the same controller: HTTP over a Unix socket that only its owner may open. */
import { chmodSync, rmSync } from "node:fs";
import { createServer } from "node:http";

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
