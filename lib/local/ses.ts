/**
 * Amazon SES on one machine, as the SDK speaks to it (API v2, SendEmail). Nothing leaves the machine: every letter is a file
 * in a folder, as a mail program reads it.
 */
import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import * as z from "zod";
import { explain } from "../contracts/scalars.ts";
import { type JsonAnswer, readJson, serveJson } from "./http.ts";
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

  async function answer(request: IncomingMessage): Promise<JsonAnswer> {
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

  const server = await serveJson(port, answer, (error) =>
    refused(500, "InternalServiceErrorException", String(error)),
  );
  return { endpoint: `http://127.0.0.1:${server.port}`, faults, stop: server.stop };
}

const refused = (status: number, type: string, message: string): JsonAnswer => ({
  status,
  body: { message },
  headers: { "x-amzn-errortype": type },
});

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
