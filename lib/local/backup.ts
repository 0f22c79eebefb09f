/**
 * `npm run backup` and `npm run restore`: the table of a data directory, saved while everything runs, and put back while
 * nothing does. What became of the machines in between is not in a backup, so that every node comes back offline
 * (docs/operations.md).
 */
import { spawn } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, renameSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";
import { operate } from "../app/operate.ts";
import { outbox } from "../app/outbox.ts";
import { everyLab } from "../app/sweep.ts";
import { documentClient } from "../aws/clients.ts";
import { ids, systemClock } from "../aws/clock.ts";
import { dynamoStore } from "../aws/dynamo-store.ts";
import { ensureTable } from "../aws/table.ts";
import { defaultPolicy } from "../core/correction/policy.ts";
import { shipped } from "../core/provisioning/registry.ts";
import { tableName } from "./cloud-main.ts";
import { dynamoDbProgram } from "./dynamodb.ts";
import { layoutOf } from "./layout.ts";
import { memoryHands } from "./memory/hands.ts";
import { memoryQueue } from "./memory/queue.ts";
import { pickPort } from "./rack/ports.ts";
import { holderOf } from "./stack.ts";

export class BackupError extends Error {
  override readonly name = "BackupError";
}

/** The table as it is at one moment, into a file that is not there yet. Whoever writes meanwhile is not held up. */
export function backUp(data: string, file: string): void {
  if (existsSync(file)) throw new BackupError(`--file: ${file} is there already: name another one`);
  const { database } = layoutOf(data);
  if (!existsSync(database)) throw new BackupError(`--data: ${data} has no table`);
  const source = new DatabaseSync(database, { timeout: 10_000 });
  try {
    source.prepare("VACUUM INTO ?").run(file);
  } finally {
    source.close();
  }
  chmodSync(file, 0o600);
}

/** Answers with what was done to each lab. The table that was there before is kept beside the new one. */
export async function restore(data: string, file: string): Promise<readonly string[]> {
  const layout = layoutOf(data);
  const holder = holderOf(layout);
  if (holder !== null) throw new BackupError(`--data: ${data} is in use by process ${holder}: stop it first`);
  if (!existsSync(file)) throw new BackupError(`--file: there is no ${file}`);
  const { database, streamPosition } = layout;
  if (existsSync(database)) renameSync(database, `${database}.before-restore`);
  for (const rest of ["-wal", "-shm"]) rmSync(`${database}${rest}`, { force: true });
  copyFileSync(file, database);
  // The stream counts anew from where the backup was: what it holds is told again.
  rmSync(streamPosition, { force: true });
  return reconcile(database, `restored from the backup ${file} at ${new Date().toISOString()}`);
}

/** Nothing is sent: no node is touched before somebody has looked at it. */
async function reconcile(database: string, reason: string): Promise<readonly string[]> {
  const port = await pickPort(new Set());
  const { file, parameters } = dynamoDbProgram();
  const child = spawn(file, [...parameters(port, database)], { stdio: "ignore" });
  try {
    const endpoint = `http://127.0.0.1:${port}`;
    await untilItAnswers(endpoint);
    Object.assign(process.env, {
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "restore",
      AWS_SECRET_ACCESS_KEY: "local",
      AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    });
    const client = documentClient();
    await ensureTable(client, tableName, { stream: true });
    const quiet = { info: () => {}, warn: () => {}, error: () => {} };
    const sending = { hands: memoryHands([]), queue: memoryQueue(), clock: systemClock, log: quiet };
    const store = dynamoStore({ client, table: tableName });
    const app = {
      ...sending,
      store,
      ids,
      policy: defaultPolicy,
      modules: shipped,
      outbox: outbox(sending),
    };
    const said: string[] = [];
    await everyLab(app, async ({ id: target }) => {
      const request = { action: "restored", target, reason, actor: "restore", request: null } as const;
      said.push((await operate(app, request, () => Number.POSITIVE_INFINITY)).text);
    });
    return said;
  } finally {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
  }
}

const patienceMs = 10_000;

async function untilItAnswers(endpoint: string): Promise<void> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    try {
      await fetch(endpoint);
      return;
    } catch (cause) {
      if (Date.now() > deadline) throw new BackupError("the database did not come up", { cause });
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }
}

const usage = `npm run backup  -- --file FILE [--data DIR]   save the table, while everything runs or not
npm run restore -- --file FILE [--data DIR]   put it back, while nothing runs: every node comes back offline
`;

async function main([verb, ...rest]: readonly string[]): Promise<void> {
  const { file, data } = parseArgs({
    args: rest,
    options: { file: { type: "string" }, data: { type: "string", default: ".rackwright" } },
  }).values;
  if (file === undefined) throw new BackupError(usage);
  if (verb === "backup") {
    backUp(data, file);
    process.stdout.write(`the table of ${data} is saved in ${file}\n`);
  } else {
    for (const line of await restore(data, file)) process.stdout.write(`${line}\n`);
    process.stdout.write("Look at the nodes, then put them online: docs/operations.md\n");
  }
}

if (import.meta.main) {
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`rackwright: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof BackupError ? 2 : 1;
  }
}
