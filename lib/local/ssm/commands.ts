/**
 * What SSM Run Command keeps: commands, one invocation per machine, delivery at least once, statuses and answers that come
 * late (aws.md §1). On SQLite, so that killing the server loses no command. Time is passed in.
 */
import { randomUUID } from "node:crypto";
import { DatabaseSync } from "node:sqlite";

export type InvocationStatus = "Pending" | "InProgress" | "Success" | "Failed" | "TimedOut" | "Cancelled";

export interface Invocation {
  readonly command: string;
  readonly instance: string;
  readonly document: string;
  readonly comment: string;
  readonly parameters: Readonly<Record<string, readonly string[]>>;
  readonly status: InvocationStatus;
  readonly details: string;
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly requestedAt: number;
  /** Not delivered any more after this. */
  readonly expiresAt: number;
}

export interface Machine {
  readonly instance: string;
  readonly agentVersion: string;
  readonly seenAt: number;
}

/** A delivery that is not acknowledged is made again after this. */
const redeliverMs = 10_000;

export type Commands = ReturnType<typeof openCommands>;

export function openCommands(file: string, now: () => number) {
  const db = new DatabaseSync(file);
  db.exec(`
    PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS machine (instance TEXT PRIMARY KEY, agent TEXT NOT NULL, seen INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS invocation (
      seq INTEGER PRIMARY KEY, command TEXT NOT NULL, instance TEXT NOT NULL, document TEXT NOT NULL, comment TEXT NOT NULL,
      parameters TEXT NOT NULL, status TEXT NOT NULL, details TEXT NOT NULL, code INTEGER NOT NULL DEFAULT -1,
      stdout TEXT NOT NULL DEFAULT '', stderr TEXT NOT NULL DEFAULT '', requested INTEGER NOT NULL, expires INTEGER NOT NULL,
      deliver INTEGER, UNIQUE (command, instance));
    CREATE INDEX IF NOT EXISTS invocation_deliver ON invocation (instance, deliver) WHERE deliver IS NOT NULL;`);
  const sql = {
    seen: db.prepare(
      "INSERT INTO machine VALUES (?, ?, ?) ON CONFLICT (instance) DO UPDATE SET agent = coalesce(nullif(excluded.agent, ''), agent), seen = excluded.seen",
    ),
    machine: db.prepare("SELECT * FROM machine WHERE instance = ?"),
    machines: db.prepare("SELECT * FROM machine ORDER BY instance"),
    add: db.prepare(
      "INSERT INTO invocation (command, instance, document, comment, parameters, status, details, requested, expires, deliver) VALUES (?, ?, ?, ?, ?, 'Pending', 'Pending', ?, ?, ?)",
    ),
    ready: db.prepare("SELECT * FROM invocation WHERE instance = ? AND deliver <= ? ORDER BY seq LIMIT ?"),
    delivered: db.prepare("UPDATE invocation SET deliver = ? WHERE seq = ?"),
    acknowledge: db.prepare(
      "UPDATE invocation SET deliver = NULL, status = iif(status = 'Pending', 'InProgress', status), details = iif(details = 'Pending', 'InProgress', details) WHERE command = ? AND instance = ?",
    ),
    reply: db.prepare(
      "UPDATE invocation SET status = ?, details = ?, code = ?, stdout = ?, stderr = ?, deliver = NULL WHERE command = ? AND instance = ?",
    ),
    expire: db.prepare(
      "UPDATE invocation SET status = 'TimedOut', details = 'Delivery Timed Out', deliver = NULL WHERE deliver IS NOT NULL AND expires <= ?",
    ),
    find: db.prepare("SELECT * FROM invocation WHERE command = ? AND instance = ?"),
    list: db.prepare(
      "SELECT * FROM invocation WHERE (?1 IS NULL OR command = ?1) AND (?2 IS NULL OR instance = ?2) ORDER BY seq DESC LIMIT 50",
    ),
    cancel: db.prepare(
      "UPDATE invocation SET status = 'Cancelled', details = 'Cancelled', deliver = NULL WHERE command = ? AND deliver IS NOT NULL",
    ),
  };
  type Row = Record<string, unknown>;
  const invocationOf = (row: Row): Invocation => ({
    command: String(row["command"]),
    instance: String(row["instance"]),
    document: String(row["document"]),
    comment: String(row["comment"]),
    parameters: JSON.parse(String(row["parameters"])),
    status: statusOf(String(row["status"])),
    details: String(row["details"]),
    code: Number(row["code"]),
    stdout: String(row["stdout"]),
    stderr: String(row["stderr"]),
    requestedAt: Number(row["requested"]),
    expiresAt: Number(row["expires"]),
  });
  const machineOf = (row: Row): Machine => ({
    instance: String(row["instance"]),
    agentVersion: String(row["agent"]),
    seenAt: Number(row["seen"]),
  });

  return {
    seen: (instance: string, agentVersion = ""): void => {
      sql.seen.run(instance, agentVersion, now());
    },
    machine: (instance: string): Machine | null => {
      const row = sql.machine.get(instance);
      return row === undefined ? null : machineOf(row);
    },
    machines: (): Machine[] => sql.machines.all().map(machineOf),
    send: (input: {
      instances: readonly string[];
      document: string;
      comment: string;
      parameters: Record<string, string[]>;
      timeoutSeconds: number;
    }): string => {
      const command = randomUUID();
      const at = now();
      for (const instance of input.instances) {
        sql.add.run(
          command,
          instance,
          input.document,
          input.comment,
          JSON.stringify(input.parameters),
          at,
          at + input.timeoutSeconds * 1000,
          at,
        );
      }
      return command;
    },
    /** What is to be delivered to a machine now; each comes again until it is acknowledged. */
    deliver: (instance: string, most: number): Invocation[] => {
      const at = now();
      sql.expire.run(at);
      const rows = sql.ready.all(instance, at, most);
      for (const row of rows) sql.delivered.run(at + redeliverMs, Number(row["seq"]));
      return rows.map(invocationOf);
    },
    acknowledge: (command: string, instance: string): void => {
      sql.acknowledge.run(command, instance);
    },
    /** An answer counts whenever it comes, after a time-out too. */
    reply: (
      command: string,
      instance: string,
      status: InvocationStatus,
      details: string,
      code: number,
      stdout: string,
      stderr: string,
    ): void => {
      sql.reply.run(
        status,
        details,
        code,
        stdout.slice(0, 24_000),
        stderr.slice(0, 8_000),
        command,
        instance,
      );
    },
    find: (command: string, instance: string): Invocation | null => {
      sql.expire.run(now());
      const row = sql.find.get(command, instance);
      return row === undefined ? null : invocationOf(row);
    },
    list: (command: string | null, instance: string | null): Invocation[] => {
      sql.expire.run(now());
      return sql.list.all(command, instance).map(invocationOf);
    },
    cancel: (command: string): void => {
      sql.cancel.run(command);
    },
    close: (): void => db.close(),
  };
}

const statuses: readonly InvocationStatus[] = [
  "Pending",
  "InProgress",
  "Success",
  "Failed",
  "TimedOut",
  "Cancelled",
];

function statusOf(text: string): InvocationStatus {
  const status = statuses.find((each) => each === text);
  if (status === undefined) throw new Error(`the SSM store holds the unknown status ${text}`);
  return status;
}
