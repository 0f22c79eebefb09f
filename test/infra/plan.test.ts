/** The plan of what is deployed (lib/contracts/topology.ts) against the code of the functions. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { consumerTimeoutSeconds, visibilitySeconds } from "../../lib/contracts/queues.ts";
import { environments, functionNames, functions } from "../../lib/contracts/topology.ts";
import { codeOf, type Derived, derive, derivedFrom } from "./derive.ts";
import { environmentOf } from "./environment.ts";
import { permissionsOf } from "./report.ts";

const entries = readdirSync("functions", { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.startsWith("runtime"))
  .map((file) => file.replace(/[.]ts$/, ""));

/** What is in one list and not in the other. */
function difference(derived: Derived, planned: readonly string[]) {
  return {
    missing: derived.may.filter((each) => !planned.includes(each)),
    spare: planned.filter((each) => !derived.may.includes(each)),
  };
}

const none = { missing: [], spare: [] };

test("every entry point in functions/ is in the plan, and nothing else is", () => {
  expect(functionNames.toSorted()).toEqual(entries.toSorted());
});

describe.each(functionNames)("%s", (name) => {
  test("may do what its code does: nothing is missing, nothing spare", async () => {
    expect(difference(await derive(name), functions[name].may)).toEqual(none);
  });

  test("is told what its code reads", async () => {
    const { environments } = await derive(name);
    // The common one is part of every other that is read beside it.
    const own =
      environments.length > 1 ? environments.filter((each) => each !== "functionEnvironment") : environments;
    expect(own).toEqual([functions[name].environment]);
  });
});

describe("npm run infra:report", () => {
  test.each(functionNames)("says of %s which call of its code wants each permission", async (name) => {
    const lines = await permissionsOf(name);
    for (const each of functions[name].may)
      expect(
        lines.filter((line) => line.startsWith(`  may ${each} <- `) && line.includes("Command")),
      ).toHaveLength(1);
    expect(lines.filter((line) => /LACKS|SPARE/.test(line))).toEqual([]);
  });

  test.each(functionNames)("tells %s all that it reads, so that its bundle loads", (name) => {
    const shape = environments[functions[name].environment];
    expect(shape.safeParse(environmentOf(name)).error).toBeUndefined();
  });
});

describe("the derivation is no false green", () => {
  const sweep = 'sweepScope(app, "reservations")';
  const withCall = async (call: string) => {
    const code = await codeOf("watchdogs/reservations");
    expect(code).toContain(sweep);
    return derivedFrom(code.replace(sweep, `(${call}, ${sweep})`));
  };

  test.each([
    ['app.store.owned("reservation", "ada", 1, null)', "dynamodb:Query index/owner"],
    ['app.hands.answers("mi-1")', "ssm:ListCommandInvocations *"],
    ['app.hands.present(["mi-1"])', "ssm:DescribeInstanceInformation *"],
  ])("a sweep that also calls %s lacks %s", async (call, permission) => {
    expect(difference(await withCall(call), functions["watchdogs/reservations"].may).missing).toContain(
      permission,
    );
  });

  test("a call that is gone leaves its permission spare", async () => {
    const code = (await codeOf("watchdogs/labs")).replace("app.hands.present(", "nobody(");
    expect(difference(derivedFrom(code), functions["watchdogs/labs"].may)).toEqual({
      missing: [],
      spare: ["ssm:DescribeInstanceInformation *"],
    });
  });

  test("a call of the SDK outside of the adapters is refused", async () => {
    const code = await codeOf("events");
    const changed = code.replace(/await bus\d*\.publish/, "new DeleteItemCommand({}) && $&");
    expect(changed).not.toBe(code);
    expect(() => derivedFrom(changed)).toThrow("DeleteItemCommand");
  });
});

test("the agent calls nothing of AWS but what its lab's role allows: to send a message", () => {
  const files = readdirSync("lib/agent", { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map(({ parentPath, name }) => readFileSync(`${parentPath}/${name}`, "utf8"));
  const calls = files.flatMap((text) =>
    [...text.matchAll(/"x-amz-target": "([^"]+)"/g)].map(([, call]) => call),
  );
  expect(calls).toEqual(["AmazonSQS.SendMessage"]);
});

test("a message stays hidden for six times what its consumer may take", () => {
  for (const name of functionNames) {
    const { trigger, timeoutSeconds } = functions[name];
    if (trigger.kind === "queue") expect(timeoutSeconds).toBe(consumerTimeoutSeconds);
  }
  expect(visibilitySeconds).toBeGreaterThanOrEqual(6 * consumerTimeoutSeconds);
});
