/**
 * Runs sst.config.ts as the SST command does, on Pulumi's mocks instead of AWS, and prints as JSON what resources it makes.
 * test/infra/graph.ts bundles it into .sst/platform, where SST has its packages; that is why it is no TypeScript of ours.
 */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { Bus } from "./src/components/aws/bus.ts";
import { CronV2 } from "./src/components/aws/cron-v2.ts";
import { Dynamo } from "./src/components/aws/dynamo.ts";
import { Queue } from "./src/components/aws/queue.ts";

const [stage = "dev"] = process.argv.slice(2);
const account = "123456789012";
const region = "eu-central-1";
const resources = [];

Object.assign(globalThis, {
  aws,
  sst: { aws: { Bus, CronV2, Dynamo, Queue } },
  $util: pulumi,
  $interpolate: pulumi.interpolate,
  $jsonStringify: pulumi.jsonStringify,
  $app: { name: "rackwright", stage, removal: "remove", providers: {}, protect: false },
  $dev: false,
  $cli: {
    paths: { root: process.cwd(), platform: `${process.cwd()}/.sst/platform` },
    state: { version: {} },
  },
  $config: (config) => config,
});

/** What AWS would say of a resource that it has made: its type and name are in it, to tell one from another. */
function said(type, name) {
  const [, service = "", kind = ""] = /^aws:(\w+)\/(\w+):/.exec(type) ?? [];
  const arn = `arn:aws:${service}:${region}:${account}:${kind}/${name}`;
  return {
    arn,
    url: `https://${service}.${region}.amazonaws.com/${account}/${name}`,
    streamArn: `${arn}/stream/2026`,
    executionArn: `arn:aws:execute-api:${region}:${account}:${name}`,
    apiEndpoint: `https://${name.toLowerCase()}.execute-api.${region}.amazonaws.com`,
    name,
  };
}

function answer({ token, inputs }) {
  switch (token) {
    case "aws:index/getCallerIdentity:getCallerIdentity":
      return { accountId: account };
    case "aws:index/getRegion:getRegion":
      return { region };
    case "aws:index/getPartition:getPartition":
      return { partition: "aws" };
    case "aws:iam/getPolicyDocument:getPolicyDocument":
      // Without the statements SST leaves the policy out.
      return { ...inputs, json: JSON.stringify({ Statement: inputs.statements }) };
    default:
      throw new Error(
        `the program asks AWS for ${token}: say in test/infra/graph-program.mjs what it is told`,
      );
  }
}

await pulumi.runtime.setMocks(
  {
    newResource: ({ type, name, inputs }) => {
      if (type.startsWith("aws:")) resources.push({ type, name, inputs });
      return { id: `${name}-id`, state: { ...said(type, name), ...inputs } };
    },
    call: answer,
  },
  "rackwright",
  stage,
);

const { default: config } = await import("rackwright:sst.config.ts");
const app = await config.app({ stage });
let outputs;
await pulumi.runtime.runInPulumiStack(async () => {
  outputs = await config.run();
});
await pulumi.runtime.disconnect();
const told = await new Promise((resolve) => pulumi.output(outputs).apply(resolve));
// It is longer than a pipe takes at once.
const text = `${JSON.stringify({ app, resources, outputs: told })}\n`;
await new Promise((resolve) => process.stdout.write(text, resolve));
