/** Everything but the machines dies in the middle of the main job, and the same command carries it on. */
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { usePlaces } from "./main-job.ts";

const place = usePlaces();

const quarter = 120_000;

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
