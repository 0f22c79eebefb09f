/**
 * The embedded cloud as one process: queues, SSM, the event bus, the image store, and the functions behind their triggers. Started by
 * lib/local/stack.ts; tells on standard output when it is ready, logs to standard error. Everything it holds is on disk,
 * so that killing it loses nothing.
 */
import { mkdirSync } from "node:fs";
import * as z from "zod";
import { documentClient, sqsClient } from "../aws/clients.ts";
import { ensureQueues } from "../aws/queues.ts";
import { ensureTable } from "../aws/table.ts";
import { mayAsk } from "../contracts/api.ts";
import { actingFunction } from "../contracts/dashboard.ts";
import { letterPattern } from "../contracts/events.ts";
import { deadLetterNameOf } from "../contracts/queues.ts";
import { ssmDocumentName } from "../contracts/ssm-document.ts";
import {
  environmentFor,
  functionNames,
  functions,
  type Variable,
  variablesOf,
} from "../contracts/topology.ts";
import { consoleRoutes, type WidgetFunction } from "./console/routes.ts";
import { type Rule, startEventBridge } from "./eventbridge/server.ts";
import { startWebhook } from "./eventbridge/webhook.ts";
import { startImageStore } from "./image-store.ts";
import { audience, issuerPath, issuerRoutes, tokenPath } from "./issuer.ts";
import { deploy } from "./lambda/deployment.ts";
import { createFunctionHost } from "./lambda/host.ts";
import { functionArn, type Route } from "./lambda/triggers.ts";
import { startSes } from "./ses.ts";
import { startSqs } from "./sqs/server.ts";
import { startSsm } from "./ssm/server.ts";
import { tokens } from "./ssm/tokens.ts";

export const cloudConfig = z.strictObject({
  schema: z.literal("rackwright.cloud/1"),
  ports: z.strictObject({ api: z.int(), sqs: z.int(), ssm: z.int(), images: z.int() }),
  dynamodbEndpoint: z.url(),
  functions: z.string(),
  queuesFile: z.string(),
  ssmFile: z.string(),
  imagesDir: z.string(),
  mailDir: z.string(),
  issuerFile: z.string(),
  events: z.strictObject({
    file: z.string(),
    streamPositionFile: z.string(),
    webhook: z.strictObject({ url: z.url(), positionFile: z.string() }).nullable(),
  }),
  watchdogSeconds: z.number().positive(),
  /** SendCommand is refused beyond that, as AWS may do it; null: never. */
  sendCommandsPerSecond: z.number().positive().nullable(),
  /** What the functions find in POLICY. */
  policy: z.string(),
});
export type CloudConfig = z.infer<typeof cloudConfig>;

export const tableName = "Rackwright";
const busName = "rackwright";
const mailFrom = "rackwright@rackwright.local";
/**
 * Of one queue: more would only wait for each other on one machine. While both are busy messages gather, and the next batch
 * is larger: what a batch reads and sends together is then less for each.
 */
const batchesAtOnce = 2;
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
  if (config.sendCommandsPerSecond !== null) {
    const allowed = tokens(config.sendCommandsPerSecond, () => performance.now());
    ssm.faults.throttle = (operation) => operation === "SendCommand" && !allowed();
  }
  const images = await startImageStore({ port: ports.images, dir: config.imagesDir });
  const { file, streamPositionFile, webhook } = config.events;
  const hook = webhook === null ? null : startWebhook({ ...webhook, file });
  const ses = await startSes({ port: 0, dir: config.mailDir });
  const letters: Rule = {
    pattern: letterPattern,
    target: async (event) => sqs.put("letters", event, "events.amazonaws.com"),
  };
  const bus = await startEventBridge({
    port: 0,
    busName,
    file,
    rules: [letters],
    written: () => hook?.look(),
  });

  Object.assign(process.env, {
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "rackwright-functions",
    AWS_SECRET_ACCESS_KEY: "local",
    AWS_ENDPOINT_URL_DYNAMODB: config.dynamodbEndpoint,
    AWS_ENDPOINT_URL_SQS: `http://127.0.0.1:${ports.sqs}`,
    AWS_ENDPOINT_URL_SSM: `http://127.0.0.1:${ports.ssm}`,
    AWS_ENDPOINT_URL_EVENTBRIDGE: bus.endpoint,
    AWS_ENDPOINT_URL_SESV2: ses.endpoint,
  });
  const environment: Readonly<Record<Variable, string | undefined>> = {
    TABLE_NAME: tableName,
    EVENT_BUS_NAME: busName,
    // Nobody reads metrics out of the log here.
    METRICS_NAMESPACE: undefined,
    MAIL_FROM: mailFrom,
    WAKES_QUEUE_URL: queueUrl(ports.sqs, "wakes"),
    // Each consumer is told its own.
    DEAD_LETTER_QUEUE_URL: undefined,
    DOCUMENT_NAME: ssmDocumentName,
    CONSOLE_TOKEN_PATH: tokenPath,
    CONSOLE_ACT_FUNCTION: functionArn(actingFunction),
    POLICY: config.policy,
    ROLE_CLAIMS: undefined,
  };
  await ensureTable(documentClient(), tableName, { stream: true });
  await ensureQueues(sqsClient());

  const host = createFunctionHost({ sqsEndpoint: `http://127.0.0.1:${ports.sqs}` });
  const routes: Route[] = [];
  const widgets: WidgetFunction[] = [];
  const deployment = await deploy(config.functions, functionNames, (name) => {
    const { trigger } = functions[name];
    const dead = trigger.kind === "queue" ? queueUrl(ports.sqs, deadLetterNameOf(trigger.queue)) : undefined;
    const told = environmentFor(name, { ...environment, DEAD_LETTER_QUEUE_URL: dead });
    return { ...Object.fromEntries(variablesOf(name).map((variable) => [variable, undefined])), ...told };
  });
  // New bundles are there: what is deployed is replaced while everything runs (docs/operations.md).
  process.on("SIGHUP", () => void deployment.deployAgain());
  for (const name of functionNames) {
    const { trigger, timeoutSeconds } = functions[name];
    const handler = deployment.handlerOf(name);
    const timeoutMs = timeoutSeconds * 1000;
    switch (trigger.kind) {
      case "queue":
        host.sqsMapping({
          name,
          timeoutMs,
          queueUrl: queueUrl(ports.sqs, trigger.queue),
          batchSize: trigger.batchSize,
          maximumConcurrency: Math.min(batchesAtOnce, trigger.maximumConcurrency),
          handler,
        });
        break;
      case "stream":
        host.streamMapping({
          name,
          timeoutMs,
          endpoint: config.dynamodbEndpoint,
          table: tableName,
          batchSize: trigger.batchSize,
          positionFile: streamPositionFile,
          handler,
        });
        break;
      case "minutely":
        host.schedule({ name, timeoutMs, rateSeconds: config.watchdogSeconds, handler });
        break;
      case "routes":
        for (const routeKey of trigger.routes)
          routes.push({ routeKey, name, timeoutMs, handler, authorized: mayAsk[routeKey] !== null });
        break;
      case "widget":
        widgets.push({ name, timeoutMs, handler });
        break;
      case "invoked":
        // Nobody but AWS's own consoles does so; here the same is asked of the API.
        break;
      case "local-page":
        routes.push({ routeKey: trigger.routeKey, name, timeoutMs, handler });
        break;
    }
  }
  const issuer = `http://127.0.0.1:${ports.api}${issuerPath}`;
  await host.httpApi({
    port: ports.api,
    authorizer: { issuer, audience },
    routes: [...routes, ...consoleRoutes(widgets), ...(await issuerRoutes(issuer, config.issuerFile))],
  });
  process.stdout.write(`${JSON.stringify({ ready: true, api: `http://127.0.0.1:${ports.api}` })}\n`);

  const stop = async () => {
    await host.stop();
    await Promise.all([sqs.stop(), ssm.stop(), images.stop(), ses.stop(), bus.stop(), hook?.stop()]);
    process.exit(0);
  };
  process.once("SIGTERM", () => void stop());
}

const [flag, text] = process.argv.slice(2);
if (import.meta.main) {
  if (flag !== "--config" || text === undefined) throw new Error("usage: cloud-main.ts --config JSON");
  await main(cloudConfig.parse(JSON.parse(text)));
}
