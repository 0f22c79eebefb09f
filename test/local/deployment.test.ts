/** Functions that are replaced while they run: what Lambda does with a deployment. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import * as z from "zod";
import { deploy } from "../../lib/local/lambda/deployment.ts";
import { contextOf } from "../../lib/local/lambda/triggers.ts";
import { temporaryFolder } from "../support/stack.ts";

function aFolder() {
  const { path, remove } = temporaryFolder();
  onTestFinished(remove);
  return {
    path,
    write: (name: string, code: string) => {
      const file = join(path, `${name}.mjs`);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, code);
    },
  };
}
const call = (handler: (event: unknown, context: ReturnType<typeof contextOf>) => Promise<unknown>) =>
  handler({}, contextOf("test", 1000));

const waits = (answer: string) =>
  `export const handler = () => new Promise((resolve) => { globalThis.release = () => resolve("${answer}"); });`;

test("an invocation that has begun ends with the code that it began with, and the next one gets the new code", async () => {
  const { path, write } = aFolder();
  write("steps", waits("old"));
  const deployment = await deploy(path, ["steps"], () => ({}));
  const handler = deployment.handlerOf("steps");
  const begun = call(handler);
  write("steps", `export const handler = async () => "new";`);
  await deployment.deployAgain();
  expect(await call(handler)).toBe("new");
  const { release } = z.looseObject({ release: z.custom<() => void>() }).parse(globalThis);
  release();
  expect(await begun).toBe("old");
});

test("a function that cannot be loaded any more fails when it is called, the others go on, and the next deployment mends it", async () => {
  const { path, write } = aFolder();
  write("a", `export const handler = async () => "a";`);
  write("watchdogs/b", `export const handler = async () => "b";`);
  const deployment = await deploy(path, ["a", "watchdogs/b"], () => ({}));
  write("a", `throw new Error("a bad deployment");`);
  await deployment.deployAgain();
  await expect(call(deployment.handlerOf("a"))).rejects.toThrow("a bad deployment");
  expect(await call(deployment.handlerOf("watchdogs/b"))).toBe("b");
  write("a", `export const handler = async () => "a again";`);
  await deployment.deployAgain();
  expect(await call(deployment.handlerOf("a"))).toBe("a again");
});

test("a stack does not come up with a function that cannot be loaded", async () => {
  const { path, write } = aFolder();
  write("a", `export const nothing = 1;`);
  await expect(deploy(path, ["a"], () => ({}))).rejects.toThrow("a.mjs has no handler: run npm run build");
});

test("each function finds its own environment when it is loaded, and nothing of another's", async () => {
  const { path, write } = aFolder();
  const tells = `const { RACKWRIGHT_TEST: told } = process.env; export const handler = async () => told ?? "nothing";`;
  write("a", tells);
  write("b", tells);
  const deployment = await deploy(path, ["a", "b"], (name) => ({
    RACKWRIGHT_TEST: name === "a" ? "for a" : undefined,
  }));
  expect(await call(deployment.handlerOf("a"))).toBe("for a");
  expect(await call(deployment.handlerOf("b"))).toBe("nothing");
});
