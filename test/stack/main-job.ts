/** Runs `npm start` as a person does, in a folder of its own, and reads what it prints. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, onTestFailed } from "vitest";
import * as z from "zod";
import { tokenFrom } from "../../lib/local/issuer.ts";
import { pickPort } from "../../lib/local/rack/ports.ts";
import { rackFile } from "../../lib/local/rack/store.ts";

const root = join(import.meta.dirname, "../..");

export const jobEvent = z.looseObject({
  event: z.string().optional(),
  node: z.string().optional(),
  reservation: z.string().nullish(),
  state: z.string().optional(),
  from: z.string().optional(),
  to: z.string().optional(),
  phase: z.string().nullish(),
  why: z.string().optional(),
  correction: z.string().nullish(),
  nodes: z.number().optional(),
  readySeconds: z.number().nullish(),
  correctiveReboots: z.number().optional(),
  reason: z.string().optional(),
  text: z.string().optional(),
});
export type JobEvent = z.infer<typeof jobEvent>;

export interface Run {
  readonly child: ChildProcess;
  /** What it wrote for people. */
  said(): string;
  readonly events: JobEvent[];
  /** Resolves when an event fits; rejects when the run ends without one. */
  until(fits: (event: JobEvent) => boolean): Promise<JobEvent>;
  readonly ended: Promise<{ code: number | null; last: JobEvent | undefined; stderr: string }>;
}

export class Place {
  readonly data = mkdtempSync(join(tmpdir(), "rackwright-test-"));
  readonly runs: Run[] = [];
  port = 0;
  private readonly tokens = new Map<string, string>();

  async start(...parameters: readonly string[]): Promise<Run> {
    if (this.port === 0) this.port = await pickPort(new Set());
    const run = start(["--json", "--data", this.data, "--port", String(this.port), ...parameters]);
    this.runs.push(run);
    return run;
  }

  get api(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** As an operator, unless somebody else is named. */
  async ask(
    path: string,
    init: RequestInit = {},
    subject = "tests",
    groups = ["operator"],
  ): Promise<Response> {
    const name = [subject, ...groups].join();
    const token = this.tokens.get(name) ?? (await tokenFrom(this.api, subject, groups));
    this.tokens.set(name, token);
    const headers = { "content-type": "application/json", authorization: `Bearer ${token}`, ...init.headers };
    return fetch(`${this.api}${path}`, { ...init, headers });
  }

  async get<T>(path: string): Promise<T> {
    const text = await (await this.ask(path)).text();
    return JSON.parse(text);
  }

  settings(): { ports: Record<string, number>; bmc: { username: string; password: string } } {
    return JSON.parse(readFileSync(join(this.data, "settings.json"), "utf8"));
  }

  processes(): Record<string, { pid: number }> {
    return JSON.parse(readFileSync(join(this.data, "processes.json"), "utf8"));
  }

  /** What really happened to the machines, by their own record. */
  async rackLog(): Promise<
    { node: string; log: { kind: string; installation?: string; matches?: boolean; change?: string }[] }[]
  > {
    const rack = rackFile.parse(JSON.parse(readFileSync(join(this.data, "rack", "rack.json"), "utf8")));
    return rack.nodes.map(({ id }) => ({
      node: id,
      log: readLog(join(this.data, "rack", "logs", `${id}.jsonl`)),
    }));
  }

  /** What a test that failed leaves for whoever reads of it: how each run ended. */
  explain(): void {
    for (const { events, child, said } of this.runs) {
      const tail = events.slice(-12).map((event) => JSON.stringify(event));
      const how = `exit code ${child.exitCode}, signal ${child.signalCode}`;
      process.stderr.write(`\n--- a run, ${how}\n${said()}\n${tail.join("\n")}\n`);
    }
  }

  /** Ends whatever is left, the rack too. */
  async clean(): Promise<void> {
    for (const { child } of this.runs) child.kill("SIGTERM");
    await Promise.all(this.runs.map(({ ended }) => ended));
    for (const file of ["processes.json", "rack/rack.json"]) {
      try {
        const value = JSON.parse(readFileSync(join(this.data, file), "utf8"));
        for (const pid of "pid" in value
          ? [value.pid]
          : Object.entries(value)
              .flatMap(([name, each]) => (name === "main" ? [] : [each]))
              .map((each) => z.looseObject({ pid: z.int() }).parse(each).pid)) {
          process.kill(pid, "SIGKILL");
        }
      } catch {
        // Nothing is left of it.
      }
    }
    rmSync(this.data, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** Places for the tests of a file; each is cleaned when its test has ended. */
export function usePlaces(): () => Place {
  const places: Place[] = [];
  afterEach(async () => {
    await Promise.all(places.splice(0).map((each) => each.clean()));
  });
  return () => {
    const made = new Place();
    places.push(made);
    onTestFailed(() => made.explain());
    return made;
  };
}

function readLog(file: string) {
  try {
    return readFileSync(file, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
  } catch {
    // A machine to which nothing happened has no log.
    return [];
  }
}

export function start(parameters: readonly string[]): Run {
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", "lib/local/main.ts", ...parameters],
    { cwd: root, stdio: ["ignore", "pipe", "pipe"] },
  );
  const events: JobEvent[] = [];
  const waiting = new Set<() => void>();
  let [rest, stderr, over] = ["", "", false];
  const wake = () => {
    for (const each of waiting) each();
  };
  child.stdout.on("data", (chunk) => {
    const lines = `${rest}${chunk}`.split("\n");
    rest = lines.pop() ?? "";
    events.push(...lines.map((line) => jobEvent.parse(JSON.parse(line))));
    wake();
  });
  child.stderr.on("data", (chunk) => {
    stderr += String(chunk);
  });
  const ended = new Promise<{ code: number | null; last: JobEvent | undefined; stderr: string }>(
    (resolve) => {
      child.once("close", (code) => {
        over = true;
        wake();
        resolve({ code, last: events.at(-1), stderr });
      });
    },
  );
  return {
    child,
    said: () => stderr,
    events,
    ended,
    until: (fits) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = events.find(fits);
          if (found === undefined && !over) return;
          waiting.delete(look);
          if (found !== undefined) resolve(found);
          else reject(new Error(`the run ended before that: ${stderr}\n${JSON.stringify(events.slice(-3))}`));
        };
        waiting.add(look);
        look();
      }),
  };
}
