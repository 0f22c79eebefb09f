/** The main job of the README, as a newcomer runs it: real processes, real protocols, the shipped bundles. */
import { execFile } from "node:child_process";
import { truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import type { NodeView, ReservationView } from "../../lib/contracts/api.ts";
import type { HardwareIssue } from "../../lib/core/timeline.ts";
import { Place, start } from "./main-job.ts";

const places: Place[] = [];
function place(): Place {
  const made = new Place();
  places.push(made);
  return made;
}
afterEach(async () => {
  await Promise.all(places.splice(0).map((each) => each.clean()));
});
afterAll(async () => {
  await Promise.all(places.map((each) => each.clean()));
});

const quarter = 120_000;

describe("npm start -- --once --json", () => {
  test("one reservation goes through to the end of its reclaim, and the next skips the load (R25, R26)", {
    timeout: quarter,
  }, async () => {
    const here = place();
    const first = await (await here.start("--once")).ended;
    expect(first).toMatchObject({ code: 0, last: { state: "complete", nodes: 3 } });
    const written = async () =>
      (await here.rackLog()).flatMap(({ log }) => log.filter(({ kind }) => kind === "image-written"));
    expect(await written()).toHaveLength(3);

    const run = await here.start("--once");
    const second = await run.ended;
    expect(second).toMatchObject({ code: 0, last: { state: "complete", nodes: 3 } });
    expect(await written()).toHaveLength(3);
    expect(run.events.filter(({ to }) => to === "loading").map(({ node }) => node)).toEqual([undefined]);
  });

  test("R70: a node that hangs in its kernel is noticed, reset, power-cycled, and handed over all the same", {
    timeout: quarter,
  }, async () => {
    const here = place();
    // On a lab that has been used: the node has an image already, and is loaded anew all the same.
    await (await here.start("--once")).ended;
    const run = await here.start("--once", "--hang", "node-02:kernel");
    const { code, last } = await run.ended;
    expect(code).toBe(0);
    expect(last?.state).toBe("complete");
    expect(last?.correctiveReboots).toBeGreaterThanOrEqual(1);
    const rungs = run.events
      .filter(({ node }) => node === "node-02")
      .flatMap(({ correction }) => correction ?? []);
    expect(rungs[0]).toBe("look-again");
    expect(rungs.indexOf("reset")).toBeLessThan(rungs.indexOf("power-cycle"));
    const log = (await here.rackLog()).find(({ node }) => node === "node-02")?.log ?? [];
    expect(log.map(({ kind }) => kind)).toContain("hang");
  });

  test("a node whose BMC is dead is quarantined with an issue that says why, and another takes its place", {
    timeout: quarter,
  }, async () => {
    const here = place();
    const run = await here.start("--dead-bmc", "node-01");
    const ready = await run.until(({ event, to }) => event === "reservation" && to === "reserved");
    const node = await here.get<NodeView>("/v1/nodes/node-01");
    const { issues } = await here.get<{ issues: HardwareIssue[] }>("/v1/nodes/node-01/issues");
    const reservation = await here.get<ReservationView>(`/v1/reservations/${ready.reservation}`);
    expect(node).toMatchObject({ state: "quarantined", fault: expect.stringContaining("does not answer") });
    expect(issues).toMatchObject([{ state: "open", blocking: true, fault: { code: "bmc-unreachable" } }]);
    expect(issues[0]?.evidence.length).toBeGreaterThan(2);
    expect(reservation.nodes.map(({ id }) => id)).toEqual(["node-02", "node-03", "node-04"]);
    expect(reservation.connections).toHaveLength(3);
  });

  test("a damaged image fails the reservation with its reason; no node is blamed and none is touched", {
    timeout: quarter,
  }, async () => {
    const here = place();
    const run = await here.start("--once", "--bad-image");
    const { code, last } = await run.ended;
    expect(code).toBe(1);
    expect(last).toMatchObject({ state: "failed", reason: expect.stringContaining("checksum") });
    expect(run.events.some(({ to }) => to === "quarantined")).toBe(false);
    expect((await here.rackLog()).flatMap(({ log }) => log.filter(({ kind }) => kind === "power"))).toEqual(
      [],
    );
  });
});

describe("kill -9 in the middle", () => {
  test("of functions, queues, database and agents while nodes are imaged: the same command completes the reservation", {
    timeout: 2 * quarter,
  }, async () => {
    const here = place();
    const image = join(here.data, "large.img");
    writeFileSync(image, "a large and mostly empty disk");
    truncateSync(image, 160 * 1024 * 1024);
    const run = await here.start("--once", "--image", image);
    await run.until(({ node, phase }) => node === "node-01" && phase === "build");
    run.child.kill("SIGKILL");
    for (const [name, { pid }] of Object.entries(here.processes()))
      if (name !== "rack" && name !== "main") process.kill(pid, "SIGKILL");
    await run.ended;
    const before = await here.rackLog();
    expect(
      before.flatMap(({ log }) => log.filter(({ kind }) => kind === "image-written")).length,
    ).toBeLessThan(3);

    const again = await here.start("--once", "--image", image);
    const { code, last } = await again.ended;
    expect(again.events[0]?.text ?? "").toContain("API");
    expect(again.events.some(({ text }) => text?.startsWith("Carrying on with reservation") === true)).toBe(
      true,
    );
    expect(last).toMatchObject({ state: "complete", nodes: 3 });
    expect(code).toBe(0);

    const writes = (await here.rackLog()).flatMap(({ log }) =>
      log.flatMap(({ kind, installation, matches }) =>
        kind === "image-written" && matches === true ? [installation ?? ""] : [],
      ),
    );
    expect(new Set(writes).size).toBe(writes.length);
    expect(writes.length).toBeGreaterThanOrEqual(3);
  });
});

describe("what is wrong on the command line is one clear line and exit code 2", () => {
  test.each([
    [["--nonsense"], "Unknown option '--nonsense'"],
    [["--lab", "/nowhere/lab.json"], "--lab: there is no file /nowhere/lab.json"],
    [["--image", "/nowhere.img"], "--image: there is no file /nowhere.img"],
    [["--count", "many"], '--count: a whole number from 1 to 40 is wanted, not "many"'],
    [["--count", "13"], "--count: lab blue has 12 nodes, 13 are wanted"],
    [["--hang", "node-02:breakfast"], "--hang: NODE:PHASE is wanted"],
    [["--dead-bmc", "node-99"], "--dead-bmc: lab blue has no node node-99"],
    [["--lab", "package.json"], "package.json: "],
    [["--lab", "README.md"], "is not JSON"],
  ])("%j", { timeout: 30_000 }, async (parameters, text) => {
    const { code, stderr } = await start([...parameters, "--data", place().data]).ended;
    expect(stderr).toContain(text);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(code).toBe(2);
  });

  test("a taken port", { timeout: 30_000 }, async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const { code, stderr } = await start(["--port", String(port), "--data", place().data]).ended;
    server.close();
    expect(stderr.trimEnd()).toBe(`rackwright: --port: ${port} is taken: name another one`);
    expect(code).toBe(2);
  });

  test("--help explains every option and exits 0", { timeout: 30_000 }, async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ["lib/local/main.ts", "--help"]);
    for (const option of [
      "lab",
      "image",
      "count",
      "port",
      "data",
      "once",
      "json",
      "hang",
      "dead-bmc",
      "bad-image",
    ]) {
      expect(stdout).toContain(`--${option}`);
    }
  });
});
