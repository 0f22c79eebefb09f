import { afterEach, describe, expect, test } from "vitest";
import { createBreaker } from "../../lib/agent/breaker.ts";
import { cloudClock } from "../../lib/agent/clock.ts";
import type { Action, CommandResult } from "../../lib/core/command.ts";
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

  test("what is only worth trying does not keep the rest from being begun, and its fault is told all the same", async () => {
    const desk = await aDesk();
    const actions: readonly Action[] = [
      { verb: "os.run", mayFail: true, task: "revoke-access", parameters: { user: "ada" } },
      { verb: "power.off" },
    ];
    const [without, withFault] = [aCommand({ actions }), aCommand({ actions })];
    await desk.take(without, withFault);
    (await desk.hands.next(0)).fail(new DriverFault(nodeFault("os-unreachable", "nobody answers")));
    (await desk.hands.next(1)).end({ power: "off" });
    const tried = await desk.ended(without.id);
    expect(tried).toMatchObject({ status: "completed", reason: null });
    expect(tried.results).toMatchObject([
      { outcome: "failed", fault: { code: "os-unreachable" } },
      { outcome: "done", observed: { power: "off" } },
    ]);
    (await desk.hands.next(2)).fail(new DriverFault(nodeFault("os-unreachable", "nobody answers")));
    (await desk.hands.next(3)).fail(new DriverFault(nodeFault("bmc-unreachable", "the BMC is dead")));
    expect(await desk.ended(withFault.id)).toMatchObject({ status: "failed", reason: "the BMC is dead" });
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

describe("what keeps the hands still", () => {
  const refusal = () =>
    new DriverFault(nodeFault("bmc-authentication", "BMC refuses the credential: correct the secret"));
  const silence = () => new DriverFault(nodeFault("bmc-unreachable", "BMC does not answer"));
  async function ends(desk: Desk, error: Error | null): Promise<CommandResult> {
    const command = aCommand({ domain: "chassis", actions: [{ verb: "power.status" }] });
    const at = desk.hands.begun.length;
    await desk.take(command);
    const begun = await desk.hands.next(at);
    if (error === null) begun.end({ power: "on" });
    else begun.fail(error);
    return desk.ended(command.id);
  }

  test("a few refusals of the credential stop everyone in the power domain until the secret changes", async () => {
    const desk = await aDesk();
    for (let refused = 0; refused < 3; refused += 1) await ends(desk, refusal());
    const stopped = aCommand({ node: "blade-9", domain: "chassis" });
    await desk.take(stopped);
    expect(await desk.ended(stopped.id)).toMatchObject({
      status: "failed",
      results: [{ fault: { class: "infrastructure", code: "breaker-open" } }],
    });
    expect(desk.hands.begun).toHaveLength(3);
    desk.hands.secretVersion = "2";
    expect((await ends(desk, null)).status).toBe("completed");
  });

  test("the breaker is remembered over a restart, and a success closes it", async () => {
    const desk = await aDesk();
    for (let refused = 0; refused < 2; refused += 1) await ends(desk, refusal());
    await ends(desk, null);
    for (let refused = 0; refused < 3; refused += 1) await ends(desk, refusal());
    await desk.journal.close();
    const again = await openDesk(desk.dir);
    Object.assign(open[0] ?? {}, { desk: again });
    const stopped = aCommand({ domain: "chassis" });
    await again.take(stopped);
    expect((await again.ended(stopped.id)).results[0]?.fault?.code).toBe("breaker-open");
  });

  test("C15, C16: a BMC that does not answer is left alone longer each time; only a success ends that", async () => {
    const journal = (await aDesk()).journal;
    let now = 0;
    const breaker = createBreaker({ journal, now: () => now, random: () => 1 });
    const rests: number[] = [];
    for (let failed = 0; failed < 9; failed += 1) {
      breaker.unreachable("d");
      rests.push(breaker.restsUntil("d") - now);
      now = breaker.restsUntil("d");
    }
    expect(rests).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    await breaker.succeeded("d", "1");
    breaker.unreachable("d");
    expect(breaker.restsUntil("d") - now).toBe(1000);
  });

  test("a command waits for the rest of a domain that did not answer, if it has the time", async () => {
    const desk = await aDesk();
    await ends(desk, silence());
    const impatient = aCommand({ domain: "chassis", endsWithinMs: 200 });
    await desk.take(impatient);
    expect(await desk.ended(impatient.id)).toMatchObject({
      status: "failed",
      results: [{ fault: { message: expect.stringContaining("left alone") } }],
    });
    expect((await ends(desk, null)).status).toBe("completed");
  });

  test("nothing is switched by a clock that cannot be trusted; looking is allowed", async () => {
    const desk = await aDesk();
    desk.hands.distrust = "the clock is 37 s ahead";
    const [looks, switches] = [aCommand({ actions: [{ verb: "power.status" }] }), aCommand()];
    await desk.take(looks, switches);
    (await desk.hands.next(0)).end({ power: "on" });
    expect((await desk.ended(looks.id)).status).toBe("completed");
    expect((await desk.ended(switches.id)).results[0]?.fault?.code).toBe("clock-untrusted");
    expect(desk.hands.begun).toHaveLength(1);
  });
});

describe("the clock of a controller", () => {
  const at = (wall: { now: number; mono: number }) =>
    cloudClock(
      () => wall.now,
      () => wall.mono,
    );
  const date = (ms: number) => new Date(ms).toUTCString();

  test("is trusted while AWS was heard lately and it is less than 5 s off", () => {
    const wall = { now: 1_700_000_000_500, mono: 0 };
    const clock = at(wall);
    expect(clock.distrust()).toContain("nobody has told");
    clock.heard(date(1_700_000_000_000), wall.now);
    expect(clock.distrust()).toBeNull();
    wall.now += 9 * 60_000;
    wall.mono += 9 * 60_000;
    expect(clock.distrust()).toBeNull();
    wall.now += 2 * 60_000;
    wall.mono += 2 * 60_000;
    expect(clock.distrust()).toContain("not heard from AWS for 11 min");
  });

  test.each([
    [6_000, "6.0 s ahead"],
    [-6_000, "6.0 s behind"],
  ])("that is %d ms off is not", (off, told) => {
    const wall = { now: 1_700_000_000_500 + off, mono: 0 };
    const clock = at(wall);
    clock.heard(date(1_700_000_000_000), wall.now);
    expect(clock.distrust()).toContain(told);
  });

  test("that somebody sets in between is noticed at once", () => {
    const wall = { now: 1_700_000_000_500, mono: 0 };
    const clock = at(wall);
    clock.heard(date(1_700_000_000_000), wall.now);
    wall.now += 60_000;
    expect(clock.distrust()).toContain("60.0 s ahead");
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
