import { afterEach, describe, expect, test } from "vitest";
import { nodeFault } from "../../lib/core/fault.ts";
import { DriverFault } from "../../lib/drivers/driver-fault.ts";
import { eventually, temporaryFolder } from "../support/stack.ts";
import { aCommand, type Desk, openDesk } from "./support.ts";

const open: { desk: Desk; remove: () => void }[] = [];
async function aDesk(): Promise<Desk> {
  const folder = temporaryFolder();
  const desk = await openDesk(folder.path);
  open.push({ desk, remove: folder.remove });
  return desk;
}
afterEach(async () => {
  for (const { desk, remove } of open.splice(0)) {
    await desk.journal.close();
    remove();
  }
});

describe("the executor", () => {
  test("R50: a BMC that takes for ever holds up its own node only; its commands stay in order and never overlap", async () => {
    const desk = await aDesk();
    const [slow, queued, other] = [
      aCommand({ node: "slow" }),
      aCommand({ node: "slow" }),
      aCommand({ node: "quick" }),
    ];
    await desk.take(slow, queued, other);
    const first = await desk.hands.next(0);
    const second = await desk.hands.next(1);
    expect([first.node, second.node]).toEqual(["slow", "quick"]);
    second.end();
    expect((await desk.ended(other.id)).status).toBe("completed");
    expect(desk.reported.map(({ command }) => command)).toEqual([other.id]);
    first.end();
    await desk.ended(slow.id);
    (await desk.hands.next(2)).end();
    await desk.ended(queued.id);
    expect(desk.hands.most.get("node slow")).toBe(1);
  });

  test("R50: nodes that share a power domain take turns", async () => {
    const desk = await aDesk();
    desk.hands.auto = true;
    const commands = Array.from({ length: 12 }, (_, index) =>
      aCommand({ node: `blade-${index}`, domain: "chassis" }),
    );
    await desk.take(...commands);
    await Promise.all(commands.map(({ id }) => desk.ended(id)));
    expect(desk.hands.most.get("domain chassis")).toBe(1);
  });

  test("R51: actions are carried out in order, and the first that fails keeps the rest from being begun", async () => {
    const desk = await aDesk();
    const command = aCommand({
      actions: [{ verb: "power.off" }, { verb: "netboot.clear" }, { verb: "power.on" }],
    });
    await desk.take(command);
    (await desk.hands.next(0)).end({ power: "off" });
    (await desk.hands.next(1)).fail(new DriverFault(nodeFault("x", "it broke")));
    const result = await desk.ended(command.id);
    expect(result).toMatchObject({ status: "failed", reason: "it broke" });
    expect(result.results.map(({ outcome }) => outcome)).toEqual(["done", "failed", "skipped"]);
    expect(desk.hands.begun).toHaveLength(2);
  });

  test("R57: what still runs at mustEnd is ended, and its outcome is unknown until the hardware was asked", async () => {
    const desk = await aDesk();
    desk.hands.observation = { power: "off" };
    const command = aCommand({ endsWithinMs: 150 });
    await desk.take(command);
    const result = await desk.ended(command.id);
    expect(result.status).toBe("unknown");
    expect(result.results.at(-1)).toMatchObject({ verb: "power.status", observed: { power: "off" } });
  });

  test("R56: a command that waited behind others past its notAfter is expired, and nothing is touched", async () => {
    const desk = await aDesk();
    const [first, late] = [aCommand(), aCommand({ startsWithinMs: 60 })];
    await desk.take(first, late);
    const begun = await desk.hands.next(0);
    await eventually(() => Date.now() > late.notAfter, "its notAfter");
    begun.end();
    expect(await desk.ended(late.id)).toMatchObject({ status: "expired", startedAt: null });
    expect(desk.hands.begun).toHaveLength(1);
  });

  test("the quiescent period is kept between power commands of a node", async () => {
    const desk = await aDesk();
    desk.hands.auto = true;
    const [a, b] = [aCommand({ quiescentMs: 80 }), aCommand({ quiescentMs: 80 })];
    await desk.take(a, b);
    const [first, second] = [await desk.ended(a.id), await desk.ended(b.id)];
    expect(second.endedAt - first.endedAt).toBeGreaterThanOrEqual(79);
  });

  test("R59: draining lets what runs end and begins nothing new", async () => {
    const desk = await aDesk();
    const [running, waiting] = [aCommand({ node: "a" }), aCommand({ node: "a" })];
    await desk.take(running, waiting);
    const begun = await desk.hands.next(0);
    const drained = desk.executor.drain();
    begun.end();
    await drained;
    expect(desk.reported.map(({ command }) => command)).toEqual([running.id]);
  });
});

describe("after a crash", () => {
  test("what had not begun goes on, what had is never run again but observed and told as unknown", async () => {
    const desk = await aDesk();
    const [interrupted, waiting, elsewhere] = [
      aCommand({ node: "a" }),
      aCommand({ node: "a" }),
      aCommand({ node: "b" }),
    ];
    await desk.take(interrupted, waiting, elsewhere);
    await desk.hands.next(1);
    // The process is gone; its journal and nothing else is left.
    await desk.journal.close();
    const again = await openDesk(desk.dir);
    again.hands.auto = true;
    again.hands.observation = { power: "on" };
    again.executor.recover();
    expect(await again.ended(interrupted.id)).toMatchObject({
      status: "unknown",
      results: [{ observed: { power: "on" } }],
    });
    expect((await again.ended(waiting.id)).status).toBe("completed");
    expect((await again.ended(elsewhere.id)).status).toBe("unknown");
    expect(again.hands.begun.map(({ node }) => node)).toEqual(["a"]);
    Object.assign(open[0] ?? {}, { desk: again });
  });
});
