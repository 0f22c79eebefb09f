/** The daemon: takes commands from `run`, executes them, reports, and is the lab's boot service. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { delivery, type Receipt } from "../contracts/command.ts";
import { explain } from "../contracts/scalars.ts";
import type { CommandResult } from "../core/command.ts";
import { instant } from "../core/time.ts";
import { newKeyPair } from "../drivers/os/ssh.ts";
import { powerDrivers } from "../drivers/power/registry.ts";
import { act, observePower, type Tools } from "./act.ts";
import { startBootService } from "./boot-service.ts";
import { createBoots } from "./boots.ts";
import type { AgentConfig } from "./config.ts";
import { createExecutor, type Executor } from "./executor.ts";
import { createImages } from "./images.ts";
import { judge } from "./intake.ts";
import { type Journal, openJournal } from "./journal.ts";
import { createReports } from "./reports.ts";
import { readSecret } from "./secrets.ts";
import { listen, socketOf } from "./socket.ts";

/** On SIGTERM what runs may end and be reported; this bounds the reporting, `mustEnd` bounds the running. */
const reportPatienceMs = 5_000;

type Log = (message: string, details: Readonly<Record<string, unknown>>) => void;

export async function serve(config: AgentConfig): Promise<void> {
  const {
    controller,
    lab,
    stateDir,
    secretsDir,
    bootFilesDir,
    imageStoreUrl,
    listen: address,
    limits,
  } = config;
  const log: Log = (message, details) => {
    process.stderr.write(
      `${JSON.stringify({ at: new Date().toISOString(), controller, message, ...details })}\n`,
    );
  };
  const now = () => Date.now();
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const journal = await openJournal(stateDir, now, (message) => log(message, {}));
  const key = managementKey(stateDir);
  const reports = createReports({ journal, controller, queue: config.reports, log });
  const boots = createBoots({
    journal,
    publicUrl: config.publicUrl,
    managementKey: key.public,
    now,
    report: reports.beacon,
  });
  const images = createImages(join(stateDir, "images"), imageStoreUrl);
  const tools: Tools = {
    powerDrivers,
    secret: (name) => readSecret(secretsDir, name),
    boots,
    images,
    state: journal.state,
    privateKey: key.private,
  };
  const executor = createExecutor({
    journal,
    act: (command, action, before, signal) => act(tools, command, action, before, signal),
    observe: (command, signal) => observePower(tools, command, signal),
    report: reports.command,
    now,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    atOnce: limits.commandsAtOnce,
    log,
  });
  const bootService = await startBootService({ ...address, boots, images, bootFilesDir, log });
  executor.recover();
  let stopping = false;
  const closeSocket = await listen(socketOf(stateDir), async (body) => {
    if (stopping) throw new Error("the agent is stopping and takes nothing new");
    return JSON.stringify(await take(body, { journal, executor, report: reports.command, lab, now, log }));
  });
  log("ready", { lab, port: bootService.port, commands: journal.state.commands.size });

  await new Promise<void>((resolve) => process.once("SIGTERM", resolve));
  stopping = true;
  log("stopping: what runs may end", {});
  await executor.drain();
  await reports.stop(reportPatienceMs);
  await Promise.all([closeSocket(), bootService.stop()]);
  await journal.close();
  process.exit(0);
}

interface Intake {
  readonly journal: Journal;
  readonly executor: Executor;
  readonly report: (result: CommandResult) => void;
  readonly lab: AgentConfig["lab"];
  readonly now: () => number;
  readonly log: Log;
}

/** One command that is refused does not hold up the others of its delivery. */
async function take(body: string, { journal, executor, report, lab, now, log }: Intake): Promise<Receipt> {
  const parsed = delivery.safeParse(JSON.parse(body));
  if (!parsed.success) throw new Error(explain(parsed.error));
  const receipts: Receipt["commands"] = [];
  for (const given of parsed.data.commands) {
    const verdict = judge(given, journal.state, lab, instant(now()));
    switch (verdict.verdict) {
      case "accepted":
        await journal.append({ t: "accepted", command: verdict.command });
        await executor.abort(verdict.aborts, `superseded by command ${verdict.command.id}`);
        executor.add(verdict.command);
        receipts.push({ verdict: "accepted", id: verdict.command.id });
        break;
      case "known":
        // Asking again is how the control plane gets a report that was lost on its way.
        if (verdict.result !== null) report(verdict.result);
        receipts.push({ verdict: "known", id: verdict.command.id, status: verdict.status });
        break;
      case "refused":
        if (verdict.result !== null) report(verdict.result);
        log("command refused", { command: verdict.id, reason: verdict.reason });
        receipts.push({ verdict: "refused", id: verdict.id, reason: verdict.reason });
        break;
    }
  }
  return { schema: "rackwright.receipt/1", commands: receipts };
}

/** The key with which the agent logs in to the systems that it installed: made once, on the controller, for itself. */
function managementKey(stateDir: string): { private: string; public: string } {
  const file = join(stateDir, "management-key");
  if (!existsSync(file)) {
    const pair = newKeyPair("rackwright");
    writeFileSync(`${file}.pub`, `${pair.public}\n`);
    writeFileSync(file, pair.private, { mode: 0o600 });
  }
  return { private: readFileSync(file, "utf8"), public: readFileSync(`${file}.pub`, "utf8").trim() };
}
