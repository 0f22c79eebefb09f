/** What the parts of the boot service share. */
import type { IncomingMessage, ServerResponse } from "node:http";

export function problem(response: ServerResponse, status: number, detail: string): void {
  const text = Buffer.from(JSON.stringify({ type: "about:blank", status, detail }));
  response.writeHead(status, {
    "content-type": "application/problem+json",
    "content-length": text.length,
  });
  response.end(text);
}

/** Null: it is longer than it may be. */
export async function bodyOf(request: IncomingMessage, mostBytes: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
    size += bytes.length;
    if (size > mostBytes) return null;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

/** What is no JSON is refused by its shape, with a word on what is missing. */
export function jsonOf(body: Buffer | null): unknown {
  try {
    return body === null ? undefined : JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
