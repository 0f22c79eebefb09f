/** The operators' console in a browser: every widget, at every size, by mouse and by keyboard, with hostile names. */
import { mkdirSync } from "node:fs";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { actingFunction, dashboardWidgets, readingFunction } from "../../lib/contracts/dashboard.ts";
import { operations } from "../../lib/contracts/operate.ts";
import { mostWidgetBytes, themes, widgetNames } from "../../lib/contracts/widget.ts";
import { tokenFrom } from "../../lib/local/issuer.ts";
import { functionArn } from "../../lib/local/lambda/triggers.ts";
import type { Store } from "../../lib/ports/store.ts";
import { hostile, nodeName, storeWith } from "./fleets.ts";
import { type Console, openConsole, serveConsole, startBrowser, tooFaint } from "./host.ts";

/** `RACKWRIGHT_SCREENSHOTS=1 npm run test:console` writes docs/images anew; else a run leaves the tree as it was. */
const keepsScreenshots = process.env["RACKWRIGHT_SCREENSHOTS"] === "1";

let browser: Browser;
const pages: Page[] = [];

beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());
afterEach(async () => {
  for (const page of pages.splice(0)) await page.close();
});

const open = async (url: string, theme: (typeof themes)[number] = "light"): Promise<Page> => {
  const page = await openConsole(browser, url, theme);
  pages.push(page);
  return page;
};

async function picture(of: Page | Locator, name: string): Promise<void> {
  mkdirSync("docs/images", { recursive: true });
  await of.screenshot({ path: `docs/images/${name}.png` });
}

/** Whoever uses a dashboard can draw a widget taller: as tall as what is in it. */
const drawnWhole = (page: Page, title: string) =>
  page.addStyleTag({ content: `[aria-label="${title}"]{height:max-content;z-index:1}` });

describe.runIf(keepsScreenshots)("the pictures of the documentation", () => {
  const shown = async (nodes: number, show: (url: string) => Promise<void>) => {
    const served = await serveConsole(await storeWith(nodes, "systemd[1]: Started Getty on tty1"));
    await show(served.url);
    await served.stop();
  };

  /** As tall as the first two rows of widgets. */
  const viewport = { width: 1440, height: 1155 };

  test("the dashboard of a small lab, in the dark, and one node's story", () =>
    shown(27, async (url) => {
      const page = await open(url, "dark");
      await page.setViewportSize(viewport);
      await picture(page, "console-small-dark");
      await widget(page, "fleet")
        .getByRole("button", { name: nodeName(3) })
        .click();
      await page
        .getByRole("dialog")
        .getByRole("heading", { name: nodeName(3) })
        .waitFor();
      await picture(page.getByRole("dialog", { name: "What a widget shows" }), "console-node-dark");
      await page.keyboard.press("Escape");
      await picture(page.getByRole("region", { name: "Reservations" }), "console-reservations-dark");
    }));

  test("five thousand nodes, by day", () =>
    shown(5000, async (url) => {
      const page = await open(url);
      const fleet = page.getByRole("region", { name: "Fleet" });
      await drawnWhole(page, "Fleet");
      await picture(fleet, "console-5000-light");
    }));
});

const widget = (page: Page, name: string) => page.locator(`[data-widget="${name}"]`);

describe.each([20, 400, 5000])("with %i nodes", (nodes) => {
  let served: Console;
  beforeAll(async () => {
    served = await serveConsole(await storeWith(nodes));
  });
  afterAll(() => served.stop());

  test.each(themes)("every widget is drawn, and can be read, in the %s theme", async (theme) => {
    const page = await open(served.url, theme);
    for (const { widget: name } of dashboardWidgets) {
      await expect.poll(() => widget(page, name).locator(".rw").count()).toBe(1);
      expect(await widget(page, name).getByRole("alert").count()).toBe(0);
    }
    expect(await widget(page, "fleet").locator(".tile, rect").count()).toBe(nodes);
    expect(await page.evaluate(tooFaint)).toEqual({ seen: expect.any(Number), faint: [] });
  });

  test("no widget answers with more than it may", async () => {
    await open(served.url);
    expect([...served.answers.keys()].toSorted()).toEqual(widgetNames.toSorted());
    // As Lambda sends it: a string in JSON.
    for (const [name, answer] of served.answers)
      expect(Buffer.byteLength(JSON.stringify(answer)), name).toBeLessThan(mostWidgetBytes);
  });

  test("one node's story is shown", async () => {
    const page = await open(served.url, "dark");
    if (nodes > 600) {
      await widget(page, "fleet").getByRole("textbox", { name: "Node" }).fill(nodeName(3));
      await widget(page, "fleet").getByRole("button", { name: "Show its story" }).click();
    } else
      await widget(page, "fleet")
        .getByRole("button", { name: nodeName(3) })
        .click();
    const story = page.getByRole("dialog", { name: "What a widget shows" });
    await story.getByRole("heading", { name: nodeName(3) }).waitFor();
    expect(await story.getByRole("img", { name: /no progress: over by/ }).count()).toBe(1);
    expect(await story.getByRole("img", { name: /overall: .* left/ }).count()).toBe(1);
    expect(await story.locator(".rw").textContent()).toContain("systemd:1 blocked for more than 120 seconds");
    expect(await page.evaluate(tooFaint)).toEqual({ seen: expect.any(Number), faint: [] });
  });
});

describe("a button that acts", () => {
  let served: Console;
  let store: Store;
  const late = nodeName(3);
  beforeAll(async () => {
    store = await storeWith(20);
    served = await serveConsole(store);
  });
  afterAll(() => served.stop());

  const press = async (page: Page, label: string) => {
    const group = widget(page, "attention").getByRole("group", { name: `Actions on ${late}` });
    await group.getByRole("button", { name: label }).click();
    return page.getByRole("dialog", { name: new RegExp(`^${label}`, "i") });
  };

  test.each(["look-again", "power-cycle", "reload", "quarantine", "offline"] as const)(
    "stands beside a late node, and says what comes of it before it does it: %s",
    async (action) => {
      const { title, effect } = operations[action];
      const page = await open(served.url);
      const dialog = await press(page, title);
      expect(await dialog.textContent()).toContain(`${title} ${late}? ${effect}`);
      await dialog.getByRole("button", { name: "Cancel" }).click();
      expect(served.acted).toBe(0);
    },
  );

  test("stands beside a quarantined node too: it is released", async () => {
    const page = await open(served.url);
    const quarantined = nodeName(5);
    await widget(page, "attention").getByLabel("Reason").fill("its fan was changed");
    const group = widget(page, "attention").getByRole("group", { name: `Actions on ${quarantined}` });
    await group.getByRole("button", { name: "Release" }).click();
    await page
      .getByRole("dialog", { name: /^Release/ })
      .getByRole("button", { name: "Confirm" })
      .click();
    await page.getByRole("status").getByText(quarantined).waitFor();
    expect((await store.read("node", quarantined))?.provision.state).not.toBe("quarantined");
  });

  test("needs no mouse: the reason, the button and the confirmation by keyboard alone", async () => {
    const page = await open(served.url);
    await widget(page, "attention").getByLabel("Reason").focus();
    await page.keyboard.type("looked at by hand");
    const focused = widget(page, "attention").locator("button:focus");
    do await page.keyboard.press("Tab");
    while ((await focused.count()) === 0 || (await focused.textContent()) !== "Quarantine");
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: /^Quarantine/ });
    await dialog.waitFor();
    const before = served.acted;
    const chosen = dialog.locator("button:focus");
    while ((await chosen.textContent()) !== "Confirm") await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByText(/^Request /).waitFor();
    expect(served.acted).toBe(before + 1);
    const issues = await store.issues(late);
    expect(issues.some(({ fault }) => fault.message.includes("looked at by hand"))).toBe(true);
  });

  test("asks first, and does nothing when it is refused", async () => {
    const page = await open(served.url);
    const dialog = await press(page, "Take offline");
    expect(await dialog.textContent()).toContain(`Take offline ${late}?`);
    const before = served.acted;
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await dialog.waitFor({ state: "hidden" });
    expect(served.acted).toBe(before);
    expect((await store.read("node", late))?.administrative.state).toBe("online");
  });

  test("wants to know why", async () => {
    const page = await open(served.url);
    const dialog = await press(page, "Take offline");
    await dialog.getByRole("button", { name: "Confirm" }).click();
    await page.getByRole("status").getByText("Say why in the field Reason").waitFor();
    expect((await store.read("node", late))?.administrative.state).toBe("online");
  });

  test("does it, with the reason and the request in the timeline", async () => {
    const page = await open(served.url);
    await widget(page, "attention").getByLabel("Reason").fill(`smells of smoke ${hostile}`);
    const dialog = await press(page, "Take offline");
    await dialog.getByRole("button", { name: "Confirm" }).click();
    await page.getByRole("status").getByText(`node ${late} is offline`).waitFor();
    const node = await store.read("node", late);
    expect(node?.administrative).toMatchObject({ state: "offline", actor: { kind: "operator" } });
    expect(node?.administrative.reason).toContain("smells of smoke");
    const shown = await page.getByText(/^Request /).textContent();
    expect(shown).toContain(node?.administrative.actor.name.replace("console ", ""));
    await page.getByRole("button", { name: "Close" }).click();
    await page.getByRole("button", { name: "Refresh now" }).click();
    const group = widget(page, "attention").getByRole("group", { name: `Actions on ${late}` });
    await group.getByRole("button", { name: "Release" }).waitFor();
  });
});

describe("whoever looks", () => {
  let served: Console;
  beforeAll(async () => {
    served = await serveConsole(await storeWith(20));
  });
  afterAll(() => served.stop());

  test("reads hostile names as text: nothing of them runs, or becomes part of the page", async () => {
    const page = await open(served.url);
    await widget(page, "fleet")
      .getByRole("button", { name: nodeName(3) })
      .click();
    const story = page.getByRole("dialog", { name: "What a widget shows" });
    await story.getByText(hostile).first().waitFor();
    expect(await widget(page, "reservations").locator(".rw").textContent()).toContain(hostile);
    expect(await widget(page, "attention").locator(".rw").textContent()).toContain(hostile);
    expect(await page.title()).toBe("Rackwright: console");
    expect(await page.locator("main img, dialog img").count()).toBe(0);
  });

  test("needs no mouse: by Tab and Enter to a node's story, by Escape back", async () => {
    const page = await open(served.url);
    await page.getByRole("button", { name: "Dark theme" }).focus();
    await page.keyboard.press("Tab");
    const focused = widget(page, "fleet").locator("button:focus");
    expect(await focused.textContent()).toContain(nodeName(0));
    await page.keyboard.press("Enter");
    const story = page.getByRole("dialog", { name: "What a widget shows" });
    await story.getByRole("heading", { name: nodeName(0) }).waitFor();
    await page.keyboard.press("Escape");
    await story.waitFor({ state: "hidden" });
    expect(await focused.textContent()).toContain(nodeName(0));
  });

  test("asks for a node by name, is told when there is none, and a refresh begins anew", async () => {
    const page = await open(served.url);
    const one = widget(page, "node");
    await one.getByRole("textbox", { name: "Node" }).fill("nobody<b>");
    await one.getByRole("button", { name: "Show" }).click();
    await one.getByText("There is no node nobody<b>.").waitFor();
    await one.getByRole("textbox", { name: "Node" }).fill(nodeName(0));
    await one.getByRole("button", { name: "Show" }).click();
    await one.getByRole("heading", { name: nodeName(0) }).waitFor();
    await page.getByRole("button", { name: "Refresh now" }).click();
    await one.getByText("Its timeline, its current step").waitFor();
  });

  test("gets no answer without a token, and none of a function that is not the console's", async () => {
    const ask = (endpoint: string, token: string | null) =>
      fetch(`${served.url}/invoke`, {
        method: "POST",
        headers: token === null ? {} : { authorization: `Bearer ${token}` },
        body: JSON.stringify({ endpoint, event: { widget: "labs" } }),
      });
    expect((await ask(functionArn(readingFunction), null)).status).toBe(401);
    expect((await ask(functionArn(actingFunction), "wrong")).status).toBe(401);
    const token = await tokenFrom(new URL(served.url).origin, "ada", ["operator"]);
    expect((await ask(functionArn(readingFunction), token)).status).toBe(200);
    expect((await ask(functionArn("jobs"), token)).status).toBe(404);
  });
});

describe("the host does with an answer what the dashboard does", () => {
  test("scripts, frames and handlers are taken out, and what is left is shown", async () => {
    const served = await serveConsole(await storeWith(20));
    try {
      const page = await open(served.url);
      await page.route("**/console/invoke", (route) =>
        route.fulfill({
          json: `<p onclick="document.title='owned'">kept</p><script>document.title='owned'</script><iframe src="/"></iframe><svg><use href="#x"/></svg><a href="javascript:document.title='owned'">link</a>`,
        }),
      );
      await page.getByRole("button", { name: "Refresh now" }).click();
      const fleet = widget(page, "fleet");
      await fleet.getByText("kept").click();
      await fleet.getByText("link").click();
      expect(await fleet.locator("script, iframe, use, [onclick], [href]").count()).toBe(0);
      expect(await page.title()).toBe("Rackwright: console");
    } finally {
      await served.stop();
    }
  });
});
