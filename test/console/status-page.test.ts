import { describe, expect, test } from "vitest";
import { statusPage } from "../../lib/console/status-page.ts";
import { palettes } from "../../lib/console/status-style.ts";
import type { NodeView } from "../../lib/contracts/views.ts";
import { openPage } from "./fake-dom.ts";
import { entry, job, node, now, reservation } from "./views.ts";

const open = (nodes: readonly NodeView[], reservations = [reservation("course")]) =>
  openPage(statusPage({ tokenPath: null, now, nodes, reservations }));

describe("the status page tells what a node is doing", () => {
  test.each<[string, Partial<NodeView>, string]>([
    ["at rest", {}, "run for 3 h"],
    [
      "in a phase with a time limit",
      { state: "configuring", phase: { name: "kernel", since: now - 12_000 }, job: job() },
      "kernel for 12 s, of at most 10 min",
    ],
    [
      "in a step that has no phase of its own",
      { state: "loading", phase: { name: "off", since: now - 90_000 }, job: job({ step: "power-on" }) },
      "power-on for 14 s, of at most 10 min",
    ],
    [
      "while a command is under way",
      { state: "loading", job: job({ step: "power-on", command: "c-1", until: now + 16_000 }) },
      "power-on for 14 s, asked again in 16 s",
    ],
    [
      "when it is late",
      {
        state: "configuring",
        phase: { name: "init", since: now - 10_000 },
        job: job({ until: now - 4_000 }),
      },
      "init for 10 s, late by 4 s",
    ],
    [
      "while it is repaired",
      {
        state: "loading",
        phase: { name: "kernel", since: now - 700_000 },
        job: job({ correcting: "power-cycle", command: "c-1" }),
      },
      "hangs in kernel: being power-cycled",
    ],
    [
      "while an operator keeps it",
      {
        administrative: {
          state: "offline",
          reason: "memory test",
          since: now - 3_600_000,
          by: "operator ada",
          handsOffAt: now,
        },
        job: job(),
      },
      "offline for 60 min",
    ],
    [
      "while nothing is known of it",
      { state: "maintenance", phase: { name: "unknown", since: now - 5_000 } },
      "maintenance for 2 h",
    ],
  ])("%s", (_when, change, words) => {
    const [doing] = open([node("node-01", change)])
      .tile("node-01")
      .withClass("doing");
    expect(doing?.textContent).toBe(words);
  });

  test("with what it awaits, the attempt, and its corrective reboots", () => {
    const tile = open([
      node("node-01", { state: "loading", job: job({ attempt: 2 }), correctiveReboots: 1 }),
    ]).tile("node-01");
    expect(tile.textContent).toContain("awaits the operating system's word that it runs");
    expect(tile.withClass("mark").map((mark) => mark.textContent)).toEqual([
      "attempt 2",
      "1 corrective reboot",
    ]);
  });

  test("with a bar while bytes are written", () => {
    const tile = open([
      node("node-01", { state: "loading", job: job({ doneBytes: 350e6, totalBytes: 700e6 }) }),
    ]).tile("node-01");
    const bar = tile.all().find((each) => each.getAttribute("role") === "progressbar");
    expect(bar?.getAttribute("aria-valuenow")).toBe("50");
    expect(tile.textContent).toContain("350 MB of 700 MB");
  });
});

describe("the status page shows a lab at one glance", () => {
  const quarantined = node("node-03", { state: "quarantined", fault: "its BMC does not answer" });
  const hanging = node("node-02", { state: "loading", job: job({ correcting: "reset", command: "c" }) });

  test("counts by state", () => {
    const page = open([node("node-01"), hanging, quarantined, node("node-04")]);
    expect(page.byId("counts").textContent).toBe("2 available1 loading1 quarantined");
  });

  test("what needs attention stands first, worst first, with its reason", () => {
    const page = open([
      node("node-04", {
        administrative: {
          state: "offline",
          reason: "memory test",
          since: now,
          by: "operator ada",
          handsOffAt: now,
        },
      }),
      hanging,
      quarantined,
      node("node-01"),
    ]);
    const names = page.byId("attention").withClass("name");
    expect(names.map((name) => name.textContent)).toEqual(["node-03", "node-02", "node-04"]);
    for (const reason of ["its BMC does not answer", "being reset", "memory test"])
      expect(page.byId("attention").textContent).toContain(reason);
    expect(page.document.title).toBe("(3) Rackwright");
    expect(open([node("node-01")]).byId("attention").textContent).toBe("Nothing needs attention.");
  });

  test("nodes stand in the rack that their tags name, in the order of their numbers", () => {
    const page = open([
      node("node-10", { tags: ["nvme", "rack-a"] }),
      node("node-9", { tags: ["rack-a"] }),
      node("node-1", { tags: ["rack-b"] }),
    ]);
    const racks = page.byId("racks").withClass("rack");
    expect(racks.map((rack) => rack.withClass("tile").map((tile) => tile.getAttribute("data-node")))).toEqual(
      [["node-9", "node-10"], ["node-1"]],
    );
    expect(racks[0]?.textContent).toContain("blue rack-a 2 nodes");
  });

  test("three hundred nodes are all there, each once", () => {
    const ids = Array.from({ length: 300 }, (_, index) => `node-${index + 1}`);
    const tiles = open(ids.map((id) => node(id)))
      .byId("racks")
      .withClass("tile");
    expect(tiles.map((tile) => tile.getAttribute("data-node"))).toEqual(ids);
  });

  test("a reservation has its state, owner, nodes, cause, and how to connect", () => {
    const held = node("node-01", { state: "in-use", reservation: "course" });
    const handedOver = reservation("course", {
      state: "reserved",
      nodes: [held],
      readyAt: now - 10_000,
      connections: [
        { role: null, node: "node-01", address: "10.20.1.1", user: "ada" },
        { role: null, node: "node-02", address: "127.0.0.1:2222", user: "ada" },
        { role: null, node: "node-03", address: "fd00::11", user: "ada" },
      ],
    });
    const failed = reservation("other", {
      state: "failed",
      endedAt: now - 1000,
      cause: { code: "not-ready", message: "its nodes were not ready within 3 h" },
    });
    const page = open([held], [failed, handedOver]);
    const [first, second] = page.byId("reservations").withClass("card");
    for (const words of ["course", "ada", "reserved", "node-01", "handed over 10 s ago, ends in 59 min"])
      expect(first?.textContent).toContain(words);
    const codes = first?.all().filter(({ nodeName }) => nodeName === "CODE") ?? [];
    expect(codes.map((code) => code.textContent)).toEqual([
      "ssh ada@10.20.1.1",
      "ssh -p 2222 ada@127.0.0.1",
      "ssh ada@fd00::11",
    ]);
    expect(second?.textContent).toContain("its nodes were not ready within 3 h");
  });

  test("a count that is pressed picks out its nodes, and pressed again lets them go", () => {
    const page = open([node("node-01"), quarantined]);
    const pick = () => {
      const [, button] = page.byId("counts").withClass("count");
      if (button !== undefined) page.click(button);
      return page.byId("racks").getAttribute("data-only");
    };
    expect(pick()).toBe("quarantined");
    expect(pick()).toBe("");
  });
});

describe("whatever a node, an owner or a reason is called, it is text:", () => {
  const nasty = `</script><script>alert("1")</script><!--<script>&lt;b onload='x' \u2028\u202e]]>`;
  const viewsWith = (name: string) => {
    const held = node(name, {
      tags: [`rack-${name}`, name],
      lab: name,
      state: "quarantined",
      fault: name,
      reservation: name,
      administrative: { state: "offline", reason: name, since: now, by: "operator ada", handsOffAt: now },
      job: job({ step: name, awaits: name }),
    });
    const connections = [{ node: name, role: null, address: name, user: name }];
    const cause = { code: name, message: name };
    const taken = reservation(name, { owner: name, image: name, nodes: [held], connections, cause });
    return { now, tokenPath: null, nodes: [held], reservations: [taken] };
  };
  const tagsOf = (page: string) => page.match(/<[!/a-z][^>]*>/gi);

  test("the page has the same tags as one with harmless names", () => {
    const harmless = tagsOf(statusPage(viewsWith("harmless")));
    expect(harmless?.length).toBeGreaterThan(30);
    expect(tagsOf(statusPage(viewsWith(nasty)))).toEqual(harmless);
  });

  test("the script makes the same elements, and shows the name as it is", () => {
    const shapeOf = (name: string) => {
      const page = openPage(statusPage(viewsWith(name)), {}, `#${encodeURIComponent(name)}`);
      return { page, shape: page.body.all().map(({ nodeName }) => nodeName) };
    };
    const { page, shape } = shapeOf(nasty);
    expect(shape).toEqual(shapeOf("harmless").shape);
    expect(shape).not.toContain("SCRIPT");
    expect(page.tile(nasty).withClass("name")[0]?.textContent).toBe(nasty);
    for (const element of page.body.all()) {
      expect(element.getAttribute("href") ?? "/v1/nodes/").toMatch(/^\/v1\/nodes\//);
      for (const { name } of element.attributes) expect(name).not.toMatch(/^on/);
    }
  });
});

describe("the status page stands alone:", () => {
  const page = statusPage({
    tokenPath: null,
    now,
    nodes: [node("node-01", { state: "loading", job: job() })],
    reservations: [
      reservation("course", {
        connections: [{ role: null, node: "node-01", address: "10.20.1.1", user: "ada" }],
      }),
    ],
  });

  test("it loads nothing from elsewhere, and tells the browser to allow nothing else", () => {
    expect(page).not.toMatch(/https?:\/\/|@import|url\(|\ssrc=/);
    expect([...page.matchAll(/href="([^"]*)"/g)].map(([, target]) => target)).toEqual(["data:,"]);
    expect(page).toContain("default-src 'none'");
  });

  test("without a script it still tells of every node and every reservation", () => {
    const plain = [...page.matchAll(/<noscript>([\s\S]*?)<\/noscript>/g)].map(([, text]) => text).join("");
    for (const words of ["node-01", "loading for 2 h", "at most 10 min more", "course", "ada@10.20.1.1"])
      expect(plain).toContain(words);
  });

  test("everything on it can be read, by day and by night: a contrast of 4.5 or more", () => {
    const channel = (hex: string) => {
      const share = Number.parseInt(hex, 16) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    };
    const luminance = (colour: string) =>
      0.2126 * channel(colour.slice(1, 3)) +
      0.7152 * channel(colour.slice(3, 5)) +
      0.0722 * channel(colour.slice(5, 7));
    for (const { grounds, inks } of [palettes.light, palettes.dark]) {
      for (const ground of Object.values(grounds)) {
        for (const [name, ink] of Object.entries(inks)) {
          const [high = 0, low = 0] = [luminance(ground), luminance(ink)].sort((a, b) => b - a);
          expect((high + 0.05) / (low + 0.05), `${name} on ${ground}`).toBeGreaterThanOrEqual(4.5);
        }
      }
    }
  });
});

describe("while somebody looks, the status page", () => {
  const views = {
    now,
    tokenPath: null,
    nodes: [node("node-01"), node("node-02")],
    reservations: [reservation("course")],
  };

  test("reads nodes and reservations anew, page after page, and draws them", async () => {
    const page = openPage(statusPage(views), {
      "/v1/nodes": { nodes: [node("node-01", { state: "reserved" })], next: "a b" },
      "/v1/nodes?next=a%20b": { nodes: [node("node-02"), node("node-03")], next: null },
      "/v1/reservations": { reservations: [], next: null },
    });
    const tile = page.tile("node-01");
    await page.tick();
    expect(page.byId("counts").textContent).toBe("2 available1 reserved");
    expect(page.byId("reservations").textContent).toBe("Nobody has reserved anything.");
    expect(page.tile("node-01"), "the element stays, and with it the focus").toBe(tile);
    await page.tick();
    expect(page.asked).toHaveLength(6);
  });

  test("keeps what it knows when the API does not answer, says so, and tries again", async () => {
    const page = openPage(statusPage(views));
    await page.tick();
    expect(page.byId("live").textContent).toContain("no answer");
    expect(page.byId("racks").withClass("tile")).toHaveLength(2);
    page.answers["/v1/nodes"] = { nodes: [node("node-09")], next: null };
    page.answers["/v1/reservations"] = { reservations: [], next: null };
    await page.tick();
    expect(page.byId("live").textContent).toBe("live");
    expect(page.tile("node-09").textContent).toContain("node-09");
  });

  test("asks nothing while it is hidden", async () => {
    const page = openPage(statusPage(views));
    page.document.hidden = true;
    await page.tick();
    expect(page.asked).toEqual([]);
  });
});

describe("the story of a node", () => {
  const told = node("node-01", { version: 302 });
  const timeline = (after: number) => `/v1/nodes/node-01/timeline?after=${after}`;
  const entriesFrom = (first: number, last: number) =>
    Array.from({ length: last - first + 1 }, (_, index) => entry(first + index));
  const last = entry(302, {
    from: "loading",
    to: "configuring",
    why: "bits verified and booted",
    evidence: "sha256 of the disk\n<b>kernel</b>",
    actor: { kind: "agent", name: "mi-0123456789abcdef0" },
    correction: "power-cycle",
    attempt: 2,
  });
  const answers = () => ({
    [timeline(202)]: { entries: [...entriesFrom(203, 301), last], next: 302 },
    [timeline(102)]: { entries: entriesFrom(103, 202), next: 202 },
    "/v1/nodes": { nodes: [told], next: null },
    "/v1/reservations": { reservations: [], next: null },
  });
  const page = () =>
    openPage(statusPage({ tokenPath: null, now, nodes: [told], reservations: [] }), answers());

  test("is told when the node is pressed: who, from where to where, why, on what evidence, the latest first", async () => {
    const opened = page();
    expect(opened.byId("story").hidden).toBe(true);
    opened.click(opened.tile("node-01"));
    expect(opened.location.hash).toBe("node-01");
    await opened.follow("#node-01");
    expect(opened.asked).toEqual([timeline(202)]);
    expect(opened.byId("story").hidden).toBe(false);
    const [, latest] = opened
      .byId("story")
      .all()
      .filter(({ nodeName }) => nodeName === "LI");
    for (const words of [
      "agent mi-0123456789abcdef0",
      "loading → configuring",
      "bits verified and booted",
      "<b>kernel</b>",
      "power-cycle",
      "attempt 2",
      "1 s later",
    ])
      expect(latest?.textContent).toContain(words);
    expect(
      latest
        ?.all()
        .find(({ nodeName }) => nodeName === "TIME")
        ?.getAttribute("datetime"),
    ).toBe(new Date(last.at).toISOString());
    await opened.follow("");
    expect(opened.byId("story").hidden).toBe(true);
  });

  test("is read on only when the node has moved, and back when somebody asks for it", async () => {
    const opened = page();
    await opened.follow("#node-01");
    await opened.tick();
    expect(opened.asked.filter((path) => path.includes("timeline"))).toHaveLength(1);

    opened.answers["/v1/nodes"] = { nodes: [{ ...told, version: 303 }], next: null };
    opened.answers[timeline(203)] = { entries: [last, entry(303, { why: "and on it went" })], next: null };
    await opened.tick();
    expect(opened.byId("story").textContent).toContain("and on it went");

    const earlier = opened
      .byId("story")
      .all()
      .find((each) => each.hasAttribute("data-earlier"));
    if (earlier !== undefined) opened.click(earlier);
    await expect.poll(() => opened.byId("story").textContent).toContain("it is the 103. entry");
  });

  test("says so when it cannot be read", async () => {
    const opened = openPage(
      statusPage({ tokenPath: null, now, nodes: [told], reservations: [] }),
      {},
      "#node-01",
    );
    await expect.poll(() => opened.byId("story").textContent).toContain("Its timeline cannot be read");
  });
});
