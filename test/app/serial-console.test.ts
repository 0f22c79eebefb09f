/** Reading a node's console through the API: who may, from when on, and what it costs the lab. */
import { describe, expect, test } from "vitest";
import { enrol } from "../../lib/app/import-lab.ts";
import { ingestReports } from "../../lib/app/ingest-reports.ts";
import { readableFrom, readConsole } from "../../lib/app/serial-console.ts";
import { labNode } from "../../lib/contracts/lab-file.ts";
import { reports } from "../../lib/contracts/report.ts";
import type { ConsoleView } from "../../lib/contracts/views.ts";
import type { Caller } from "../../lib/core/caller.ts";
import { branded, isControllerId, isLabId } from "../../lib/core/ids.ts";
import { after, instant } from "../../lib/core/time.ts";
import { controller, MemoryLab } from "./lab.ts";

const operator: Caller = { name: "grace", email: null, roles: ["operator"] };
const ada: Caller = { name: "ada", email: null, roles: ["user"] };
const bob: Caller = { name: "bob", email: null, roles: ["user"] };

const consoleOfBmc = { driver: "ipmi-sol", address: "10.0.0.1", credential: "bmc/blue" };

interface Opened {
  readonly lab: MemoryLab;
  readonly printed: { at: number; text: string }[];
}

/** A lab of one node with a console, and an agent that has these lines of it. */
async function aLab(): Promise<Opened> {
  const printed: { at: number; text: string }[] = [];
  const lab = await new MemoryLab().open(1);
  const node = labNode.parse({
    id: "node-01",
    macs: ["52:54:00:00:00:00"],
    bmc: { driver: "redfish", address: "https://node-01", credential: "bmc/blue" },
    console: consoleOfBmc,
  });
  await enrol(lab.app, { ...node, lab: branded(isLabId, "blue") }, { kind: "operator", name: "grace" });
  return { lab, printed };
}

const asked = ({ lab }: Opened) =>
  lab.hands.deliveries
    .flatMap(({ commands }) => commands)
    .filter(({ actions }) => actions.every(({ verb }) => verb === "console.tail"));

/** The agent answers the last command that it was given. */
async function tell({ lab, printed }: Opened, from = controller): Promise<readonly string[]> {
  const command = asked({ lab, printed }).at(-1);
  if (command === undefined) throw new Error("nothing was asked");
  const observed = { console: printed.map(({ text }) => text), consoleAt: printed.map(({ at }) => at) };
  const result = {
    ...{ command: command.id, node: command.node, epoch: command.epoch, status: "completed" },
    ...{ startedAt: lab.now, endedAt: lab.now, reason: null },
    results: [{ verb: "console.tail", outcome: "done", observed }],
  };
  const message = { schema: "rackwright.reports/1", controller: from, journal: "0123456789abcdef" };
  const told = reports.parse({ ...message, reports: [{ kind: "command", result }] });
  return (await ingestReports(lab.app, told, `AROA:${from}`)).refused;
}

async function read(
  opened: Opened,
  caller: Caller,
  {
    seen = 0,
    waitMs = 0,
    meanwhile = async () => {},
  }: { seen?: number; waitMs?: number; meanwhile?: () => Promise<unknown> } = {},
): Promise<ConsoleView | "hidden" | "no-console"> {
  const { lab } = opened;
  return readConsole(lab.app, "node-01", {
    seen,
    waitMs,
    sleep: async (span) => {
      lab.now = after(lab.now, span);
      await meanwhile();
    },
    from: (node) => readableFrom(lab.store, node, caller),
  });
}

const linesOf = (view: ConsoleView | string): string[] =>
  typeof view === "string" ? [view] : view.lines.map(({ text }) => text);

describe("whoever reads a console", () => {
  test("R75: has newer lines fetched by a command that says where the node's console is, and waits for them", async () => {
    const opened = await aLab();
    const { lab, printed } = opened;
    const view = await read(opened, operator, {
      waitMs: 20_000,
      meanwhile: async () => {
        if (printed.length > 0) return;
        printed.push({ at: lab.now, text: "Booting from ROM.." });
        await tell(opened);
      },
    });
    expect(linesOf(view)).toEqual(["Booting from ROM.."]);
    expect(asked(opened)[0]?.target.console).toEqual({ ...consoleOfBmc, options: {} });
    const next = await read(opened, operator, { seen: printed[0]?.at ?? 0, waitMs: 1_000 });
    expect(linesOf(next)).toEqual([]);
    expect(next).toMatchObject({ after: printed[0]?.at });
  });

  test("shares one command in some seconds with everybody else who looks: switching machines comes first", async () => {
    const opened = await aLab();
    for (let reader = 0; reader < 50; reader += 1) await read(opened, operator);
    expect(asked(opened)).toHaveLength(1);
    await read(opened, operator, { waitMs: 20_000 });
    expect(asked(opened).length).toBeLessThanOrEqual(6);
  });

  test("changes nothing about the node: no job, no epoch, no entry in its timeline", async () => {
    const opened = await aLab();
    const before = await opened.lab.store.read("node", "node-01");
    await read(opened, operator, { waitMs: 10_000, meanwhile: () => tell(opened) });
    expect(await opened.lab.store.read("node", "node-01")).toEqual(before);
  });

  test("reads each line once, whatever comes twice, late or out of order", async () => {
    const opened = await aLab();
    await read(opened, operator);
    const all = Array.from({ length: 250 }, (_, index) => ({ at: 1_000 + index, text: `line ${index}` }));
    for (const [from, to] of [
      [100, 200],
      [0, 100],
      [150, 250],
      [100, 200],
    ]) {
      opened.printed.splice(0, opened.printed.length, ...all.slice(from, to));
      await tell(opened);
    }
    const lines = linesOf(await read(opened, operator));
    expect(lines).toEqual(all.slice(150).map(({ text }) => text));
  });

  test("of a node whose lab file names no console is told so", async () => {
    const lab = await new MemoryLab().open(1);
    expect(await read({ lab, printed: [] }, operator)).toBe("no-console");
  });

  test("is believed only from a controller of the node's lab", async () => {
    const opened = await aLab();
    await read(opened, operator);
    opened.printed.push({ at: 1, text: "not from here" });
    expect(await tell(opened, branded(isControllerId, "mi-0123456789abcdef9"))).toHaveLength(1);
    expect(linesOf(await read(opened, operator))).toEqual([]);
  });
});

describe("field.md 271: the console of a node is its user's for as long as he has the node", () => {
  const inUse = async () => {
    const opened = await aLab();
    await opened.lab.reserve("r", 1);
    await opened.lab.until(opened.lab.isIn("r", "reserved"));
    return opened;
  };

  test("he reads what came since he got it, and nothing that somebody left before him", async () => {
    const opened = await inUse();
    const { lab, printed } = opened;
    await read(opened, operator);
    printed.push({ at: 1, text: "password of the one before" }, { at: lab.now, text: "his own" });
    await tell(opened);
    expect(linesOf(await read(opened, ada))).toEqual(["his own"]);
    expect(linesOf(await read(opened, operator))).toEqual(["password of the one before", "his own"]);
  });

  test("nobody else does: for him there is no such node", async () => {
    const opened = await inUse();
    expect(await read(opened, bob)).toBe("hidden");
    expect(asked(opened)).toEqual([]);
  });

  test("at the end of the reservation he does not any more, not even in the middle of a question", async () => {
    const opened = await inUse();
    const { lab } = opened;
    let ended = false;
    const view = await read(opened, ada, {
      waitMs: 20_000,
      meanwhile: async () => {
        if (ended) return;
        ended = true;
        await lab.job({ kind: "end", id: "end-r", reservation: "r", reason: "done" });
      },
    });
    expect(view).toBe("hidden");
    expect(await read(opened, ada)).toBe("hidden");
  });

  test("a node that is not anybody's is no user's", async () => {
    const { lab } = await aLab();
    const [free] = await lab.nodes();
    if (free === undefined) throw new Error("there is no node");
    expect(await readableFrom(lab.store, free, ada)).toBeNull();
    expect(await readableFrom(lab.store, free, operator)).toBe(instant(0));
  });
});
