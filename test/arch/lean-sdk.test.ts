/** What the bundles leave out of the AWS SDK is nothing that a function does. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { build } from "esbuild";
import { expect, onTestFinished, test } from "vitest";
import { budgetKb } from "../../bench/cold/budgets.ts";
import { leanSdk, leanShapes, recognisedErrors } from "../../lean-sdk.config.ts";
import { functionNames } from "../../lib/contracts/topology.ts";
import { plant, projectRoot } from "./skeleton.ts";

test.each(functionNames)("the bundle of %s keeps its budget", (name) => {
  const file = join(projectRoot, "dist/functions", `${name}.mjs`);
  expect(existsSync(file), `${file} is missing: npm run build`).toBe(true);
  expect(Math.ceil(statSync(file).size / 1024)).toBeLessThanOrEqual(budgetKb[name]);
});

test("every error of the SDK that an adapter names is kept", async () => {
  const folder = join(projectRoot, "lib/aws");
  const texts = readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8"));
  const imports = texts.flatMap((text) => [
    ...text.matchAll(/import \{([^}]*)\} from "(@aws-sdk\/client-[a-z0-9-]+)"/g),
  ]);
  const named: string[] = [];
  for (const [, names = "", client = ""] of imports) {
    const exported: Readonly<Record<string, unknown>> = await import(client);
    for (const name of names.split(",").map((each) => each.trim())) {
      const value = exported[name];
      if (typeof value === "function" && value.prototype instanceof Error) named.push(name);
    }
  }
  expect(new Set(named)).toEqual(new Set(recognisedErrors));
});

test("a page of shapes loses errors that nobody recognises, and keys that stand for constants, and nothing else", () => {
  const page = `const _e = "error";
export var InvalidInstanceId$ = [-3, n0, _III, { [_e]: _c }, [], []];
n0_registry.registerError(InvalidInstanceId$, InvalidInstanceId);
export var AlreadyExistsException$ = [-3, n0, _AEE, { [_e]: _c }, [], []];
n0_registry.registerError(AlreadyExistsException$, AlreadyExistsException);
`;
  expect(leanShapes(page)).toBe(`const _e = "error";
export var InvalidInstanceId$ = [-3, n0, _III, { "error": _c }, [], []];
n0_registry.registerError(InvalidInstanceId$, InvalidInstanceId);
export var AlreadyExistsException$ = [-3, n0, _AEE, { "error": _c }, [], []];

`);
});

/** The adapters' calls in a lean bundle, against a server that answers each with this error. */
async function errorOf(type: string): Promise<{ name: string; message: string; recognised: boolean }> {
  const root = plant({
    "entry.ts": `import { InvalidInstanceId, SendCommandCommand, SSMClient } from "@aws-sdk/client-ssm";
      export async function send(endpoint) {
        const client = new SSMClient({ endpoint, region: "us-east-1", maxAttempts: 1 });
        try { await client.send(new SendCommandCommand({ DocumentName: "d" })); }
        catch (error) {
          return { name: error.name, message: error.message, recognised: error instanceof InvalidInstanceId };
        }
      }`,
  });
  const server = createServer((_, response) => {
    response.writeHead(400, { "content-type": "application/x-amz-json-1.1" });
    response.end(JSON.stringify({ __type: type, message: "because" }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address: AddressInfo | string | null = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const outfile = join(root, "out.mjs");
  await build({
    entryPoints: [join(root, "entry.ts")],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    mainFields: ["module", "main"],
    minify: true,
    plugins: [leanSdk],
    logLevel: "silent",
  });
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: "from-environment", AWS_SECRET_ACCESS_KEY: "local" });
  const { send } = await import(outfile);
  return send(`http://127.0.0.1:${port}`);
}

test("a recognised error has its class; any other has its name and its message", async () => {
  expect(await errorOf("InvalidInstanceId")).toEqual({
    name: "InvalidInstanceId",
    message: "because",
    recognised: true,
  });
  expect(await errorOf("ThrottlingException")).toEqual({
    name: "ThrottlingException",
    message: "because",
    recognised: false,
  });
  expect(await errorOf("MaxDocumentSizeExceeded")).toEqual({
    name: "MaxDocumentSizeExceeded",
    message: "because",
    recognised: false,
  });
});
