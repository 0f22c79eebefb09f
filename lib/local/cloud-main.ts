/**
 * The embedded cloud as one process: queues, SSM, the event bus, the image store, and the functions behind their triggers. Started by
 * lib/local/stack.ts; tells on standard output when it is ready, logs to standard error. Everything it holds is on disk,
 * so that killing it loses nothing.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as z from "zod";
import { documentClient, sqsClient } from "../aws/clients.ts";
import { deadLetterNameOf, ensureQueues } from "../aws/queues.ts";
import { ensureTable } from "../aws/table.ts";
import { mayAsk, routes } from "../contracts/api.ts";
import { ssmDocumentName } from "../contracts/ssm-document.ts";
import { startEventBridge } from "./eventbridge/server.ts";
import { startWebhook } from "./eventbridge/webhook.ts";
import { startImageStore } from "./image-store.ts";
import { audience, issuerPath, issuerRoutes, tokenPath } from "./issuer.ts";
import { createFunctionHost } from "./lambda/host.ts";
import type { Handler } from "./lambda/triggers.ts";
import { localPolicy } from "./policy.ts";
import { startSqs } from "./sqs/server.ts";
import { startSsm } from "./ssm/server.ts";

export const cloudConfig = z.strictObject({
  schema: z.literal("rackwright.cloud/1"),
  ports: z.strictObject({ api: z.int(), sqs: z.int(), ssm: z.int(), images: z.int() }),
  dynamodbEndpoint: z.url(),
  functions: z.string(),
  queuesFile: z.string(),
  ssmFile: z.string(),
  imagesDir: z.string(),
  issuerFile: z.string(),
  events: z.strictObject({
    file: z.string(),
    streamPositionFile: z.string(),
    webhook: z.strictObject({ url: z.url(), positionFile: z.string() }).nullable(),
  }),
  watchdogSeconds: z.number().positive(),
});
export type CloudConfig = z.infer<typeof cloudConfig>;

export const tableName = "Rackwright";
const busName = "rackwright";
export const queueUrl = (sqsPort: number, name: string): string =>
  `http://127.0.0.1:${sqsPort}/000000000000/${name}`;

/** As AWS shows them: whoever uses the account's own key, or a hybrid-activated machine in its role's session. */
export const senderOf = (accessKeyId: string): string =>
  accessKeyId.startsWith("mi-") ? `AROARACKWRIGHTLAB:${accessKeyId}` : accessKeyId;

async function main(config: CloudConfig): Promise<void> {
  const { ports } = config;
  mkdirSync(config.imagesDir, { recursive: true });
  const sqs = await startSqs({ port: ports.sqs, dataFile: config.queuesFile, senderOf });
  const ssm = await startSsm({ port: ports.ssm, dataFile: config.ssmFile });
  const images = await startImageStore({ port: ports.images, dir: config.imagesDir });
  const { file, streamPositionFile, webhook } = config.events;
  const hook = webhook === null ? null : startWebhook({ ...webhook, file });
  const bus = await startEventBridge({ port: 0, busName, file, written: () => hook?.look() });

  Object.assign(process.env, {
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "rackwright-functions",
    AWS_SECRET_ACCESS_KEY: "local",
    AWS_ENDPOINT_URL_DYNAMODB: config.dynamodbEndpoint,
    AWS_ENDPOINT_URL_SQS: `http://127.0.0.1:${ports.sqs}`,
    AWS_ENDPOINT_URL_SSM: `http://127.0.0.1:${ports.ssm}`,
    AWS_ENDPOINT_URL_EVENTBRIDGE: bus.endpoint,
    TABLE_NAME: tableName,
    EVENT_BUS_NAME: busName,
    WAKES_QUEUE_URL: queueUrl(ports.sqs, "wakes"),
    DOCUMENT_NAME: ssmDocumentName,
    CONSOLE_TOKEN_PATH: tokenPath,
    POLICY: JSON.stringify(localPolicy),
  });
  await ensureTable(documentClient(), tableName, { stream: true });
  await ensureQueues(sqsClient());

  const host = createFunctionHost({ sqsEndpoint: `http://127.0.0.1:${ports.sqs}` });
  for (const [queue, name] of [
    ["jobs", "jobs"],
    ["wakes", "steps"],
    ["reports", "reports"],
  ] as const) {
    // A function reads its environment when it is loaded, as in Lambda; here they share a process, so one after the other.
    process.env["DEAD_LETTER_QUEUE_URL"] = queueUrl(ports.sqs, deadLetterNameOf(queue));
    const handler = await load(config, name);
    host.sqsMapping({
      name,
      queueUrl: queueUrl(ports.sqs, queue),
      batchSize: 10,
      maximumConcurrency: 4,
      handler,
    });
  }
  host.streamMapping({
    name: "events",
    endpoint: config.dynamodbEndpoint,
    table: tableName,
    batchSize: 100,
    positionFile: streamPositionFile,
    handler: await load(config, "events"),
  });
  const api = await load(config, "api");
  const status = await load(config, "console/status");
  const issuer = `http://127.0.0.1:${ports.api}${issuerPath}`;
  await host.httpApi({
    port: ports.api,
    authorizer: { issuer, audience },
    routes: [
      ...routes.map((routeKey) => ({
        routeKey,
        name: "api",
        handler: api,
        authorized: mayAsk[routeKey] !== null,
      })),
      { routeKey: "GET /", name: "status", handler: status },
      ...(await issuerRoutes(issuer, config.issuerFile)),
    ],
  });
  for (const name of ["stuck-nodes", "reservations", "labs", "commands", "power-drift", "preload"]) {
    host.schedule({
      name,
      rateSeconds: config.watchdogSeconds,
      handler: await load(config, `watchdogs/${name}`),
    });
  }
  process.stdout.write(`${JSON.stringify({ ready: true, api: `http://127.0.0.1:${ports.api}` })}\n`);

  const stop = async () => {
    await host.stop();
    await Promise.all([sqs.stop(), ssm.stop(), images.stop(), bus.stop(), hook?.stop()]);
    process.exit(0);
  };
  process.once("SIGTERM", () => void stop());
}

async function load({ functions }: CloudConfig, name: string): Promise<Handler> {
  const file = join(functions, `${name}.mjs`);
  const module: { handler?: Handler } = await import(pathToFileURL(file).href);
  if (module.handler === undefined) throw new Error(`${file} has no handler: run npm run build`);
  return module.handler;
}

const [flag, text] = process.argv.slice(2);
if (import.meta.main) {
  if (flag !== "--config" || text === undefined) throw new Error("usage: cloud-main.ts --config JSON");
  await main(cloudConfig.parse(JSON.parse(text)));
}
