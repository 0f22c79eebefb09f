/**
 * Asks the daemon on the same controller: HTTP over a Unix socket that only its owner may open. Written by hand on a bare
 * socket, because `run` is a process of its own for every delivery, and node:http alone takes it longer to load than all
 * else that it does.
 */
import { connect } from "node:net";
import { join } from "node:path";

export const socketOf = (stateDir: string): string => join(stateDir, "agent.sock");

/** Resolves with what the daemon answered; rejects with its reason, or when it has not answered in time. */
export const ask = (path: string, body: string, timeoutMs: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(path);
    const chunks: Buffer[] = [];
    const timer = setTimeout(
      () => socket.destroy(new Error(`the daemon did not answer within ${timeoutMs} ms`)),
      timeoutMs,
    );
    socket.on("error", reject);
    socket.on("close", () => clearTimeout(timer));
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("end", () => {
      const read = answerIn(Buffer.concat(chunks));
      if (read === null) reject(new Error("the daemon ended in the middle of its answer"));
      else if (read.status === 200) resolve(read.body);
      else reject(new Error(read.body));
    });
    // HTTP/1.0: the answer comes in one piece, and ends with the connection.
    socket.write(
      `POST /commands HTTP/1.0\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    );
  });

/** Null: it is not whole. */
function answerIn(bytes: Buffer): { readonly status: number; readonly body: string } | null {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd < 0) return null;
  const head = bytes.toString("latin1", 0, headEnd);
  const body = bytes.subarray(headEnd + 4);
  const [, status = ""] = /^HTTP\/1\.[01] (\d{3})/.exec(head) ?? [];
  const [, length] = /^content-length: *(\d+)$/im.exec(head) ?? [];
  if (status === "" || (length !== undefined && body.length < Number(length))) return null;
  return { status: Number(status), body: body.toString() };
}
