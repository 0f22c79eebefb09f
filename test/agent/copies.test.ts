import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Copies, createCopies } from "../../lib/agent/copies.ts";
import { nodeFault } from "../../lib/core/fault.ts";
import { branded, isInstallationId } from "../../lib/core/ids.ts";
import { DriverFault } from "../../lib/drivers/driver-fault.ts";
import { eventually, temporaryFolder } from "../support/stack.ts";

const first = branded(isInstallationId, "capture-1.1");
const second = branded(isInstallationId, "capture-1.2");

let folder: ReturnType<typeof temporaryFolder>;
let copies: Copies;
let published: string[];

beforeEach(() => {
  folder = temporaryFolder();
  published = [];
  copies = createCopies(join(folder.path, "copies"), {
    adopt: (sha256, move) => move(join(folder.path, sha256)),
    publish: async ({ sha256 }) => {
      published.push(sha256);
    },
  });
});
afterEach(() => folder.remove());

test("a copy is begun once for an installation, and whoever asks again hears that it goes on, and then what it is", async () => {
  let begun = 0;
  let finish = (): void => {};
  const copy = async (file: string) => {
    begun += 1;
    writeFileSync(file, "the disk");
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
  };
  expect(copies.ask("vm-01", first, copy)).toMatchObject({ installation: first, result: "waiting" });
  await eventually(() => begun === 1, "its begin");
  expect(copies.ask("vm-01", first, copy)).toMatchObject({ result: "waiting" });
  finish();
  await eventually(() => copies.ask("vm-01", first, copy).result === "done", "its end");
  const { captured } = copies.ask("vm-01", first, copy);
  expect(captured?.content?.sizeBytes).toBe("the disk".length);
  expect([captured?.content?.sha256]).toEqual(published);
  expect(begun).toBe(1);
});

test("one that fails says why, to that installation alone: the next one begins anew", async () => {
  const broken = async () => {
    throw new DriverFault(nodeFault("disk-not-copied", "the pool is full"));
  };
  copies.ask("vm-01", first, broken);
  await eventually(() => copies.ask("vm-01", first, broken).result === "retry", "its failure");
  expect(copies.ask("vm-01", first, broken).fault?.message).toBe("the pool is full");
  const whole = async (file: string) => writeFileSync(file, "whole");
  expect(copies.ask("vm-01", second, whole).result).toBe("waiting");
  await eventually(() => copies.ask("vm-01", second, whole).result === "done", "the second one");
});

test("one that nobody waits for any more is ended", async () => {
  let [begun, ended] = [false, false];
  copies.ask("vm-01", first, (_file, signal) => {
    begun = true;
    signal.addEventListener("abort", () => {
      ended = true;
    });
    return new Promise(() => {});
  });
  await eventually(() => begun, "its begin");
  copies.ask("vm-01", second, async (file) => writeFileSync(file, "other"));
  expect(ended).toBe(true);
});
