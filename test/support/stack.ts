/** Pieces of the embedded stack for tests: started on free ports, ended with the test file. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { documentClient } from "../../lib/aws/clients.ts";
import { ensureTable } from "../../lib/aws/table.ts";
import { dynamoDbProgram } from "../../lib/local/dynamodb.ts";
import { pickPort } from "../../lib/local/rack/ports.ts";

export function useFakeCredentials(): void {
  Object.assign(process.env, {
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "tests",
    AWS_SECRET_ACCESS_KEY: "local",
  });
}

export const temporaryFolder = (): { readonly path: string; readonly remove: () => void } => {
  const path = mkdtempSync(join(tmpdir(), "rackwright-test-"));
  return {
    path,
    remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }),
  };
};

/** Waits until it holds; gives up only where something hangs. */
export async function eventually(
  holds: () => Promise<boolean> | boolean,
  what: string,
  patienceMs = 20_000,
): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`${what} did not happen`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export interface TestTable {
  readonly client: DynamoDBDocumentClient;
  readonly table: string;
  /** What the database keeps on disk. */
  readonly file: string;
  stop(): void;
}

export async function startDynamoDb(): Promise<TestTable> {
  useFakeCredentials();
  const folder = temporaryFolder();
  const port = await pickPort(new Set());
  const { file: program, parameters } = dynamoDbProgram();
  const file = join(folder.path, "db.sqlite");
  const child: ChildProcess = spawn(program, [...parameters(port, file)], {
    stdio: "ignore",
  });
  process.env["AWS_ENDPOINT_URL_DYNAMODB"] = `http://127.0.0.1:${port}`;
  await eventually(
    () =>
      fetch(`http://127.0.0.1:${port}`).then(
        () => true,
        () => false,
      ),
    "DynamoDB",
  );
  const client = documentClient();
  await ensureTable(client, "Test");
  return {
    client,
    table: "Test",
    file,
    stop: () => {
      child.kill("SIGKILL");
      folder.remove();
    },
  };
}
