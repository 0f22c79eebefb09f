import { describe, expect, test } from "vitest";
import { nodeView } from "../../lib/app/views.ts";
import { nodeLine } from "../../lib/local/cli/progress.ts";
import { plainReporter } from "../../lib/local/cli/reporter.ts";
import { World } from "../core/world.ts";

const lineOf = (world: World): string => nodeLine(nodeView(world.node, null), world.now);

describe("the progress of a node", () => {
  test("is one line that says phase, how far it is, the attempt, what it waits for and how long at most", () => {
    const world = new World().makeAvailable().claimFor();
    world.look();
    world.write().pass(10).beacon("kernel");
    expect(lineOf(world)).toMatch(
      /^node-01 +configuring +kernel +█+░+ +attempt 1 +wait-for-os \(at most 10 min more\), awaiting/,
    );
  });

  test("tells of correction, of readiness, and of the reason for a quarantine", () => {
    const world = new World().makeAvailable().claimFor();
    world.look();
    world.write().pass(10).beacon("kernel");
    world.waitUntilDue();
    expect(lineOf(world)).toContain("hangs in kernel: looking again");
    world.answer();
    expect(lineOf(world)).toContain("hangs in kernel: reset · 1 corrective reboots");
    expect(lineOf(new World().inUse())).toContain("ready");
  });

  test("grows with what is proved and never goes beyond its bar", () => {
    const full = (line: string) => line.match(/█/g)?.length ?? 0;
    const world = new World().makeAvailable().claimFor();
    world.look();
    const begun = full(lineOf(world));
    world.write();
    const written = full(lineOf(world));
    world.bootDisk();
    while (world.state === "configuring") world.pass(5).answer();
    expect([begun < written, written < full(lineOf(world)), full(lineOf(world))]).toEqual([true, true, 16]);
  });
});

describe("where the output is no terminal", () => {
  test("a transition is one plain line, without a control character", () => {
    let text = "";
    const world = new World().inUse();
    const reporter = plainReporter((part) => {
      text += part;
    }, world.now);
    for (const entry of world.entries) reporter.event(entry);
    expect(text.trimEnd().split("\n")).toHaveLength(world.entries.length);
    expect(text.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
    expect(text).toContain("configuring → in-use");
  });
});
