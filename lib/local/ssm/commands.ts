/**
 * What SSM Run Command keeps: commands, one invocation per machine with what was told of each step, delivery at least once,
 * answers that come late (aws.md §1). On SQLite, so that killing the server loses no command. Time and ids are passed in.
 */
import { randomUUID } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { type Registration, registration, type StepReply, stepReply } from "./wire.ts";

const invocationStatuses = ["Pending", "InProgress", "Success", "Failed", "TimedOut", "Cancelled"] as const;
export type InvocationStatus = (typeof invocationStatuses)[number];

export interface Step {
  readonly name: string;
  readonly told: StepReply;
}

export interface Invocation {
  readonly command: string;
  readonly instance: string;
  readonly document: string;
  readonly comment: string;
  readonly parameters: Readonly<Record<string, readonly string[]>>;
  readonly status: InvocationStatus;
  readonly details: string;
  /** Why the agent refused the document as a whole; empty otherwise. */
  readonly trace: string;
  /** In the order in which they were told of. */
  readonly steps: readonly Step[];
  readonly requestedAt: number;
  /** Not delivered any more after this. */
  readonly expiresAt: number;
}

export interface Machine {
  readonly instance: string;
  readonly about: Registration;
  readonly seenAt: number;
}

/** What the agent said of a document that has ended. */
export interface Ending {
  readonly status: InvocationStatus;
  readonly details: string;
  readonly trace: string;
}

/** Grows with the tables below: what an earlier one wrote is forgotten, and sent anew by whoever still waits for it. */
const tablesVersion = 2;
const tables = `
  CREATE TABLE IF NOT EXISTS machine (instance TEXT PRIMARY KEY, about TEXT NOT NULL, seen INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS invocation (
    seq INTEGER PRIMARY KEY, command TEXT NOT NULL, instance TEXT NOT NULL, document TEXT NOT NULL, comment TEXT NOT NULL,
    parameters TEXT NOT NULL, status TEXT NOT NULL, details TEXT NOT NULL, trace TEXT NOT NULL DEFAULT '',
    requested INTEGER NOT NULL, expires INTEGER NOT NULL, ends INTEGER NOT NULL, acknowledged INTEGER NOT NULL DEFAULT 0,
    deliver INTEGER, UNIQUE (command, instance));
  CREATE INDEX IF NOT EXISTS invocation_deliver ON invocation (instance, deliver) WHERE deliver IS NOT NULL;
  CREATE TABLE IF NOT EXISTS step (
    seq INTEGER PRIMARY KEY, command TEXT NOT NULL, instance TEXT NOT NULL, name TEXT NOT NULL, told TEXT NOT NULL,
    UNIQUE (command, instance, name));`;

export type Commands = ReturnType<typeof openCommands>;

export function openCommands(file: string, now: () => number, newId: () => string = randomUUID) {
  const db = new DatabaseSync(file);
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
  if (db.prepare("PRAGMA user_version").get()?.["user_version"] !== tablesVersion) {
    db.exec("DROP TABLE IF EXISTS machine; DROP TABLE IF EXISTS invocation; DROP TABLE IF EXISTS step;");
  }
  db.exec(`${tables} PRAGMA user_version = ${tablesVersion};`);
  const sql = {
    seen: db.prepare("UPDATE machine SET seen = ? WHERE instance = ?"),
    register: db.prepare(
      "INSERT INTO machine VALUES (?, ?, ?) ON CONFLICT (instance) DO UPDATE SET about = json_patch(about, excluded.about), seen = excluded.seen",
    ),
    machine: db.prepare("SELECT * FROM machine WHERE instance = ?"),
    machines: db.prepare("SELECT * FROM machine ORDER BY instance"),
    add: db.prepare(
      "INSERT INTO invocation (command, instance, document, comment, parameters, status, details, requested, expires, ends, deliver) VALUES (?, ?, ?, ?, ?, 'Pending', 'Pending', ?, ?, ?, ?)",
    ),
    ready: db.prepare("SELECT * FROM invocation WHERE instance = ? AND deliver <= ? ORDER BY seq LIMIT ?"),
    delivered: db.prepare("UPDATE invocation SET deliver = ? WHERE seq = ?"),
    acknowledge: db.prepare(
      "UPDATE invocation SET acknowledged = 1, deliver = iif(?, deliver, NULL) WHERE command = ? AND instance = ?",
    ),
    begin: db.prepare(
      "UPDATE invocation SET status = 'InProgress', details = 'InProgress' WHERE command = ? AND instance = ? AND status = 'Pending'",
    ),
    step: db.prepare(
      "INSERT INTO step (command, instance, name, told) VALUES (?, ?, ?, ?) ON CONFLICT (command, instance, name) DO UPDATE SET told = excluded.told",
    ),
    steps: db.prepare("SELECT * FROM step WHERE command = ? AND instance = ? ORDER BY seq"),
    end: db.prepare(
      "UPDATE invocation SET status = ?, details = ?, trace = ?, deliver = iif(acknowledged, deliver, NULL) WHERE command = ? AND instance = ?",
    ),
    expire: db.prepare(
      "UPDATE invocation SET status = 'TimedOut', details = 'Delivery Timed Out', deliver = NULL WHERE status IN ('Pending', 'InProgress') AND iif(acknowledged, ends, expires) <= ?",
    ),
    find: db.prepare("SELECT * FROM invocation WHERE command = ? AND instance = ?"),
    list: db.prepare(
      "SELECT * FROM invocation WHERE (?1 IS NULL OR command = ?1) AND (?2 IS NULL OR instance = ?2) ORDER BY seq DESC LIMIT 50",
    ),
    cancel: db.prepare(
      "UPDATE invocation SET status = 'Cancelled', details = 'Cancelled', deliver = NULL WHERE command = ? AND status IN ('Pending', 'InProgress') AND NOT acknowledged",
    ),
  };
  type Row = Record<string, unknown>;
  const stepsOf = (command: string, instance: string): Step[] =>
    sql.steps
      .all(command, instance)
      .map((row) => ({ name: String(row["name"]), told: stepReply.parse(JSON.parse(String(row["told"]))) }));
  const invocationOf = (row: Row): Invocation => ({
    command: String(row["command"]),
    instance: String(row["instance"]),
    document: String(row["document"]),
    comment: String(row["comment"]),
    parameters: JSON.parse(String(row["parameters"])),
    status: statusOf(String(row["status"])),
    details: String(row["details"]),
    trace: String(row["trace"]),
    steps: stepsOf(String(row["command"]), String(row["instance"])),
    requestedAt: Number(row["requested"]),
    expiresAt: Number(row["expires"]),
  });
  const machineOf = (row: Row): Machine => ({
    instance: String(row["instance"]),
    about: registration.parse(JSON.parse(String(row["about"]))),
    seenAt: Number(row["seen"]),
  });

  return {
    seen: (instance: string): void => {
      sql.seen.run(now(), instance);
    },
    /** What it says now is added to what it said before: the first words of an agent that restarts are few. */
    register: (about: Registration): void => {
      sql.register.run(about.InstanceId, JSON.stringify(about), now());
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
      /** How long the document may run, after it was delivered. */
      executionSeconds: number;
    }): string => {
      const command = newId();
      const at = now();
      const expires = at + input.timeoutSeconds * 1000;
      const ends = expires + input.executionSeconds * 1000;
      const { document, comment } = input;
      for (const instance of input.instances) {
        const parameters = JSON.stringify(input.parameters);
        sql.add.run(command, instance, document, comment, parameters, at, expires, ends, at);
      }
      return command;
    },
    /** What is to be delivered to a machine now; each comes again, when it is not hidden any more, until it is acknowledged. */
    deliver: (instance: string, most: number, hiddenMs: number): Invocation[] => {
      const at = now();
      sql.expire.run(at);
      const rows = sql.ready.all(instance, at, most);
      for (const row of rows) sql.delivered.run(at + hiddenMs, Number(row["seq"]));
      return rows.map(invocationOf);
    },
    acknowledge: (command: string, instance: string, deliverAgain: boolean): void => {
      sql.begin.run(command, instance);
      sql.acknowledge.run(deliverAgain ? 1 : 0, command, instance);
    },
    /** What the agent says of the document. The steps add up over its replies; an end is an end, and nothing reopens it. */
    tell: (
      command: string,
      instance: string,
      steps: readonly Step[],
      ending: Ending | null,
      ignoreLate: boolean,
    ): void => {
      const invocation = find(command, instance);
      if (invocation === null) return;
      const late = invocation.details === "Delivery Timed Out";
      const open = late ? !ignoreLate : ["Pending", "InProgress"].includes(invocation.status);
      if (!open) return;
      sql.begin.run(command, instance);
      for (const { name, told } of steps) sql.step.run(command, instance, name, JSON.stringify(told));
      if (ending !== null) sql.end.run(ending.status, ending.details, ending.trace, command, instance);
    },
    find,
    list: (command: string | null, instance: string | null): Invocation[] => {
      sql.expire.run(now());
      return sql.list.all(command, instance).map(invocationOf);
    },
    cancel: (command: string): void => {
      sql.cancel.run(command);
    },
    close: (): void => db.close(),
  };

  function find(command: string, instance: string): Invocation | null {
    sql.expire.run(now());
    const row = sql.find.get(command, instance);
    return row === undefined ? null : invocationOf(row);
  }
}

function statusOf(text: string): InvocationStatus {
  const status = invocationStatuses.find((each) => each === text);
  if (status === undefined) throw new Error(`the SSM store holds the unknown status ${text}`);
  return status;
}
