/**
 * Amazon SES on one machine, as the SDK speaks to it (API v2, SendEmail). Nothing leaves the machine: every letter is a file
 * in a folder, as a mail program reads it.
 */
import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { join } from "node:path";
import * as z from "zod";
import { explain } from "../contracts/scalars.ts";
import { listenOn, readJson } from "./http.ts";
import { writeAtomically } from "./layout.ts";

const inUtf8 = z.looseObject({ Data: z.string() });
const sendEmail = z.looseObject({
  FromEmailAddress: z.string().min(3),
  Destination: z.looseObject({ ToAddresses: z.array(z.email()).min(1).max(50) }),
  Content: z.looseObject({
    Simple: z.looseObject({ Subject: inUtf8, Body: z.looseObject({ Text: inUtf8 }) }),
  }),
});
type SendEmail = z.infer<typeof sendEmail>;

export interface SesServer {
  readonly endpoint: string;
  /** For tests: the answer to every letter, where it is not taken. */
  faults: { answer: () => { readonly status: number; readonly type: string } | null };
  stop(): Promise<void>;
}

export async function startSes({ port, dir }: { port: number; dir: string }): Promise<SesServer> {
  mkdirSync(dir, { recursive: true });
  const faults: SesServer["faults"] = { answer: () => null };

  async function answer(request: IncomingMessage): Promise<{ status: number; type?: string; body: unknown }> {
    const { method, url } = request;
    if (method !== "POST" || url !== "/v2/email/outbound-emails")
      return refused(404, "NotFoundException", `this server has no ${method} ${url}`);
    const fault = faults.answer();
    if (fault !== null) return refused(fault.status, fault.type, "as a test wants it");
    const parsed = sendEmail.safeParse(await readJson(request));
    if (!parsed.success) return refused(400, "BadRequestException", explain(parsed.error));
    const id = randomUUID();
    writeAtomically(join(dir, `${id}.eml`), letter(id, parsed.data), 0o600);
    return { status: 200, body: { MessageId: id } };
  }

  const server = createServer((request, response) => {
    answer(request)
      .catch((error: unknown) => refused(500, "InternalServiceErrorException", String(error)))
      .then(({ status, type, body }) => {
        const error = type === undefined ? {} : { "x-amzn-errortype": type };
        response.writeHead(status, { "content-type": "application/json", ...error });
        response.end(JSON.stringify(body));
      })
      .catch((error: unknown) => response.destroy(error instanceof Error ? error : new Error(String(error))));
  });
  const bound = await listenOn(server, port);
  return {
    endpoint: `http://127.0.0.1:${bound}`,
    faults,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const refused = (status: number, type: string, message: string) => ({ status, type, body: { message } });

const encoded = (text: string): string => `=?utf-8?B?${Buffer.from(text).toString("base64")}?=`;

/** RFC 5322 and RFC 2047. */
function letter(id: string, { FromEmailAddress, Destination, Content: { Simple } }: SendEmail): string {
  const headers = [
    `Message-ID: <${id}@rackwright.local>`,
    `Date: ${new Date().toUTCString()}`,
    `From: ${FromEmailAddress}`,
    `To: ${Destination.ToAddresses.join(", ")}`,
    `Subject: ${encoded(Simple.Subject.Data)}`,
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: 8bit",
  ];
  return `${headers.join("\r\n")}\r\n\r\n${Simple.Body.Text.Data.replaceAll("\n", "\r\n")}`;
}
