/**
 * Standard queues on SQLite: at least once, per-message delay, visibility, redrive. A send is acknowledged when its commit
 * is; a message that is being handled comes back when its visibility ends. Time is passed in.
 */
import { randomUUID } from "node:crypto";
import { DatabaseSync } from "node:sqlite";

/** An error with the name that AWS gives it (Amazon SQS API Reference, Errors). */
export class SqsError extends Error {
  readonly type: string;
  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

export interface MessageAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
  readonly BinaryValue?: string;
}

export interface NewMessage {
  readonly body: string;
  readonly attributes: Readonly<Record<string, MessageAttribute>>;
  readonly delaySeconds: number | null;
  readonly group: string | null;
  readonly sender: string;
}

export interface Received {
  readonly id: string;
  readonly receipt: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, MessageAttribute>>;
  readonly group: string | null;
  readonly sender: string;
  readonly sentAt: number;
  readonly firstReceivedAt: number;
  readonly receives: number;
  readonly deadFrom: string | null;
}

export type QueueAttributes = Record<string, string>;

const defaults: QueueAttributes = {
  DelaySeconds: "0",
  MaximumMessageSize: "1048576",
  MessageRetentionPeriod: "345600",
  ReceiveMessageWaitTimeSeconds: "0",
  VisibilityTimeout: "30",
};
const account = "000000000000";
export const arnOf = (name: string): string => `arn:aws:sqs:us-east-1:${account}:${name}`;

const longestDelaySeconds = 900;

export type Queues = ReturnType<typeof openQueues>;

export function openQueues(file: string, now: () => number) {
  const db = new DatabaseSync(file);
  db.exec(`
    PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS queue (name TEXT PRIMARY KEY, attributes TEXT NOT NULL, created INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS message (
      seq INTEGER PRIMARY KEY, queue TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, attributes TEXT NOT NULL,
      grp TEXT, sender TEXT NOT NULL, sent INTEGER NOT NULL, visible INTEGER NOT NULL, receives INTEGER NOT NULL DEFAULT 0,
      first INTEGER, receipt TEXT, dead_from TEXT);
    CREATE INDEX IF NOT EXISTS message_visible ON message (queue, visible);
    CREATE INDEX IF NOT EXISTS message_receipt ON message (receipt);`);
  const sql = {
    queue: db.prepare("SELECT attributes, created FROM queue WHERE name = ?"),
    queues: db.prepare("SELECT name FROM queue WHERE name LIKE ? ESCAPE '\\' ORDER BY name"),
    putQueue: db.prepare("INSERT OR REPLACE INTO queue (name, attributes, created) VALUES (?, ?, ?)"),
    send: db.prepare(
      "INSERT INTO message (queue, id, body, attributes, grp, sender, sent, visible) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    ),
    ready: db.prepare("SELECT * FROM message WHERE queue = ? AND visible <= ? ORDER BY visible LIMIT ?"),
    take: db.prepare(
      "UPDATE message SET visible = ?, receives = receives + 1, first = coalesce(first, ?), receipt = ? WHERE seq = ?",
    ),
    remove: db.prepare("DELETE FROM message WHERE queue = ? AND receipt = ?"),
    visibility: db.prepare("UPDATE message SET visible = ? WHERE queue = ? AND receipt = ?"),
    kill: db.prepare(
      "UPDATE message SET queue = ?, visible = ?, receives = 0, receipt = NULL, dead_from = ? WHERE seq = ?",
    ),
    count: db.prepare(
      "SELECT sum(visible <= ?) AS ready, sum(visible > ? AND receives > 0) AS flying, sum(visible > ? AND receives = 0) AS delayed FROM message WHERE queue = ?",
    ),
    next: db.prepare("SELECT min(visible) AS at FROM message WHERE queue = ?"),
    purge: db.prepare("DELETE FROM message WHERE queue = ?"),
    revive: db.prepare(
      "UPDATE message SET queue = ?, visible = ?, receives = 0, receipt = NULL, dead_from = NULL WHERE queue = ?",
    ),
  };
  const attributesOf = (name: string): QueueAttributes => {
    const row = sql.queue.get(name);
    if (row === undefined)
      throw new SqsError("QueueDoesNotExist", `The specified queue does not exist: ${name}`);
    return { ...defaults, ...JSON.parse(String(row["attributes"])) };
  };

  function transaction<T>(work: () => T): T {
    db.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      db.exec("COMMIT");
      return result;
    } catch (error) {
      db.exec("ROLLBACK");
      throw error;
    }
  }

  const redriveOf = (attributes: QueueAttributes): { target: string; after: number } | null => {
    const text = attributes["RedrivePolicy"];
    if (text === undefined || text === "") return null;
    const policy: { deadLetterTargetArn: string; maxReceiveCount: number | string } = JSON.parse(text);
    return {
      target: policy.deadLetterTargetArn.split(":").at(-1) ?? "",
      after: Number(policy.maxReceiveCount),
    };
  };

  return {
    create: (name: string, attributes: QueueAttributes): void => {
      if (!/^[A-Za-z0-9_-]{1,80}$/.test(name)) {
        throw new SqsError(
          "InvalidParameterValue",
          "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
        );
      }
      const known = sql.queue.get(name);
      sql.putQueue.run(name, JSON.stringify(attributes), Number(known?.["created"] ?? now()));
    },
    exists: (name: string): boolean => sql.queue.get(name) !== undefined,
    names: (prefix: string): string[] =>
      sql.queues.all(`${prefix.replaceAll(/[\\%_]/g, "\\$&")}%`).map((row) => String(row["name"])),
    attributes: (name: string): QueueAttributes => {
      const attributes = attributesOf(name);
      const at = now();
      const counts = sql.count.get(at, at, at, name);
      return {
        ...attributes,
        QueueArn: arnOf(name),
        ApproximateNumberOfMessages: String(counts?.["ready"] ?? 0),
        ApproximateNumberOfMessagesNotVisible: String(counts?.["flying"] ?? 0),
        ApproximateNumberOfMessagesDelayed: String(counts?.["delayed"] ?? 0),
      };
    },
    setAttributes: (name: string, change: QueueAttributes): void => {
      const row = sql.queue.get(name);
      attributesOf(name);
      sql.putQueue.run(
        name,
        JSON.stringify({ ...JSON.parse(String(row?.["attributes"])), ...change }),
        Number(row?.["created"]),
      );
    },
    sourcesOf: (dead: string): string[] =>
      sql.queues
        .all("%")
        .map((row) => String(row["name"]))
        .filter((name) => redriveOf(attributesOf(name))?.target === dead),
    send: (name: string, messages: readonly NewMessage[]): string[] => {
      const attributes = attributesOf(name);
      for (const { delaySeconds, body } of messages) {
        if (delaySeconds !== null && (delaySeconds < 0 || delaySeconds > longestDelaySeconds)) {
          throw new SqsError(
            "InvalidParameterValue",
            `Value ${delaySeconds} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.`,
          );
        }
        if (body === "")
          throw new SqsError("MissingParameter", "The request must contain the parameter MessageBody.");
        if (Buffer.byteLength(body) > Number(attributes["MaximumMessageSize"])) {
          throw new SqsError(
            "InvalidParameterValue",
            "One or more parameters are invalid. Reason: Message must be shorter than the queue's MaximumMessageSize.",
          );
        }
      }
      return transaction(() =>
        messages.map(({ body, attributes: given, delaySeconds, group, sender }) => {
          const id = randomUUID();
          const at = now();
          const delay = (delaySeconds ?? Number(attributes["DelaySeconds"])) * 1000;
          sql.send.run(name, id, body, JSON.stringify(given), group, sender, at, at + delay);
          return id;
        }),
      );
    },
    receive: (name: string, most: number, visibilitySeconds: number | null): Received[] => {
      const attributes = attributesOf(name);
      const at = now();
      const rows = sql.ready.all(name, at, most);
      if (rows.length === 0) return [];
      const redrive = redriveOf(attributes);
      const visibility = (visibilitySeconds ?? Number(attributes["VisibilityTimeout"])) * 1000;
      return transaction(() =>
        rows.flatMap((row) => {
          const seq = Number(row["seq"]);
          const receives = Number(row["receives"]) + 1;
          if (redrive !== null && receives > redrive.after) {
            sql.kill.run(redrive.target, at, name, seq);
            return [];
          }
          const receipt = randomUUID();
          sql.take.run(at + visibility, at, receipt, seq);
          return [
            {
              id: String(row["id"]),
              receipt,
              body: String(row["body"]),
              attributes: JSON.parse(String(row["attributes"])),
              group: row["grp"] === null ? null : String(row["grp"]),
              sender: String(row["sender"]),
              sentAt: Number(row["sent"]),
              firstReceivedAt: Number(row["first"] ?? at),
              receives,
              deadFrom: row["dead_from"] === null ? null : String(row["dead_from"]),
            },
          ];
        }),
      );
    },
    remove: (name: string, receipts: readonly string[]): void => {
      attributesOf(name);
      transaction(() => {
        for (const receipt of receipts) sql.remove.run(name, receipt);
      });
    },
    changeVisibility: (name: string, receipt: string, visibleSeconds: number): void => {
      attributesOf(name);
      const { changes } = sql.visibility.run(now() + visibleSeconds * 1000, name, receipt);
      if (changes === 0) throw new SqsError("ReceiptHandleIsInvalid", "The input receipt handle is invalid.");
    },
    /** When the next message becomes visible, for a poller that waits. */
    nextAt: (name: string): number | null => {
      const at = sql.next.get(name)?.["at"];
      return at === null || at === undefined ? null : Number(at);
    },
    purge: (name: string): void => {
      attributesOf(name);
      sql.purge.run(name);
    },
    /** Moves everything in a dead-letter queue back to where it came from, or to the named queue. */
    redrive: (dead: string, to: string): void => {
      attributesOf(to);
      sql.revive.run(to, now(), dead);
    },
    close: (): void => db.close(),
  };
}
