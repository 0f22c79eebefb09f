/** The operators' console as `npm start` serves it: its own functions as they are built, on the embedded stack. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { actingFunction, readingFunction } from "../../lib/contracts/dashboard.ts";
import { widgetNames } from "../../lib/contracts/widget.ts";
import { functionArn } from "../../lib/local/lambda/triggers.ts";
import { Place } from "./main-job.ts";

const here = new Place();
const patience = 120_000;
beforeAll(async () => {
  const run = await here.start("--count", "1");
  await run.until(({ event, to }) => event === "reservation" && to === "reserved");
}, patience);
afterAll(() => here.clean(), patience);

async function invoke(name: string, event: object): Promise<string> {
  const answer = await here.ask("/console/invoke", {
    method: "POST",
    body: JSON.stringify({ endpoint: functionArn(name), event }),
  });
  const told: unknown = await answer.json();
  if (answer.status !== 200 || typeof told !== "string") throw new Error(JSON.stringify(told));
  return told;
}

test("the page is there, and every widget answers with what is stored", async () => {
  expect(await (await fetch(`${here.api}/console`)).text()).toContain("<title>Rackwright: console</title>");
  for (const widget of widgetNames) {
    const markup = await invoke(readingFunction, {
      widget,
      node: "node-01",
      widgetContext: { theme: "dark" },
    });
    expect(markup, widget).toContain('class="rw"');
  }
  expect(await invoke(readingFunction, { widget: "fleet" })).toContain("node-01");
  expect(await invoke(readingFunction, { describe: true })).toContain("## Rackwright");
});

test("a button does what it says, and the timeline has its reason and its request", async () => {
  const [node] = (await here.get<{ nodes: { id: string; state: string }[] }>("/v1/nodes")).nodes.filter(
    ({ state }) => state === "available",
  );
  const event = { action: "offline", node: node?.id, widgetContext: { forms: { all: { reason: "dust" } } } };
  expect(await invoke(actingFunction, event)).toContain(`node ${node?.id} is offline`);
  const { administrative } = await here.get<{
    administrative: { state: string; reason: string; by: string };
  }>(`/v1/nodes/${node?.id}`);
  expect(administrative).toMatchObject({ state: "offline", reason: "dust" });
  expect(administrative.by).toMatch(/^operator console [0-9a-f-]{36}$/);
});
