/** The console as `npm start` serves it, over a store in memory, and a browser that looks at it. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { actByWidget, drawWidget } from "../../functions/runtime/widgets.ts";
import type { App } from "../../lib/app/app.ts";
import { outbox } from "../../lib/app/outbox.ts";
import { actingFunction, readingFunction } from "../../lib/contracts/dashboard.ts";
import type { Theme } from "../../lib/contracts/widget.ts";
import { defaultPolicy } from "../../lib/core/correction/policy.ts";
import { shipped } from "../../lib/core/provisioning/registry.ts";
import { consolePath, consoleRoutes } from "../../lib/local/console/routes.ts";
import { listenOn } from "../../lib/local/http.ts";
import { audience, issuerPath, issuerRoutes } from "../../lib/local/issuer.ts";
import { startHttpApi } from "../../lib/local/lambda/http-api.ts";
import { functionArn } from "../../lib/local/lambda/triggers.ts";
import { memoryFleet } from "../../lib/local/memory/fleet.ts";
import { memoryHands } from "../../lib/local/memory/hands.ts";
import { memoryQueue } from "../../lib/local/memory/queue.ts";
import type { Store } from "../../lib/ports/store.ts";
import { now } from "./fleets.ts";

export interface Console {
  readonly url: string;
  /** What the reading function has answered, by widget. */
  readonly answers: Map<string, string>;
  /** How often the acting function was called. */
  acted: number;
  stop(): Promise<void>;
}

const endpoints = { read: functionArn(readingFunction), act: functionArn(actingFunction) };

export async function serveConsole(store: Store): Promise<Console> {
  const clock = { now: () => now };
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const sending = { hands: memoryHands([]), queue: memoryQueue(), clock, log };
  const ids = { next: (prefix: string) => `${prefix}-1` };
  const shared = { ...sending, store, ids, policy: defaultPolicy, modules: shipped };
  const app: App = { ...shared, outbox: outbox(sending) };
  const reading = { ...app, fleet: memoryFleet(store) };
  const folder = mkdtempSync(join(tmpdir(), "rackwright-console-"));
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}${issuerPath}`;
  const answers = new Map<string, string>();
  const stopApi = await startHttpApi({
    port,
    authorizer: { issuer, audience },
    routes: [
      ...consoleRoutes([
        {
          name: readingFunction,
          timeoutMs: 30_000,
          handler: async (event) => {
            const answer = await drawWidget(reading, event, endpoints);
            answers.set(String(Object.entries(event ?? {}).find(([name]) => name === "widget")?.[1]), answer);
            return answer;
          },
        },
        {
          name: actingFunction,
          timeoutMs: 30_000,
          handler: (event, context) => {
            served.acted += 1;
            return actByWidget(app, event, {
              request: context.awsRequestId,
              leftMs: () => context.getRemainingTimeInMillis(),
            });
          },
        },
      ]),
      ...(await issuerRoutes(issuer, join(folder, "issuer.json"))),
    ],
  });
  const served: Console = {
    url: `http://127.0.0.1:${port}${consolePath}`,
    answers,
    acted: 0,
    stop: async () => {
      await stopApi();
      rmSync(folder, { recursive: true });
    },
  };
  return served;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenOn(server, 0);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Debian's, unless another one is named. */
export const startBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: ["--no-sandbox"],
  });

/** The dashboard, all of it drawn. */
export async function openConsole(browser: Browser, url: string, theme: Theme): Promise<Page> {
  const page = await browser.newPage({ colorScheme: theme, viewport: { width: 1440, height: 900 } });
  await page.goto(url);
  await page.locator("html[data-drawn]").waitFor();
  return page;
}

/**
 * Every visible text whose contrast with what lies behind it is less than WCAG 2.2 wants (1.4.3: 4.5, or 3 where it is
 * large), as `ratio: text`. A program for the browser.
 */
export const tooFaint = `(() => {
  const channel = (value) => (value <= 10.31475 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const parse = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return [r, g, b, a]; };
  const over = ([r, g, b, a], [x, y, z]) => [r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a), 1];
  const up = (element) => element.assignedSlot ?? element.parentElement ?? element.getRootNode().host ?? null;
  const ground = (element) => {
    const layers = [];
    for (let each = element; each !== null && each !== undefined; each = up(each)) layers.push(parse(getComputedStyle(each).backgroundColor));
    return layers.reduceRight((below, layer) => over(layer, below), [255, 255, 255, 1]);
  };
  const roots = [document, ...[...document.querySelectorAll("*")].map((each) => each.shadowRoot).filter((root) => root !== null)];
  const seen = [];
  const faint = [];
  for (const root of roots) for (const element of root.querySelectorAll("*")) {
    const own = [...element.childNodes].some((child) => child.nodeType === 3 && child.data.trim() !== "");
    if (!own || element.localName === "style" || element.localName === "script" || element.getClientRects().length === 0) continue;
    if (element.closest("svg") !== null || element.localName === "option") continue;
    const style = getComputedStyle(element);
    const behind = ground(element);
    const [a, b] = [luminance(over(parse(style.color), behind)), luminance(behind)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    seen.push(ratio);
    if (ratio < (large ? 3 : 4.5)) faint.push(ratio.toFixed(2) + ": " + element.textContent.trim().slice(0, 40));
  }
  return { seen: seen.length, faint };
})()`;
