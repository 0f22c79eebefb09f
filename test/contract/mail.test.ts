/** Letters through the SDK to a server that speaks as Amazon SES does. */
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SESv2Client } from "@aws-sdk/client-sesv2";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { sesMail } from "../../lib/aws/ses-mail.ts";
import { type SesServer, startSes } from "../../lib/local/ses.ts";
import type { Mail } from "../../lib/ports/mail.ts";

const dir = mkdtempSync(join(tmpdir(), "rackwright-mail-"));
let server: SesServer;
let mail: Mail;

beforeAll(async () => {
  server = await startSes({ port: 0, dir });
  const client = new SESv2Client({
    endpoint: server.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    maxAttempts: 1,
  });
  mail = sesMail({ client, from: "lab@example.org" });
});
afterEach(() => {
  server.faults.answer = () => null;
});
afterAll(() => server.stop());

const letter = { to: "ada@example.org", subject: "Reservation r1 is ready — go", text: "Line one.\n\nÜ.\n" };

test("a letter arrives as it was written, from the address that was verified", async () => {
  expect(await mail.send(letter)).toEqual({ refused: null });
  const [file = ""] = readdirSync(dir);
  const text = readFileSync(join(dir, file), "utf8");
  expect(text).toContain("From: lab@example.org\r\n");
  expect(text).toContain("To: ada@example.org\r\n");
  const [, subject = ""] = /^Subject: =\?utf-8\?B\?(.+)\?=\r$/m.exec(text) ?? [];
  expect(Buffer.from(subject, "base64").toString()).toBe(letter.subject);
  expect(text).toMatch(/\r\n\r\nLine one\.\r\n\r\nÜ\.\r\n$/);
});

test("what SES will never take is said with its reason; what it may take later is tried again", async () => {
  server.faults.answer = () => ({ status: 400, type: "MessageRejected" });
  expect((await mail.send(letter)).refused).toContain("MessageRejected");
  server.faults.answer = () => ({ status: 429, type: "TooManyRequestsException" });
  await expect(mail.send(letter)).rejects.toThrow("as a test wants it");
});
