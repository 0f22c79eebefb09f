/**
 * `npm run bench -- console`: what the operators' widgets take at 20, 400 and 5,000 nodes. The shipped bundle answers in a
 * process of its own; the database's answers are real, taken once and then given again at once, so that what is measured is
 * the function and not the embedded database, which is slower than DynamoDB at this.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as z from "zod";
import { dynamoStore } from "../../lib/aws/dynamo-store.ts";
import { functions } from "../../lib/contracts/topology.ts";
import { mostWidgetBytes, widgetNames } from "../../lib/contracts/widget.ts";
import { listenOn } from "../../lib/local/http.ts";
import { nodeName, storeWith } from "../../test/browser/fleets.ts";
import { environmentOf } from "../../test/infra/environment.ts";
import { startDynamoDb } from "../../test/support/stack.ts";
import { atMost, type Bench, type Check, type Figure, rounded } from "../result.ts";

const name = "console/widgets";
const bundle = pathToFileURL(join(import.meta.dirname, "../../dist/functions", `${name}.mjs`)).href;

/** The bound for an answer at 5,000 nodes: told beside the time, which is the machine's. */
const wantedMs = 300;

const measured = z.object({
  widget: z.enum(widgetNames),
  bytes: z.number(),
  ms: z.number(),
  cpuMs: z.number(),
  requests: z.number(),
});
const told = z.object({ widgets: z.array(measured), peakMb: z.number() });
export type Told = z.infer<typeof told>;

/** What the process does that the bundle is loaded in: each widget twice unmeasured, then so often measured. */
const program = (repeats: number): string => `
const { handler } = await import(${JSON.stringify(bundle)});
const context = { invokedFunctionArn: "arn:aws:lambda:eu-central-1:000000000000:function:read", getRemainingTimeInMillis: () => 29_000 };
const served = () => fetch(process.env.AWS_ENDPOINT_URL_DYNAMODB + "/served").then((answer) => answer.json());
const middle = (all) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)];
const widgets = [];
for (const widget of ${JSON.stringify(widgetNames)}) {
  const event = { widget, node: ${JSON.stringify(nodeName(3))}, widgetContext: { theme: "dark", width: 1400 } };
  for (const _ of [1, 2]) await handler(event, context);
  const before = await served();
  const times = [], cpu = [];
  let answer = "";
  for (let run = 0; run < ${repeats}; run += 1) {
    const [from, used] = [performance.now(), process.cpuUsage()];
    answer = await handler(event, context);
    const { user, system } = process.cpuUsage(used);
    times.push(performance.now() - from);
    cpu.push((user + system) / 1000);
  }
  const requests = ((await served()) - before) / ${repeats};
  widgets.push({ widget, bytes: Buffer.byteLength(JSON.stringify(answer)), ms: middle(times), cpuMs: middle(cpu), requests });
}
console.log(JSON.stringify({ widgets, peakMb: process.resourceUsage().maxRSS / 1024 }));
process.exit(0);
`;

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

/** Asks the database once for each question, and gives the same answer from then on. */
async function remembering(endpoint: string) {
  const answers = new Map<string, Promise<Buffer>>();
  let served = 0;
  const server = createServer(async (request, response) => {
    if (request.url === "/served") return void response.end(String(served));
    served += 1;
    const body = await bodyOf(request);
    const target = String(request.headers["x-amz-target"]);
    const question = createHash("sha256").update(target).update(body).digest("hex");
    const ask = async () => {
      const { authorization = "", "x-amz-date": date = "" } = request.headers;
      const answer = await fetch(endpoint, {
        method: "POST",
        headers: {
          authorization,
          "x-amz-date": String(date),
          "x-amz-target": target,
          "content-type": "application/x-amz-json-1.0",
        },
        body: new Uint8Array(body),
      });
      return Buffer.from(await answer.arrayBuffer());
    };
    const known = answers.get(question) ?? ask();
    answers.set(question, known);
    response.setHeader("content-type", "application/x-amz-json-1.0");
    response.end(await known);
  });
  const port = await listenOn(server, 0);
  return { endpoint: `http://127.0.0.1:${port}`, stop: () => server.close() };
}

async function run(endpoint: string, table: string, repeats: number): Promise<Told> {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program(repeats)], {
    env: { ...environmentOf(name), TABLE_NAME: table, AWS_ENDPOINT_URL_DYNAMODB: endpoint },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  for await (const part of child.stdout) said += String(part);
  return told.parse(JSON.parse(said.trim().split("\n").at(-1) ?? ""));
}

async function measure(nodes: number, repeats: number): Promise<Told> {
  const database = await startDynamoDb();
  const direct = process.env["AWS_ENDPOINT_URL_DYNAMODB"] ?? "";
  const proxy = await remembering(direct);
  try {
    await storeWith(nodes, "systemd[1]: Started Getty on tty1", dynamoStore(database));
    return await run(proxy.endpoint, database.table, repeats);
  } finally {
    proxy.stop();
    database.stop();
  }
}

export const operators: Bench = {
  name: "console",
  measures:
    "what the operators' widgets take at 20, 400 and 5,000 nodes: bytes, time, processor, memory, requests",
  run: async ({ short, say }) => {
    const runs: { readonly nodes: number; readonly told: Told }[] = [];
    for (const nodes of [20, 400, 5_000]) {
      say(`console: ${nodes} nodes`);
      runs.push({ nodes, told: await measure(nodes, short ? 3 : 15) });
    }
    const { memoryMb } = functions[name];
    return {
      figures: { runs },
      tables: [
        {
          title: `One widget's answer, the function warm (wanted: less than ${wantedMs} ms at 5,000 nodes)`,
          columns: [
            "nodes",
            "widget",
            "KB",
            "ms, median",
            "processor ms",
            "requests to DynamoDB",
            "function's memory at most, MB",
          ],
          rows: runs.flatMap(({ nodes, told: { widgets, peakMb } }) =>
            widgets.map((each): Figure[] => [
              nodes,
              each.widget,
              Math.ceil(each.bytes / 1024),
              rounded(each.ms, 0),
              rounded(each.cpuMs, 0),
              rounded(each.requests, 1),
              rounded(peakMb, 0),
            ]),
          ),
        },
      ],
      checks: runs.flatMap(({ nodes, told: { widgets, peakMb } }): Check[] => [
        atMost(`${nodes} nodes: MB that the function has taken`, rounded(peakMb, 0), memoryMb / 2),
        ...widgets.map(({ widget, bytes }) =>
          atMost(`${nodes} nodes, ${widget}: bytes of its answer`, bytes, mostWidgetBytes),
        ),
        ...widgets.map(({ widget, requests }) =>
          atMost(`${nodes} nodes, ${widget}: requests to DynamoDB`, rounded(requests, 1), 40),
        ),
      ]),
    };
  },
};
