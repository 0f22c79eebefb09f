/**
 * Reports on their way out: kept on disk until the queue has them, sent in order, tried again for ever. Progress is not
 * worth that: only the newest of each boot is kept, in memory, and sent now and then. A beacon that says no more than which
 * phase a boot has reached waits as long for something to travel with. Outbound only (R52, R53).
 */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { AwsClient } from "aws4fetch";
import type { Found } from "../contracts/found.ts";
import { isPatient, type Report } from "../contracts/report.ts";
import type { Beacon, CommandResult } from "../core/command.ts";
import type { Sighting } from "../core/console/console.ts";
import type { ControllerId, LabId } from "../core/ids.ts";
import { instant } from "../core/time.ts";
import type { CloudClock } from "./clock.ts";
import type { AgentConfig } from "./config.ts";
import type { Journal } from "./journal.ts";

export interface ReportsSettings {
  readonly journal: Journal;
  readonly controller: ControllerId;
  readonly lab: LabId;
  readonly queue: AgentConfig["reports"];
  readonly clock: CloudClock;
  /** All but results is given up, oldest first, when more than this waits. Results never are. */
  readonly mostKept: number;
  /** Progress is told so often, and a phase half as late again at the latest. */
  readonly progressEveryMs: number;
  readonly log: (message: string, details: Readonly<Record<string, unknown>>) => void;
}

export interface Reports {
  command(result: CommandResult): void;
  beacon(beacon: Beacon, kind: "kept" | "volatile"): void;
  console(sighting: Sighting): void;
  found(found: Found): void;
  /** Sends what there is, as far as the queue can be reached within that time. */
  stop(patienceMs: number): Promise<void>;
  counts(): { readonly waiting: number; readonly sent: number; readonly dropped: number };
}

const mostPerMessage = 20;
/** Bursts share a message; a lone report hardly waits. */
const gatherMs = 15;
/** What comes while nothing waits is found by then at the latest, and progress is looked for so often. */
const idleMs = 1000;
const shortestPauseMs = 250;
const longestPauseMs = 30_000;
/** Says that the agent is there and which journal it keeps, and hears the time (lib/agent/clock.ts). */
const aliveEveryMs = 4 * 60_000;
/** So many are given up at a time, so that giving up is rare. */
const dropAtOnce = 100;

export function createReports({
  journal,
  controller,
  lab,
  queue,
  clock,
  mostKept,
  progressEveryMs,
  log,
}: ReportsSettings): Reports {
  let aliveAt = Number.NEGATIVE_INFINITY;
  let [sent, dropped] = [0, 0];
  const progress = new Map<string, Beacon>();
  let progressSentAt = 0;
  let wake: () => void = () => {};
  let stopping = false;
  let idle = true;

  async function post(reports: readonly Report[]): Promise<void> {
    const { accessKeyId, secretAccessKey, sessionToken } = credentials();
    const client = new AwsClient({
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
      service: "sqs",
      region: queue.region,
      retries: 0,
    });
    const sentAt = Date.now();
    const response = await client.fetch(queue.endpoint, {
      method: "POST",
      headers: { "content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS.SendMessage" },
      body: JSON.stringify({
        QueueUrl: queue.queueUrl,
        // A fair queue: a lab that floods it does not make the others wait (Amazon SQS Developer Guide, “Fair queues”).
        MessageGroupId: lab,
        MessageBody: JSON.stringify({
          schema: "rackwright.reports/1",
          controller,
          journal: journal.id,
          reports,
        }),
      }),
      signal: AbortSignal.timeout(10_000),
    });
    const text = await response.text();
    clock.heard(response.headers.get("date"), sentAt);
    if (!response.ok) throw new Error(`the reports queue answered ${response.status}: ${text.slice(0, 300)}`);
  }

  async function sendSome(): Promise<boolean> {
    const kept = [...journal.state.spool].sort(([a], [b]) => a - b).slice(0, mostPerMessage - 1);
    const due = kept.length > 0 || Date.now() - progressSentAt >= progressEveryMs;
    const newest =
      due && kept.length < mostPerMessage - 1
        ? [...progress.values()].slice(0, mostPerMessage - 1 - kept.length)
        : [];
    const alive = isAliveDue();
    const reports: Report[] = [
      ...(alive ? [{ kind: "alive", lab, at: instant(Date.now()) } as const] : []),
      ...kept.map(([, report]) => report),
      ...newest.map((each) => ({ kind: "beacon", beacon: each }) as const),
    ];
    if (reports.length === 0) return false;
    await post(reports);
    sent += reports.length;
    if (alive) aliveAt = performance.now();
    for (const each of newest) if (progress.get(each.node) === each) progress.delete(each.node);
    if (newest.length > 0) progressSentAt = Date.now();
    const last = kept.at(-1)?.[0];
    if (last !== undefined) await journal.append({ t: "sent", seq: last });
    return true;
  }

  /** Whether there is something that others are waiting for, or that has waited long enough. */
  function isRipe(): boolean {
    const now = Date.now();
    for (const report of journal.state.spool.values())
      if (stopping || !isPatient(report) || now - report.beacon.at >= 1.5 * progressEveryMs) return true;
    return isAliveDue() || (progress.size > 0 && now - progressSentAt >= progressEveryMs);
  }

  const isAliveDue = (): boolean => performance.now() - aliveAt >= aliveEveryMs;

  async function loop(): Promise<void> {
    let wait = shortestPauseMs;
    for (;;) {
      const waiting = isRipe();
      if (stopping && journal.state.spool.size === 0) return;
      idle = !waiting;
      await pause(waiting ? gatherMs : Math.min(idleMs, Math.max(gatherMs, progressEveryMs / 4)));
      try {
        if (isRipe()) await sendSome();
        wait = shortestPauseMs;
      } catch (error) {
        log("reports are kept until the queue can be reached", {
          waiting: journal.state.spool.size,
          error: String(error),
        });
        await pause(wait * (0.5 + Math.random()));
        wait = Math.min(longestPauseMs, 2 * wait);
      }
    }
  }

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        if (!idle) return;
        clearTimeout(timer);
        resolve();
      };
    });

  const keep = (report: Report): void => {
    journal.append({ t: "report", seq: journal.state.lastSeq + 1, report }).catch((error: unknown) => {
      log("a report could not be written to disk", { error: String(error) });
    });
    wake();
    if (report.kind !== "command" && journal.state.spool.size > mostKept) giveUpOldest();
  };

  function giveUpOldest(): void {
    const beacons = [...journal.state.spool]
      .filter(([, { kind }]) => kind !== "command")
      .slice(0, dropAtOnce);
    if (beacons.length === 0) return;
    dropped += beacons.length;
    log("the oldest beacons and found machines are given up: the queue cannot be reached", {
      given: beacons.length,
      kept: journal.state.spool.size,
    });
    journal.append({ t: "dropped", seqs: beacons.map(([seq]) => seq) }).catch((error: unknown) => {
      log("a report could not be written to disk", { error: String(error) });
    });
  }

  const sending = loop();
  return {
    command: (result) => keep({ kind: "command", result }),
    beacon: (beacon, kind) => {
      if (kind === "kept") {
        progress.delete(beacon.node);
        return keep({ kind: "beacon", beacon });
      }
      // The first of a while is told after that while, like all others: it travels with the phases before it.
      if (progress.size === 0 && Date.now() - progressSentAt > progressEveryMs) progressSentAt = Date.now();
      progress.set(beacon.node, beacon);
      wake();
    },
    console: (sighting) => keep({ kind: "console", sighting }),
    found: (found) => keep({ kind: "found", found }),
    counts: () => ({ waiting: journal.state.spool.size, sent, dropped }),
    stop: async (patienceMs) => {
      stopping = true;
      wake();
      await Promise.race([sending, new Promise((resolve) => setTimeout(resolve, patienceMs))]);
    },
  };
}

/** From the environment, else from the file that the SSM agent keeps fresh: read every time, since it changes. */
function credentials(): { accessKeyId: string; secretAccessKey: string; sessionToken?: string } {
  const { AWS_ACCESS_KEY_ID: key, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = process.env;
  if (key !== undefined && secret !== undefined) {
    return {
      accessKeyId: key,
      secretAccessKey: secret,
      ...(token === undefined ? {} : { sessionToken: token }),
    };
  }
  const file = process.env["AWS_SHARED_CREDENTIALS_FILE"] ?? join(homedir(), ".aws", "credentials");
  const section = /\[default\]([^[]*)/.exec(readFileSync(file, "utf8"))?.[1] ?? "";
  const value = (name: string) => new RegExp(`^\\s*${name}\\s*=\\s*(\\S+)`, "m").exec(section)?.[1];
  const [accessKeyId, secretAccessKey, sessionToken] = [
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
  ].map(value);
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new Error(`${file} has no aws_access_key_id and aws_secret_access_key under [default]`);
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}
