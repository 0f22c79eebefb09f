import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { type Cruise, cruiseTree } from "./cruise.ts";
import { plant, projectRoot } from "./skeleton.ts";

/** Every room with what it may take: this tree is as it should be (R66: three layers, no import upwards). */
const sound = {
  "lib/core/node.ts": `export const node = 1;`,
  "lib/core/plan.ts": `import { node } from "./node.ts"; export const plan = node;`,
  "lib/contracts/shape.ts": `import * as z from "zod"; import { node } from "../core/node.ts"; export const shape = z.literal(node);`,
  "lib/ports/store.ts": `import type { shape } from "../contracts/shape.ts"; import type { node } from "../core/node.ts"; export interface Store { a: typeof shape; b: typeof node }`,
  "lib/app/advance.ts": `import { plan } from "../core/plan.ts"; import type { Store } from "../ports/store.ts"; export const advance = (store: Store) => [store, plan];`,
  "lib/aws/dynamo.ts": `import { DynamoDBClient } from "@aws-sdk/client-dynamodb"; import { NodeHttpHandler } from "@smithy/node-http-handler"; import { readFileSync } from "node:fs"; import { shape } from "../contracts/shape.ts"; export const dynamo = [DynamoDBClient, NodeHttpHandler, readFileSync, shape];`,
  "lib/console/page.ts": `import { plan } from "../core/plan.ts"; export const page = String(plan);`,
  "lib/inventory/read.ts": `import { parse } from "yaml"; import * as z from "zod"; import { shape } from "../contracts/shape.ts"; import { plan } from "../core/plan.ts"; export const read = [parse, z, shape, plan];`,
  "lib/drivers/ipmi.ts": `import { Client } from "ssh2"; import { spawn } from "node:child_process"; import * as z from "zod"; export const ipmi = [Client, spawn, z];`,
  "lib/agent/main.ts": `import { AwsClient } from "aws4fetch"; import { ipmi } from "../drivers/ipmi.ts"; import { shape } from "../contracts/shape.ts"; import "node:http"; export const main = [AwsClient, ipmi, shape];`,
  "lib/local/main.ts": `import { advance } from "../app/advance.ts"; import { dynamo } from "../aws/dynamo.ts"; import { page } from "../console/page.ts"; import { main } from "../agent/main.ts"; import { ipmi } from "../drivers/ipmi.ts"; import { Server } from "ssh2"; import * as z from "zod"; export const all = [advance, dynamo, page, main, ipmi, Server, z];`,
  "functions/steps.ts": `import middy from "@middy/core"; import { Logger } from "@aws-lambda-powertools/logger"; import type { SQSEvent } from "aws-lambda"; import { advance } from "../lib/app/advance.ts"; import { dynamo } from "../lib/aws/dynamo.ts"; import { runtime } from "./runtime/compose.ts"; export const handler = (event: SQSEvent) => [middy, Logger, event, advance, dynamo, runtime];`,
  "functions/console/page.ts": `import { page } from "../../lib/console/page.ts"; import { runtime } from "../runtime/compose.ts"; export const handler = () => [page, runtime];`,
  "functions/runtime/compose.ts": `import { dynamo } from "../../lib/aws/dynamo.ts"; export const runtime = dynamo;`,
  "clients/command-line/main.ts": `import { spawn } from "node:child_process"; import { read } from "../../lib/inventory/read.ts"; import { client } from "../typescript/client.ts"; export const main = [spawn, client, read];`,
  "clients/typescript/client.ts": `export const client = 1;`,
  "infra/api.ts": `import { shape } from "../lib/contracts/shape.ts"; export const api = shape;`,
};

/** One file per smell: the rule that must name it, where it is planted, and its text. */
const plants: readonly (readonly [rule: string, file: string, text: string])[] = [
  [
    "core-rooms",
    "lib/core/bad-room.ts",
    `import type { Store } from "../ports/store.ts"; export type A = Store;`,
  ],
  ["core-packages", "lib/core/bad-package.ts", `import * as z from "zod"; export const a = z;`],
  [
    "core-node",
    "lib/core/bad-node.ts",
    `import { randomUUID } from "node:crypto"; export const a = randomUUID;`,
  ],
  [
    "core-node",
    "lib/core/bad-prefix.ts",
    `import { randomUUID } from "crypto"; export const a = randomUUID;`,
  ],
  ["contracts-rooms", "lib/contracts/bad-room.ts", `export { advance } from "../app/advance.ts";`],
  ["contracts-packages", "lib/contracts/bad-package.ts", `export { AwsClient } from "aws4fetch";`],
  ["contracts-node", "lib/contracts/bad-node.ts", `export { readFileSync } from "node:fs";`],
  ["ports-rooms", "lib/ports/bad-room.ts", `export type { dynamo } from "../aws/dynamo.ts";`],
  [
    "ports-packages",
    "lib/ports/bad-package.ts",
    `import type { ZodType } from "zod"; export type A = ZodType;`,
  ],
  [
    "ports-node",
    "lib/ports/bad-node.ts",
    `import type { Readable } from "node:stream"; export type A = Readable;`,
  ],
  ["app-rooms", "lib/app/bad-room.ts", `export { dynamo } from "../aws/dynamo.ts";`],
  ["app-packages", "lib/app/bad-package.ts", `export { SQSClient } from "@aws-sdk/client-sqs";`],
  ["app-node", "lib/app/bad-node.ts", `export { setTimeout } from "node:timers/promises";`],
  ["aws-rooms", "lib/aws/bad-room.ts", `export { advance } from "../app/advance.ts";`],
  ["aws-packages", "lib/aws/bad-package.ts", `export { Client } from "ssh2";`],
  ["console-rooms", "lib/console/bad-room.ts", `export { advance } from "../app/advance.ts";`],
  ["console-packages", "lib/console/bad-package.ts", `import * as z from "zod"; export const a = z;`],
  ["console-node", "lib/console/bad-node.ts", `export { readFileSync } from "node:fs";`],
  ["inventory-rooms", "lib/inventory/bad-room.ts", `export { advance } from "../app/advance.ts";`],
  ["inventory-packages", "lib/inventory/bad-package.ts", `export { Client } from "ssh2";`],
  ["inventory-node", "lib/inventory/bad-node.ts", `export { readFileSync } from "node:fs";`],
  ["drivers-rooms", "lib/drivers/bad-room.ts", `export const a = () => import("../app/advance.ts");`],
  ["drivers-packages", "lib/drivers/bad-package.ts", `export { SSMClient } from "@aws-sdk/client-ssm";`],
  ["agent-rooms", "lib/agent/bad-room.ts", `export { page } from "../console/page.ts";`],
  ["agent-packages", "lib/agent/bad-package.ts", `export { Client } from "ssh2";`],
  ["local-rooms", "lib/local/bad-room.ts", `export { handler } from "../../functions/steps.ts";`],
  ["local-rooms", "lib/local/bad-test.ts", `export { sample } from "../../test/sample.ts";`],
  ["local-packages", "lib/local/bad-package.ts", `export { SQSClient } from "@aws-sdk/client-sqs";`],
  ["functions-rooms", "functions/bad-room.ts", `export { api } from "../infra/api.ts";`],
  ["functions-packages", "functions/bad-package.ts", `export { Client } from "ssh2";`],
  ["clients-rooms", "clients/bad-room.ts", `export { shape } from "../lib/contracts/shape.ts";`],
  ["clients-packages", "clients/bad-package.ts", `import * as z from "zod"; export const a = z;`],
  ["infra-rooms", "infra/bad-room.ts", `export { plan } from "../lib/core/plan.ts";`],
  ["infra-packages", "infra/bad-package.ts", `import * as z from "zod"; export const a = z;`],
  ["no-cycles", "lib/core/bad-cycle.ts", `import type { B } from "./cycle.ts"; export type A = B | 1;`],
  ["nothing-unresolved", "lib/core/bad-path.ts", `export { gone } from "./gone.ts";`],
  ["functions-are-strangers", "functions/bad-stranger.ts", `export { handler } from "./steps.ts";`],
  ["functions-are-strangers", "functions/runtime/bad-way-back.ts", `export { handler } from "../steps.ts";`],
  ["functions-reach-no-hands", "functions/bad-reach.ts", `export { reach } from "../lib/app/reach.ts";`],
  ["agent-reaches-no-cloud", "lib/agent/bad-reach.ts", `export { reach } from "../drivers/reach.ts";`],
  ["agent-reaches-no-cloud", "lib/agent/bad-reach-sdk.ts", `export { sdk } from "../drivers/sdk.ts";`],
  [
    "only-aws-imports-the-sdk",
    "lib/local/bad-sdk.ts",
    `import type { SSMClient } from "@aws-sdk/client-ssm"; export type A = SSMClient;`,
  ],
];

/** What the planted files lead through. */
const accomplices = {
  "test/sample.ts": `export const sample = 1;`,
  "lib/core/cycle.ts": `import type { A } from "./bad-cycle.ts"; export type B = A | 2;`,
  "lib/app/reach.ts": `export const reach = () => import("../drivers/ipmi.ts");`,
  "lib/drivers/reach.ts": `export { advance as reach } from "../app/advance.ts";`,
  "lib/drivers/sdk.ts": `export { DynamoDBClient as sdk } from "@aws-sdk/client-dynamodb";`,
};

const planted = () =>
  plant({ ...sound, ...accomplices, ...Object.fromEntries(plants.map(([, file, text]) => [file, text])) });

const isReported = (cruise: Cruise, rule: string, file: string) =>
  cruise.findings.some((finding) => finding.rule === rule && finding.from === file);

describe("the arrows between the rooms", () => {
  test("a tree that uses all that the table allows has no violation, and every file of it is seen", async () => {
    const cruise = await cruiseTree(plant(sound));
    expect(cruise.findings).toEqual([]);
    expect(cruise.seen.toSorted()).toEqual(Object.keys(sound).toSorted());
  });

  test("every planted violation is reported by its rule, type-only and dynamic imports included", async () => {
    const cruise = await cruiseTree(planted());
    expect(plants.filter(([rule, file]) => !isReported(cruise, rule, file))).toEqual([]);
  });

  test("every rule has a violation planted here, and tells where the code belongs", async () => {
    const { advice } = await cruiseTree(plant(sound));
    const proved = new Set(plants.map(([rule]) => rule));
    expect([...proved].toSorted()).toEqual([...advice.keys()].toSorted());
    for (const [rule, text] of advice) expect(text.length, `the advice of ${rule}`).toBeGreaterThan(60);
  });

  test("this project has no violation, and no source file of it escapes the check (R66)", async () => {
    const cruise = await cruiseTree(projectRoot);
    expect(cruise.findings).toEqual([]);
    expect(cruise.files.length).toBeGreaterThan(0);
    expect(cruise.seen.length).toBeGreaterThanOrEqual(cruise.files.length);
    expect(cruise.files.filter((file) => !cruise.seen.includes(file))).toEqual([]);
  });
});

describe("npm run arch", () => {
  const arch = (root: string) =>
    spawnSync(process.execPath, [join(projectRoot, "test/arch/cruise.ts")], { cwd: root, encoding: "utf8" });

  test("fails when it saw nothing at all", () => {
    const { status, stdout } = arch(plant({ "lib/readme.md": "no code here" }));
    expect(stdout).toContain("0 modules seen");
    expect(status).toBe(1);
  });

  test("says how many modules it saw and passes on a sound tree", () => {
    const { status, stdout } = arch(plant(sound));
    expect(stdout).toContain(`${Object.keys(sound).length} modules seen`);
    expect(status).toBe(0);
  });

  test("names the rule, both files and where the code belongs, and fails", () => {
    const bad = { "lib/core/bad.ts": `export { page } from "../console/page.ts";` };
    const { status, stderr } = arch(plant({ ...sound, ...bad }));
    expect(stderr).toContain("core-rooms: lib/core/bad.ts → lib/console/page.ts");
    expect(stderr).toContain("move the code that fetches it to lib/app");
    expect(status).toBe(1);
  });
});

test("docs/contributing.md shows the table of rooms as the checker enforces it", async () => {
  const settings: unknown = await import(join(projectRoot, "dependency-cruiser.config.mjs"));
  const { roomsTable } = z
    .object({ roomsTable: z.function({ input: [], output: z.string() }) })
    .parse(settings);
  expect(readFileSync(join(projectRoot, "docs/contributing.md"), "utf8")).toContain(roomsTable());
});
