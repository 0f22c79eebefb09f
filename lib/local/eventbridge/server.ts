/**
 * EventBridge on one machine, as the SDK speaks to it (AWS JSON 1.1): PutEvents. Every event goes to a file, one line each as
 * a target would get it, from there to a webhook where there is one, and to the targets of the rules. An event is with all of
 * them before the answer is sent.
 */
import { randomUUID } from "node:crypto";
import { appendFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import * as z from "zod";
import type { EventPattern } from "../../contracts/events.ts";
import { readJson, serveJson } from "../http.ts";

export interface EventBridgeSettings {
  readonly port: number;
  readonly busName: string;
  readonly file: string;
  readonly rules?: readonly Rule[];
  readonly now?: () => number;
  /** There is more in the file. */
  readonly written?: () => void;
}

/** Events that fit the pattern go to a target. */
export interface Rule {
  readonly pattern: EventPattern;
  readonly target: (event: string) => Promise<void>;
}

/** What of an event patterns look at. */
interface Told {
  readonly source: string;
  readonly "detail-type": string;
  readonly detail: { readonly cause?: unknown };
}

const fits = (pattern: EventPattern, event: Told): boolean =>
  (pattern.source?.includes(event.source) ?? true) &&
  (pattern["detail-type"]?.includes(event["detail-type"]) ?? true) &&
  (pattern.detail?.cause.some((each) => each === event.detail.cause) ?? true) &&
  (pattern.$or?.some((each) => fits(each, event)) ?? true);

export interface EventBridgeServer {
  readonly endpoint: string;
  /** For tests: the entries for which it holds are refused, as EventBridge does when it is overloaded. */
  faults: { throttle: (detailType: string) => boolean };
  stop(): Promise<void>;
}

/** EventBridge's own limit (API reference, PutEvents). */
const mostEntries = 10;

const putEvents = z.looseObject({
  Entries: z.array(z.looseObject({})).min(1).max(mostEntries),
});
const entry = z.looseObject({
  Source: z.string().min(1),
  DetailType: z.string().min(1).max(128),
  Detail: z.string(),
  EventBusName: z.string().default("default"),
  Time: z.number().exactOptional(),
  Resources: z.array(z.string()).default([]),
});

/** A refusal of one entry leaves the others alone. */
class Refused extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export async function startEventBridge({
  port,
  busName,
  file,
  rules = [],
  now = Date.now,
  written = () => undefined,
}: EventBridgeSettings): Promise<EventBridgeServer> {
  const faults: EventBridgeServer["faults"] = { throttle: () => false };

  /** The event as a target of EventBridge gets it. */
  function accept(given: unknown): { id: string; told: Told; line: string } {
    const parsed = entry.safeParse(given);
    if (!parsed.success) throw new Refused("InvalidArgument", parsed.error.message);
    const { Source, DetailType, Detail, EventBusName, Time = now() / 1000, Resources } = parsed.data;
    if (EventBusName !== busName)
      throw new Refused("InvalidArgument", `there is no event bus ${EventBusName}`);
    if (faults.throttle(DetailType)) throw new Refused("ThrottlingException", "Rate exceeded");
    const id = randomUUID();
    const told = {
      version: "0",
      id,
      "detail-type": DetailType,
      source: Source,
      account: "000000000000",
      time: new Date(1000 * Time).toISOString().replace(/[.]\d{3}Z$/, "Z"),
      region: "us-east-1",
      resources: Resources,
      detail: detailOf(Detail),
    };
    return { id, told, line: JSON.stringify(told) };
  }

  async function answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    const target = String(request.headers["x-amz-target"] ?? "");
    if (target !== "AWSEvents.PutEvents")
      return problem("UnknownOperationException", `this server has no ${target}`);
    const parsed = putEvents.safeParse(await readJson(request));
    if (!parsed.success) return problem("ValidationException", parsed.error.message);
    let lines = "";
    const brought: Promise<void>[] = [];
    const entries = parsed.data.Entries.map((given) => {
      try {
        const { id, told, line } = accept(given);
        lines += `${line}\n`;
        for (const { pattern, target } of rules) if (fits(pattern, told)) brought.push(target(line));
        return { EventId: id };
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        return { ErrorCode: error.code, ErrorMessage: error.message };
      }
    });
    if (lines !== "") {
      appendFileSync(file, lines, { mode: 0o600 });
      written();
    }
    await Promise.all(brought);
    const failed = entries.filter((each) => "ErrorCode" in each).length;
    return { status: 200, body: { FailedEntryCount: failed, Entries: entries } };
  }

  const inItsProtocol = { "content-type": "application/x-amz-json-1.1" };
  const server = await serveJson(
    port,
    async (request) => ({ ...(await answer(request)), headers: inItsProtocol }),
    (error) => ({
      status: 500,
      body: { __type: "InternalException", message: String(error) },
      headers: inItsProtocol,
    }),
  );
  return { endpoint: `http://127.0.0.1:${server.port}`, faults, stop: server.stop };
}

const problem = (type: string, message: string) => ({ status: 400, body: { __type: type, message } });

function detailOf(text: string): object {
  try {
    const detail: unknown = JSON.parse(text);
    if (typeof detail === "object" && detail !== null && !Array.isArray(detail)) return detail;
  } catch {
    // Told below, as for any other text that is no object.
  }
  throw new Refused("MalformedDetail", "Detail is malformed.");
}
