/** What is deployed, as the real program makes it: every rule holds, and each is shown to catch a mistake. */
import { beforeAll, describe, expect, test } from "vitest";
import { automationActions } from "../../lib/contracts/automation.ts";
import { queueNames } from "../../lib/contracts/queues.ts";
import { type FunctionName, functionNames, functions } from "../../lib/contracts/topology.ts";
import { explainedIn } from "./access-rules.ts";
import { type Derived, derive } from "./derive.ts";
import { embeddedQueues, embeddedTable } from "./embedded.ts";
import { type Graph, graphOf, platformIsThere } from "./graph.ts";
import { functionsIn, queuesIn, tablesIn } from "./look.ts";
import { mistakes, planted } from "./mistakes.ts";
import { rules } from "./rules.ts";
import { wildcards } from "./wildcards.ts";

const settings = {
  RACKWRIGHT_LABS: "blue, green",
  RACKWRIGHT_JWT_ISSUER: "https://issuer.example.org",
  RACKWRIGHT_JWT_AUDIENCE: "rackwright",
  RACKWRIGHT_ROLE_CLAIMS: '{"claim": "cognito:groups"}',
  RACKWRIGHT_ALARM_EMAIL: "lab@example.org",
  RACKWRIGHT_MAIL_FROM: "rackwright@example.org",
};

describe.skipIf(!platformIsThere)("what is deployed (npm run test:infra installs SST's platform)", () => {
  const graphs = new Map<string, Graph>();
  const derived = new Map<FunctionName, Derived>();
  const graphFor = (stage: string): Graph => {
    const graph = graphs.get(stage);
    if (graph === undefined) throw new Error(`nothing was made of the stage ${stage}`);
    return graph;
  };

  beforeAll(async () => {
    for (const stage of ["dev", "production"]) graphs.set(stage, await graphOf(stage, settings));
    graphs.set("bare", await graphOf("bare", {}));
    for (const name of functionNames) derived.set(name, await derive(name));
  });

  test.each(["dev", "production"])("in %s, all that the plan names is there", (stage) => {
    const types = graphFor(stage).resources.map(({ type }) => type);
    const count = (wanted: string) => types.filter((type) => type === wanted).length;
    expect(count("aws:lambda/function:Function")).toBe(functionNames.length - 1);
    expect(count("aws:sqs/queue:Queue")).toBe(2 * queueNames.length);
    expect(count("aws:cloudwatch/eventTarget:EventTarget")).toBe(1);
    expect(count("aws:dynamodb/table:Table")).toBe(1);
    expect(count("aws:ssm/document:Document")).toBe(1 + automationActions(["blue"]).length);
    expect(count("aws:cloudwatch/eventBus:EventBus")).toBe(1);
    expect(count("aws:apigatewayv2/api:Api")).toBe(2);
  });

  describe.each(Object.entries(rules))("%s", (_, rule) => {
    test.each(["dev", "production", "bare"])("holds in %s", (stage) => {
      expect(rule(graphFor(stage), derived)).toEqual([]);
    });
  });

  test.each(mistakes)("caught: $what", (mistake) => {
    const before = graphFor("production");
    const after = planted(before, mistake);
    expect(JSON.stringify(after)).not.toBe(JSON.stringify(before));
    expect(mistake.rule(after, derived).join("\n")).toMatch(mistake.caught);
  });

  test("every rule is shown to catch something", () => {
    const shown = new Set(mistakes.map(({ rule }) => rule));
    expect(Object.values(rules).filter((rule) => !shown.has(rule))).toEqual([]);
  });

  test("no reason is given for a wildcard that is not there", () => {
    expect(explainedIn(graphFor("production"))).toEqual(wildcards);
  });

  test("production outlives its removal and keeps one of each watchdog at a time; a development stage goes away", () => {
    expect(graphFor("production").app).toMatchObject({ removal: "retain", protect: true });
    expect(graphFor("dev").app).toMatchObject({ removal: "remove", protect: false });
    const reserved = (stage: string) =>
      functionsIn(graphFor(stage)).filter(({ inputs }) => inputs.reservedConcurrentExecutions === 1);
    expect(reserved("production").map(({ inputs }) => inputs.name)).toEqual(
      functionNames
        .filter((name) => functions[name].trigger.kind === "minutely")
        .map((name) => `rackwright-production-${name.replaceAll("/", "-")}`),
    );
    expect(reserved("dev")).toEqual([]);
  });

  test("the embedded stack has the same queues: how long a message hides and is kept, and where it goes when it fails", async () => {
    const embedded = await embeddedQueues();
    const nameOf = (made: string) =>
      Object.keys(embedded).find((name) => made.toLowerCase() === `${name.replaceAll("-", "")}queue`) ?? made;
    const deployed = queuesIn(graphFor("production")).map(({ name, inputs }) => {
      const { visibilityTimeoutSeconds, messageRetentionSeconds, redrivePolicy } = inputs;
      const dead = redrivePolicy?.deadLetterTargetArn.split("/").at(-1);
      return [
        nameOf(name),
        {
          visibilitySeconds: visibilityTimeoutSeconds,
          keptSeconds: messageRetentionSeconds,
          redrive: dead === undefined ? null : [nameOf(dead), redrivePolicy?.maxReceiveCount],
        },
      ];
    });
    expect(Object.fromEntries(deployed)).toEqual(embedded);
  });

  test("the embedded stack has the same table, with the same indexes and stream", () => {
    expect(tablesIn(graphFor("production")).map(({ inputs }) => inputs)).toEqual([
      expect.objectContaining(embeddedTable()),
    ]);
  });

  test("without an issuer of tokens there is only the API that asks for signatures of IAM", () => {
    const apis = graphFor("bare").resources.filter(({ type }) => type === "aws:apigatewayv2/api:Api");
    expect(apis.map(({ name }) => name)).toEqual(["ApiByIam"]);
  });

  test("each lab is told how its controllers are activated, in its own role", () => {
    expect(graphFor("production").outputs["labs"]).toMatchObject({
      blue: {
        activate: expect.stringContaining("--iam-role rackwright-production-lab-blue"),
        parameters: "/rackwright/production/labs/blue/",
      },
    });
  });
});
