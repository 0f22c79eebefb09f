/** What the agent hears, keeps and tells of the consoles of its nodes. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Consoles, createConsoles } from "../../lib/agent/consoles/consoles.ts";
import { followLog } from "../../lib/agent/consoles/follow.ts";
import { lineReader } from "../../lib/agent/consoles/lines.ts";
import { look } from "../../lib/agent/consoles/look.ts";
import { take } from "../../lib/agent/take.ts";
import { command } from "../../lib/contracts/command.ts";
import { commandResult } from "../../lib/contracts/report.ts";
import type { Command, CommandResult } from "../../lib/core/command.ts";
import type { Sighting } from "../../lib/core/console/console.ts";
import { shippedPatterns } from "../../lib/core/console/patterns.ts";
import { nodeFault } from "../../lib/core/fault.ts";
import { branded, isBootId, isInstallationId, isNodeId } from "../../lib/core/ids.ts";
import type { ConsoleDriver } from "../../lib/drivers/console/driver.ts";
import { consoleDrivers } from "../../lib/drivers/console/registry.ts";
import { withoutTelnet } from "../../lib/drivers/console/tcp.ts";
import { DriverFault } from "../../lib/drivers/driver-fault.ts";
import { authenticationRefused } from "../../lib/drivers/power/driver.ts";
import { toolRoom } from "../../lib/drivers/tool.ts";
import { eventually, temporaryFolder } from "../support/stack.ts";
import { aCommand, aJournal } from "./support.ts";

const node = branded(isNodeId, "node-01");
const installation = branded(isInstallationId, "job.1");
const boot = branded(isBootId, "job.1.b1");

/** A port that prints what a test says, to whoever listens. */
class Port {
  readonly server: Server;
  readonly listeners = new Set<Socket>();
  connections = 0;
  constructor() {
    this.server = createServer((socket) => {
      this.connections += 1;
      this.listeners.add(socket);
      socket.on("error", () => undefined);
      socket.once("close", () => this.listeners.delete(socket));
    });
  }
  async open(port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(port, "127.0.0.1", resolve));
    return this;
  }
  get address(): string {
    const address = this.server.address();
    if (address === null || typeof address === "string") throw new Error("not open");
    return `127.0.0.1:${address.port}`;
  }
  async print(text: string | Uint8Array): Promise<void> {
    await eventually(() => this.listeners.size > 0, "somebody who listens");
    for (const socket of this.listeners) socket.write(text);
  }
  cut(): void {
    for (const socket of this.listeners) socket.destroy();
  }
}

let folder: ReturnType<typeof temporaryFolder>;
let port: Port;
let consoles: Consoles;
let told: Sighting[];
let said: string[];
/** A power domain that has refused its credential too often. */
let refusing: string | null;
let running: { boot: typeof boot | null; installation: typeof installation } | null;
const dir = () => join(folder.path, "consoles");

function open(change: Partial<Parameters<typeof createConsoles>[0]> = {}): Consoles {
  const mark = "0123456789abcdef";
  return createConsoles({
    dir: dir(),
    drivers: consoleDrivers,
    limits: { bytesPerBoot: 4096, bootsKept: 3 },
    patterns: shippedPatterns,
    scriptsDir: join(folder.path, "scripts"),
    secrets: { read: () => ({ username: "admin", password: "Korrekt-Pferd" }), version: () => "1" },
    breaker: { refusal: (domain) => (domain === refusing ? `${domain} refused its credential` : null) },
    tool: toolRoom({ atOnce: 4, mark }).run,
    mark,
    historyMs: 0,
    shared: false,
    current: () => running,
    report: (sighting) => told.push(sighting),
    now: () => Date.now(),
    pause: () => new Promise((resolve) => setTimeout(resolve, 5)),
    log: (message, { why }) => said.push(`${message}: ${why}`),
    ...change,
  });
}

const aCommandFor = (console: unknown): Command => {
  const given = aCommand({ node });
  return command.parse({
    ...given,
    target: { ...given.target, ...(console === undefined ? {} : { console }) },
  });
};
const viaTcp = (options = {}) => ({ driver: "tcp", address: port.address, options, credential: null });
const texts = (count = 100): string[] => consoles.tail(node, count).map(({ text }) => text);
const hears = (line: string): Promise<void> => eventually(() => texts().includes(line), line);

beforeEach(async () => {
  folder = temporaryFolder();
  port = await new Port().open();
  [told, said, refusing] = [[], [], null];
  running = { boot: null, installation };
  consoles = open();
});
afterEach(async () => {
  await consoles.stop();
  port.cut();
  port.server.close();
  folder.remove();
});

describe("R75: a console that a command has named", () => {
  test("is listened to from then on; its last lines are told in order, no two at the same time", async () => {
    consoles.learn(aCommandFor(viaTcp()));
    await port.print("first\r\nsecond\r\n\r\nthird\r\n");
    await hears("third");
    expect(texts()).toEqual(["first", "second", "third"]);
    expect(texts(1)).toEqual(["third"]);
    const times = consoles.tail(node, 9).map(({ at }) => at);
    expect(new Set(times).size).toBe(3);
    expect(times).toEqual([...times].sort());
  });

  test("is connected to again when the connection is cut, and is said to be away once, not at every try", async () => {
    consoles.learn(aCommandFor(viaTcp()));
    await port.print("before\n");
    await hears("before");
    port.cut();
    await eventually(() => port.connections > 1, "another connection");
    await port.print("after\n");
    await hears("after");
    port.cut();
    await eventually(() => port.connections > 2, "another connection");
    expect(said).toHaveLength(1);
  });

  test("is listened to by an agent that has started again, before any command", async () => {
    consoles.learn(aCommandFor(viaTcp()));
    await port.print("before\n");
    await hears("before");
    await consoles.stop();
    consoles = open();
    expect(texts()).toEqual(["before"]);
    await port.print("after\n");
    await hears("after");
  });

  test("is let go when the next command names none, and nothing is said of it any more", async () => {
    consoles.learn(aCommandFor(viaTcp()));
    await port.print("before\n");
    await hears("before");
    consoles.learn(aCommandFor(undefined));
    await eventually(() => port.listeners.size === 0, "nobody who listens");
    expect(texts()).toEqual([]);
  });

  test("at another address is listened to there", async () => {
    const other = await new Port().open();
    try {
      consoles.learn(aCommandFor(viaTcp()));
      await port.print("here\n");
      await hears("here");
      consoles.learn(aCommandFor({ ...viaTcp(), address: other.address }));
      await other.print("there\n");
      await hears("there");
      await eventually(() => port.listeners.size === 0, "nobody who listens at the old place");
    } finally {
      other.cut();
      other.server.close();
    }
  });

  test("of a driver that this agent has not is named in the log", () => {
    consoles.learn(aCommandFor({ ...viaTcp(), driver: "carrier-pigeon" }));
    expect(said[0]).toContain("no such driver");
  });

  test("whose credential is refused is not tried again until the secret changes: listening locks nobody's account", async () => {
    let [tries, rounds, version] = [0, 0, "1"];
    const strict: ConsoleDriver = {
      name: "strict",
      listen: () => {
        tries += 1;
        return Promise.reject(new DriverFault(nodeFault(authenticationRefused, "no")));
      },
    };
    const pause = async () => {
      rounds += 1;
      await new Promise((resolve) => setTimeout(resolve, 1));
    };
    const secrets = { read: () => ({ username: "admin", password: "wrong" }), version: () => version };
    consoles = open({ drivers: [strict], pause, secrets });
    // What the BMC's power commands have found refused is not tried at all.
    refusing = "node-01";
    consoles.learn(aCommandFor({ driver: "strict", address: "bmc", options: {}, credential: "bmc/blue" }));
    const someRounds = async () => {
      const until = rounds + 10;
      await eventually(() => rounds > until, "ten rounds");
      return tries;
    };
    expect(await someRounds()).toBe(0);
    refusing = null;
    expect(await someRounds()).toBe(1);
    version = "2";
    expect(await someRounds()).toBe(2);
  });
});

describe("a line that means trouble", () => {
  test("is told with the boot that it belongs to, once for each boot", async () => {
    consoles.learn(aCommandFor(viaTcp()));
    await port.print(
      "Kernel panic - not syncing: no init\nend Kernel panic - not syncing: no init\nstill here\n",
    );
    await hears("still here");
    expect(told).toMatchObject([
      {
        node,
        boot: null,
        installation,
        means: "dead",
        pattern: "kernel-panic",
        line: "Kernel panic - not syncing: no init",
      },
    ]);
    consoles.poweredOn(node);
    await port.print("Kernel panic - not syncing: no init\nagain\n");
    await hears("again");
    expect(told).toHaveLength(2);
    expect(told[1]?.at).toBeGreaterThan(told[0]?.at ?? 0);
  });

  test("is known though it came in pieces, coloured, with a bell in it (field.md, split across log chunks)", async () => {
    consoles.learn(aCommandFor(viaTcp()));
    for (const piece of ["\u001b[1;31mKernel pa", "nic - not\u001b[", "0m sync\u0007ing: x", "\r\n"])
      await port.print(piece);
    await eventually(() => told.length === 1, "the panic");
    expect(told[0]?.line).toBe("Kernel panic - not syncing: x");
  });

  test("is history when it comes right after connecting: a console server may print what it has kept", async () => {
    let clock = 1_700_000_000_000;
    consoles = open({ historyMs: 3_000, now: () => clock });
    consoles.learn(aCommandFor(viaTcp()));
    await port.print("Kernel panic - not syncing: long ago\nkept\n");
    await hears("kept");
    expect(told).toEqual([]);
    clock += 3_000;
    await port.print("Kernel panic - not syncing: now\nover\n");
    await hears("over");
    expect(told).toMatchObject([{ line: "Kernel panic - not syncing: now" }]);
  });

  test("of a boot that nobody knows is kept, and not told", async () => {
    running = null;
    consoles.learn(aCommandFor(viaTcp()));
    await port.print("No bootable device.\nover\n");
    await hears("over");
    expect(told).toEqual([]);
    expect(texts()).toContain("No bootable device.");
  });

  test("of an installer is told only while one is booted (field.md, install failure after the end)", async () => {
    consoles.learn(aCommandFor(viaTcp()));
    await port.print("Pane is dead\none\n");
    await hears("one");
    expect(told).toEqual([]);
    running = { boot, installation };
    await port.print("Pane is dead\ntwo\n");
    await hears("two");
    expect(told).toMatchObject([{ boot, means: "install-failed" }]);
  });

  test("that is a prompt is known without an end of line", async () => {
    consoles.learn(aCommandFor(viaTcp()));
    await port.print("error: no such partition.\r\ngrub rescue> ");
    await eventually(() => told.length === 1, "the prompt");
    expect(told[0]).toMatchObject({ means: "no-boot-device", pattern: "grub-rescue" });
  });
});

describe("what is kept", () => {
  test("is a log for each boot: begun when it is switched on, and when its firmware asks once more", async () => {
    let clock = 1_700_000_000_000;
    consoles = open({ now: () => (clock += 1) });
    consoles.learn(aCommandFor(viaTcp()));
    const begun = async (line: string, begin: () => void) => {
      begin();
      await port.print(`${line}\n`);
      await hears(line);
    };
    await begun("power on", () => consoles.poweredOn(node));
    await begun("its firmware asks", () => consoles.asked(node));
    expect(texts()).toEqual(["power on", "its firmware asks"]);
    await begun("it asks again", () => consoles.asked(node));
    expect(texts()).toEqual(["it asks again"]);
    await begun("third", () => consoles.poweredOn(node));
    await begun("fourth", () => consoles.poweredOn(node));
    await consoles.stop();
    const logs = readdirSync(join(dir(), node))
      .filter((name) => name.endsWith(".log"))
      .sort();
    expect(logs).toHaveLength(3);
    expect(readFileSync(join(dir(), node, logs.at(-1) ?? ""), "utf8")).toMatch(/^\S+Z fourth\n$/);
  });

  test("of a prompt that nobody answered is the end of its boot, and not the beginning of the next", async () => {
    consoles.learn(aCommandFor(viaTcp()));
    await port.print("Starting sshd: OK\r\nnode-01 login: ");
    await eventually(() => texts().length === 2, "the prompt");
    consoles.poweredOn(node);
    await port.print("\u001b[2J\u001b[1;1HBIOS\r\n");
    await hears("BIOS");
    expect(texts()).toEqual(["BIOS"]);
    await consoles.stop();
    const [first = "", ...others] = readdirSync(join(dir(), node))
      .filter((name) => name.endsWith(".log"))
      .sort();
    expect(others).toHaveLength(1);
    expect(readFileSync(join(dir(), node, first), "utf8")).toMatch(/ node-01 login: \n$/);
  });

  test("is cut to size: the end of a boot is kept, and it is said that something is missing", async () => {
    consoles.learn(aCommandFor(viaTcp()));
    for (let part = 0; part < 10; part += 1) {
      const lines = Array.from(
        { length: 20 },
        (_, index) => `line ${part}.${index} of a machine that prints and prints`,
      );
      await port.print(`${lines.join("\n")}\n`);
      await hears(lines.at(-1) ?? "");
    }
    await consoles.stop();
    const [log = ""] = readdirSync(join(dir(), node)).filter((name) => name.endsWith(".log"));
    const text = readFileSync(join(dir(), node, log), "utf8");
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4096);
    expect(text).toMatch(/^\(what came before was cut\)\n\S+Z line /);
    expect(text).toContain("line 9.19");
  });

  test("is followed at the controller from the beginning of the boot, through the next one", async () => {
    mkdirSync(join(dir(), node), { recursive: true });
    writeFileSync(join(dir(), node, "1700000000000.log"), "2026-01-01T00:00:00.000Z one\n");
    const ending = new AbortController();
    let printed = "";
    const following = followLog(dir(), node, (text) => (printed += text), ending.signal);
    await eventually(() => printed.includes("one"), "what is there");
    writeFileSync(join(dir(), node, "1700000000001.log"), "2026-01-01T00:00:01.000Z two\n");
    await eventually(() => printed.includes("two"), "what comes");
    ending.abort();
    expect(await following).toBeNull();
    expect(printed.match(/one/g)).toHaveLength(1);
    expect(await followLog(dir(), "node-99", () => {}, ending.signal)).toEqual({ known: [node] });
  });
});

describe("bytes become lines", () => {
  const read = (...pieces: (string | Uint8Array)[]): { lines: string[]; pending: string } => {
    const reader = lineReader();
    const lines: string[] = [];
    let pending = "";
    for (const piece of pieces) {
      const heard = reader(typeof piece === "string" ? Buffer.from(piece) : piece);
      lines.push(...heard.lines);
      pending = heard.pending;
    }
    return { lines, pending };
  };

  test("without what moves a cursor or colours; of a line that was written over, what stood there last", () => {
    expect(read("\u001b[2J\u001b[1;1HBIOS\u001b[5;1HMemory: \u001b[1m128 MB\u001b[0m\n").lines).toEqual([
      "BIOS",
      "Memory: 128 MB",
    ]);
    expect(read("10 %\r50 %\r100 %\r\n").lines).toEqual(["100 %"]);
    expect(read("\u001b]0;title\u0007text\n").lines).toEqual(["text"]);
  });

  test("whatever they are cut into, within a character too", () => {
    const bytes = Buffer.from("grün\nlogin: ");
    const pieces = [...bytes].map((byte) => Uint8Array.of(byte));
    expect(read(...pieces)).toEqual({ lines: ["grün"], pending: "login: " });
  });

  test("and one that never ends is cut, so that memory is bounded", () => {
    const { lines, pending } = read(...Array.from({ length: 100 }, () => "x".repeat(100)));
    expect(lines.length).toBeGreaterThan(3);
    expect(pending.length).toBeLessThanOrEqual(2000);
  });

  test("telnet's commands are left out, wherever they are cut", () => {
    let text = "";
    const hand = withoutTelnet((bytes) => (text += Buffer.from(bytes).toString("latin1")));
    const bytes = [104, 255, 251, 1, 105, 255, 250, 24, 1, 255, 240, 33, 255, 255, 63];
    for (const byte of bytes) hand(Uint8Array.of(byte));
    expect(text).toBe("hi!ÿ?");
  });
});

describe("a command that only reads what a console printed", () => {
  test("is answered at once, with as much as a report has room for, and leaves nothing behind in the journal", async () => {
    consoles.learn(aCommandFor(viaTcp()));
    const lines = Array.from({ length: 150 }, (_, index) => `line ${index} ${"x".repeat(300)}`);
    await port.print(`${lines.join("\n")}\n`);
    await eventually(() => texts(200).length === 150, "all lines");
    const journal = await aJournal(folder.path);
    const [reported, started]: [CommandResult[], Command[]] = [[], []];
    const asked: Command = {
      ...aCommandFor(viaTcp()),
      epoch: 1,
      actions: [{ verb: "console.tail", lines: 100 }],
    };
    const before = journal.bytes();
    const receipt = await take(JSON.stringify({ schema: "rackwright.delivery/1", commands: [asked] }), {
      journal,
      executor: { abort: async () => {}, add: (command) => started.push(command) },
      report: (result) => reported.push(result),
      look: (command) => look(consoles, command, Date.now()),
      lab: asked.lab,
      now: () => Date.now(),
      log: () => {},
    });
    expect(receipt.commands).toEqual([{ verdict: "accepted", id: asked.id }]);
    expect([started, journal.bytes(), journal.state.commands.size]).toEqual([[], before, 0]);
    await journal.close();
    const [result] = reported;
    expect(commandResult.parse(result)).toEqual(result);
    const told = result?.results[0]?.observed;
    expect(told?.console?.at(-1)).toBe(lines.at(-1));
    expect(told?.consoleAt).toHaveLength(told?.console?.length ?? -1);
    // Twenty of them fit into a message of SQS.
    expect(20 * JSON.stringify(JSON.stringify(result)).length).toBeLessThan(256 * 1024);
  });
});

describe("a lab's own program", () => {
  test("is told where to look by its environment, and started again when it ends", async () => {
    mkdirSync(join(folder.path, "scripts"));
    const file = join(folder.path, "scripts", "tail-it");
    writeFileSync(file, '#!/bin/sh\necho "$console_address $console_id $console_user"\n', { mode: 0o755 });
    const options = { script: "tail-it", id: "7" };
    consoles.learn(aCommandFor({ driver: "exec", address: "rack-a", options, credential: "console/blue" }));
    await eventually(() => texts().filter((line) => line === "rack-a 7 admin").length > 1, "a second start");
  });
});
