/** The webhook behind the local event bus: every line, in order, however often it has to be asked. */
import { appendFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { afterEach, expect, test } from "vitest";
import { startWebhook, type Webhook } from "../../lib/local/eventbridge/webhook.ts";
import { listenOn, readBody } from "../../lib/local/http.ts";
import { eventually, temporaryFolder } from "../support/stack.ts";

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function place() {
  const folder = temporaryFolder();
  endings.push(folder.remove);
  const heard: string[] = [];
  const script: number[] = [];
  const server = createServer((request, response) => {
    readBody(request).then((body) => {
      const status = script.shift() ?? 204;
      if (status < 300) heard.push(body ?? "");
      response.writeHead(status).end();
    }, response.destroy);
  });
  const url = `http://127.0.0.1:${await listenOn(server, 0)}/`;
  endings.push(() => server.close());
  endings.push(() => server.closeAllConnections());
  const file = `${folder.path}/events.jsonl`;
  const start = (): Webhook => {
    const webhook = startWebhook({ url, file, positionFile: `${folder.path}/at.json`, waitMs: () => 5 });
    endings.push(() => webhook.stop());
    return webhook;
  };
  return { file, heard, script, start };
}

test("it hears what happens from when it is set, in order, again until it says yes", async () => {
  const { file, heard, script, start } = await place();
  writeFileSync(file, "before\n");
  const webhook = start();
  script.push(204, 500, 503, 200);
  for (const line of ["one", "two", "three"]) {
    appendFileSync(file, `${line}\n`);
    webhook.look();
  }
  await eventually(() => heard.length === 3, "three calls");
  expect(heard).toEqual(["one", "two", "three"]);
});

test("after a restart it goes on where it was", async () => {
  const { file, heard, start } = await place();
  const first = start();
  appendFileSync(file, "one\nhalf a li");
  first.look();
  await eventually(() => heard.length === 1, "the first call");
  await first.stop();
  appendFileSync(file, "ne\nthree\n");
  start();
  await eventually(() => heard.length === 3, "the rest");
  expect(heard).toEqual(["one", "half a line", "three"]);
});
