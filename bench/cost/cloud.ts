/**
 * The functions as they are built, before a real database, in virtual time: what leads to what is the same in every run, so
 * that a ledger of what is billed can be held to a few in a hundred. Triggers are driven here as Lambda drives them.
 */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { documentClient } from "../../lib/aws/clients.ts";
import { ensureTable } from "../../lib/aws/table.ts";
import { isPatient, type Report } from "../../lib/contracts/report.ts";
import { passesFilters } from "../../lib/contracts/stream.ts";
import { environmentFor, type FunctionName, functions, variablesOf } from "../../lib/contracts/topology.ts";
import { branded, isControllerId, isJournalId, isLabId, isNodeId } from "../../lib/core/ids.ts";
import { after, type Instant, instant, minutes } from "../../lib/core/time.ts";
import { dynamoDbProgram } from "../../lib/local/dynamodb.ts";
import type { Handler } from "../../lib/local/lambda/triggers.ts";
import { pickPort } from "../../lib/local/rack/ports.ts";
import { type Ledger, openLedger } from "./ledger.ts";
import { createMachines } from "./machines.ts";
import { startServices } from "./services.ts";
import type { Item } from "./units.ts";

const root = join(import.meta.dirname, "../..");
const controller = branded(isControllerId, "mi-0123456789abcdef0");
const journal = branded(isJournalId, "0123456789abcdef");
const lab = branded(isLabId, "blue");
const sha256 = "ab".repeat(32);
/** A calendar's periods begin at the same distance in every run. */
const begin = instant(1_795_000_000_000);

/** From a message's arrival to its consumer; what arrives meanwhile shares a batch. */
const pollMs = 50;
const batchSize = 10;
const streamBatch = 100;
/** What a function takes besides waiting for its requests, and what one of those takes within a region. */
const overheadMs = 5;
const requestMs = 6;
/** CloudWatch counts so much for each event besides its text. */
const logEventBytes = 26;
const mostReports = 19;

/** A function reads its environment when it is loaded: each cloud loads its own. */
let clouds = 0;

type Queue = "wakes" | "reports";
const consumerOf: Readonly<Record<Queue, FunctionName>> = { wakes: "steps", reports: "reports" };

export interface Cloud {
  readonly ledger: Ledger;
  readonly now: () => Instant;
  /** How many changes of state were committed since the start. */
  transitions(): number;
  api(method: string, route: string, id: string, body?: unknown): Promise<unknown>;
  /** Does it then, in virtual time. */
  later(inMs: number, work: () => Promise<void>): void;
  login(node: string, user: string): void;
  /** Goes on until it holds; throws when it does not for so long. */
  until(holds: () => Promise<boolean>, patienceMs: number): Promise<void>;
  /** One run of a scheduled function, counted for itself. */
  tick(name: FunctionName, account: string): Promise<void>;
  readonly sha256: string;
  stop(): Promise<void>;
}

export interface CloudSettings {
  readonly nodes: number;
  /** How often the agent tells how far a write has got. */
  readonly progressEveryMs: number;
}

export async function openCloud({ nodes, progressEveryMs }: CloudSettings): Promise<Cloud> {
  const realNow = Date.now;
  clouds += 1;
  let now = begin;
  const folder = mkdtempSync(join(tmpdir(), "rackwright-cost-"));
  const todo: { at: Instant; order: number; work: () => Promise<void> }[] = [];
  let order = 0;
  const later = (inMs: number, work: () => Promise<void>): void => {
    order += 1;
    todo.push({ at: after(now, inMs), order, work });
  };
  const queues: Record<Queue, { body: string; id: string }[]> = { wakes: [], reports: [] };
  const pumping = new Set<Queue>();
  let [messages, committed] = [0, 0];
  const rejected: string[] = [];
  let told: Report[] = [];
  const progress = new Map<string, Report>();
  let progressSentAt: Instant = instant(0);

  function arrive(queue: Queue, body: string): void {
    messages += 1;
    queues[queue].push({ body, id: `message-${messages}` });
    if (pumping.has(queue)) return;
    pumping.add(queue);
    later(pollMs, () => pump(queue));
  }

  const ledger = openLedger();
  const services = await startServices({
    wake: (body, delaySeconds) => later(delaySeconds * 1000, async () => arrive("wakes", body)),
    rejected: (body) => rejected.push(body),
    deliver: (_, commands) => {
      for (const command of commands) machines.carryOut(command);
    },
  });
  const machines = createMachines({
    sha256,
    now: () => now,
    tell: (inMs, report) => later(inMs, async () => keep(report)),
  });

  /** As lib/agent/reports.ts does it: what nobody waits for travels with what somebody does, or goes when it has waited. */
  function keep(report: Report): void {
    if (report.kind === "beacon" && report.beacon.progress !== undefined) {
      if (progress.size === 0 && now - progressSentAt > progressEveryMs) progressSentAt = now;
      progress.set(report.beacon.node, report);
      later(progressSentAt + progressEveryMs - now, async () => {
        if (progress.has(report.beacon.node) && now - progressSentAt >= progressEveryMs) await sendReports();
      });
      return;
    }
    told.push(report);
    later(isPatient(report) ? 1.5 * progressEveryMs : 0, async () => {
      if (told.includes(report)) await sendReports();
    });
  }

  /** What the agent has to tell at one instant shares a message. */
  async function sendReports(): Promise<void> {
    told.push(...progress.values());
    if (progress.size > 0) progressSentAt = now;
    progress.clear();
    for (; told.length > 0; told = told.slice(mostReports)) {
      ledger.add("sqsRequests", 1);
      const reports = told.slice(0, mostReports);
      arrive("reports", JSON.stringify({ schema: "rackwright.reports/1", controller, journal, reports }));
    }
  }

  const program = dynamoDbProgram();
  const port = await pickPort(new Set());
  const database = spawn(program.file, [...program.parameters(port, join(folder, "db.sqlite"))], {
    stdio: "ignore",
  });
  const endpoint = `http://127.0.0.1:${port}`;
  for (const deadline = realNow() + 20_000; ; ) {
    const up = await fetch(endpoint).then(
      () => true,
      () => false,
    );
    if (up) break;
    if (realNow() > deadline) throw new Error("the database did not come up within 20 s");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  Object.assign(process.env, {
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "bench",
    AWS_SECRET_ACCESS_KEY: "local",
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    AWS_ENDPOINT_URL_SQS: services.endpoint,
    AWS_ENDPOINT_URL_SSM: services.endpoint,
    AWS_ENDPOINT_URL_EVENTBRIDGE: services.endpoint,
  });
  await ensureTable(documentClient(), "Rackwright");
  ledger.start();
  Date.now = () => now;

  const handlers = new Map<FunctionName, Handler>();
  async function handlerOf(name: FunctionName): Promise<Handler> {
    const known = handlers.get(name);
    if (known !== undefined) return known;
    for (const variable of variablesOf(name)) delete process.env[variable];
    const queueUrl = (queue: string): string => `${services.endpoint}/000000000000/${queue}`;
    const values = {
      TABLE_NAME: "Rackwright",
      EVENT_BUS_NAME: "rackwright",
      WAKES_QUEUE_URL: queueUrl("wakes"),
      DEAD_LETTER_QUEUE_URL: queueUrl("dead"),
      DOCUMENT_NAME: "Rackwright-Run",
      CONSOLE_TOKEN_PATH: undefined,
      CONSOLE_ACT_FUNCTION: "arn:aws:lambda:us-east-1:000000000000:function:act",
      METRICS_NAMESPACE: "Rackwright",
      POLICY: undefined,
      MAIL_FROM: undefined,
      ROLE_CLAIMS: undefined,
    };
    Object.assign(process.env, environmentFor(name, values));
    const module: { handler?: Handler } = await import(
      `${pathToFileURL(join(root, "dist/functions", `${name}.mjs`)).href}?cloud=${clouds}`
    );
    if (module.handler === undefined)
      throw new Error(`dist/functions/${name}.mjs has no handler: npm run build`);
    handlers.set(name, module.handler);
    return module.handler;
  }

  async function invoke(name: FunctionName, event: unknown): Promise<unknown> {
    const handler = await handlerOf(name);
    ledger.requestsSince();
    const write = process.stdout.write;
    process.stdout.write = (chunk: string | Uint8Array): boolean => {
      const text = typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
      ledger.add("logBytes", Buffer.byteLength(text) + logEventBytes);
      return true;
    };
    try {
      return await handler(event, {
        awsRequestId: `request-${order}`,
        functionName: name,
        invokedFunctionArn: `arn:aws:lambda:us-east-1:000000000000:function:${name}`,
        callbackWaitsForEmptyEventLoop: false,
        getRemainingTimeInMillis: () => 20_000,
      });
    } finally {
      process.stdout.write = write;
      const { memoryMb } = functions[name];
      const tookMs = overheadMs + requestMs * ledger.requestsSince();
      ledger.add("lambdaRequests", 1);
      ledger.add("lambdaGbSeconds", ((memoryMb / 1024) * tookMs) / 1000);
    }
  }

  async function pump(queue: Queue): Promise<void> {
    for (;;) {
      const batch = queues[queue].splice(0, batchSize);
      if (batch.length === 0) break;
      // The receive that finds them and the deletion of the batch are asked by the mapping.
      ledger.add("sqsRequests", 2);
      const Records = batch.map(({ body, id }) => ({
        messageId: id,
        receiptHandle: id,
        body,
        attributes: { SenderId: `AROALAB:${controller}` },
        messageAttributes: {},
        eventSource: "aws:sqs",
      }));
      const answer = await invoke(consumerOf[queue], { Records });
      const text = JSON.stringify(answer);
      if (text !== '{"batchItemFailures":[]}') throw new Error(`${consumerOf[queue]} failed: ${text}`);
    }
    pumping.delete(queue);
    if (rejected.length > 0) throw new Error(`a message was rejected: ${rejected[0]}`);
  }

  let records: unknown[] = [];
  ledger.stored = (items: readonly Item[]) => {
    for (const item of items) {
      if (isChange(item)) committed += 1;
      const dynamodb = {
        NewImage: asStreamed(item),
        SequenceNumber: String(order),
        ApproximateCreationDateTime: now / 1000,
      };
      const record = { eventID: String(order), eventName: "MODIFY", dynamodb };
      if (!passesFilters(record)) continue;
      if (records.length === 0) later(pollMs, publish);
      records.push(record);
    }
  };
  async function publish(): Promise<void> {
    for (const all = records.splice(0); all.length > 0; ) {
      await invoke("events", { Records: all.splice(0, streamBatch) });
    }
    records = [];
  }

  async function api(method: string, route: string, id: string, body?: unknown): Promise<unknown> {
    ledger.add("httpApiRequests", 1);
    const authorizer = { jwt: { claims: { sub: "portal", groups: ["operator"] } } };
    const answer = await invoke("api", {
      version: "2.0",
      routeKey: `${method} ${route}`,
      headers: {},
      pathParameters: { id },
      requestContext: { requestId: "bench", authorizer },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      isBase64Encoded: false,
    });
    const { statusCode, body: text }: { statusCode?: number; body?: string } = Object(answer);
    if (statusCode === undefined || statusCode >= 400 || text === undefined)
      throw new Error(`${method} ${route}: ${statusCode} ${text}`);
    return JSON.parse(text);
  }

  async function step(): Promise<void> {
    const next = todo.reduce((best, each) =>
      each.at < best.at || (each.at === best.at && each.order < best.order) ? each : best,
    );
    todo.splice(todo.indexOf(next), 1);
    now = instant(Math.max(now + 1, next.at));
    await next.work();
  }

  const names = Array.from({ length: nodes }, (_, index) => `node-${String(index + 1).padStart(4, "0")}`);
  const cloud: Cloud = {
    ledger,
    now: () => now,
    transitions: () => committed,
    api,
    later,
    login: (node, user) => machines.login(branded(isNodeId, node), user),
    until: async (holds, patienceMs) => {
      const end = after(now, patienceMs);
      while (!(await holds())) {
        if (now > end || todo.length === 0) throw new Error("it did not happen");
        await step();
      }
    },
    tick: async (name, account) => {
      const before = ledger.enter(account);
      await invoke(name, { source: "aws.scheduler" });
      ledger.enter(before);
    },
    sha256,
    stop: async () => {
      Date.now = realNow;
      ledger.stop();
      await services.stop();
      database.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    },
  };

  ledger.enter("setup");
  const power = { driver: "redfish", credential: "bmc/blue", quiescentSeconds: 5 };
  await api("POST", "/v1/labs", "", {
    schema: "rackwright.lab/1",
    lab,
    controllers: [controller],
    nodes: names.map((id, index) => ({
      id,
      class: "standard",
      macs: [`52:54:00:00:${hex(index >> 8)}:${hex(index & 255)}`],
      bmc: { ...power, address: `https://${id}.example` },
    })),
  });
  await api("POST", "/v1/images", "", { id: "demo", sha256, sizeBytes: 10 * 1024 ** 3 });
  arrive(
    "reports",
    JSON.stringify({
      schema: "rackwright.reports/1",
      controller,
      journal,
      reports: [{ kind: "alive", lab, at: now }],
    }),
  );
  const watch = async (): Promise<void> => {
    later(minutes(1), watch);
    for (const name of ["watchdogs/stuck-nodes", "watchdogs/reservations"] as const)
      await cloud.tick(name, "watchdogs");
  };
  later(minutes(1), watch);
  return cloud;
}

/** Nodes and reservations are written with every change of them, and for nothing else. */
const isChange = (item: Item): boolean =>
  ['{"S":"node"}', '{"S":"reservation"}'].includes(JSON.stringify(item["kind"]));

/** A stream tells bytes in base64. */
const asStreamed = (item: Item): Item =>
  Object.fromEntries(
    Object.entries(item).map(([name, value]) => {
      const { B: bytes }: { B?: unknown } = Object(value);
      return [name, bytes instanceof Uint8Array ? { B: Buffer.from(bytes).toString("base64") } : value];
    }),
  );

const hex = (byte: number): string => byte.toString(16).padStart(2, "0");
