/** The daemon: takes commands from `run`, executes them, reports, and is the lab's boot service. */
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { CommandResult } from "../core/command.ts";
import { branded, isJournalId } from "../core/ids.ts";
import { consoleDrivers } from "../drivers/console/registry.ts";
import { guestDrivers } from "../drivers/os/registry.ts";
import { powerDrivers } from "../drivers/power/registry.ts";
import { pause } from "../drivers/power/verified.ts";
import { toolRoom } from "../drivers/tool.ts";
import { act, observePower, secretVersion, type Tools } from "./act.ts";
import { socketOf } from "./ask.ts";
import { startBootService } from "./boot-service.ts";
import { createBoots } from "./boots.ts";
import { createBreaker } from "./breaker.ts";
import { createCaptures } from "./captures.ts";
import { cloudClock } from "./clock.ts";
import { type AgentConfig, patternsOf } from "./config.ts";
import { consoleDir, createConsoles } from "./consoles/consoles.ts";
import { look } from "./consoles/look.ts";
import { createCopies } from "./copies.ts";
import { createDiscovery } from "./discovery.ts";
import { createExecutor } from "./executor.ts";
import { createImages } from "./images.ts";
import { openJournal } from "./journal.ts";
import { endLeftovers } from "./leftovers.ts";
import { certifiedKey, managementKey } from "./management-key.ts";
import type { Health } from "./metrics.ts";
import { createReports } from "./reports.ts";
import { secretsIn } from "./secrets.ts";
import { listen } from "./socket.ts";
import { take } from "./take.ts";

/** On SIGTERM what runs may end and be reported; this bounds the reporting, `mustEnd` bounds the running. */
const reportPatienceMs = 5_000;
const dayMs = 86_400_000;

type Log = (message: string, details: Readonly<Record<string, unknown>>) => void;

/** What the daemon works with; a bench gives drivers whose hardware answers at once. */
export type Drivers = Pick<Tools, "powerDrivers" | "guestDrivers">;

export async function serve(
  config: AgentConfig,
  drivers: Drivers = { powerDrivers, guestDrivers },
): Promise<void> {
  const { controller, lab, stateDir, limits } = config;
  const log: Log = (message, details) => {
    process.stderr.write(
      `${JSON.stringify({ at: new Date().toISOString(), controller, message, ...details })}\n`,
    );
  };
  const now = () => Date.now();
  const monotonic = () => performance.now();
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const journal = await openJournal({
    dir: stateDir,
    now,
    newId: () => branded(isJournalId, randomBytes(8).toString("hex")),
    warn: (message) => log(message, {}),
    failed: (error) => {
      // Nothing may be touched whose intent cannot be kept: whoever keeps this daemon running starts it anew.
      log("the journal cannot be written: ending", { error: String(error) });
      process.exit(1);
    },
  });
  const left = endLeftovers(journal.id);
  if (left > 0) log("ended what an earlier daemon had left running", { processGroups: left });

  const key = managementKey(stateDir);
  const clock = cloudClock(now, monotonic);
  const reports = createReports({
    journal,
    controller,
    lab,
    queue: config.reports,
    clock,
    mostKept: limits.reportsKept,
    progressEveryMs: 1000 * limits.progressSeconds,
    log,
  });
  const discovery = createDiscovery({ journal, lab, now, report: reports.found });
  const boots = createBoots({
    journal,
    publicUrl: config.publicUrl,
    peers: config.peers,
    managementKey: key.public,
    now,
    distrosDir: config.distrosDir,
    templatesDir: config.templatesDir,
    report: reports.beacon,
    asked: (node) => consoles.asked(node),
    ...(config.discovery ? { discovery } : {}),
  });
  const images = createImages(join(stateDir, "images"), config.imageStoreUrl);
  const captures = createCaptures({
    dir: join(stateDir, "captures"),
    images,
    done: boots.captured,
    failed: boots.notCaptured,
  });
  const room = toolRoom({ atOnce: limits.toolsAtOnce, mark: journal.id });
  const breaker = createBreaker({ journal, now, random: Math.random });
  const secrets = secretsIn(config.secretsDir);
  const consoles = createConsoles({
    dir: consoleDir(stateDir),
    drivers: consoleDrivers,
    limits: config.consoles,
    patterns: patternsOf(config),
    scriptsDir: config.consoleScriptsDir,
    secrets,
    breaker,
    tool: room.run,
    mark: journal.id,
    shared: config.peers.length > 0,
    current: boots.current,
    report: reports.console,
    now,
    log,
  });
  const tools: Tools = {
    ...drivers,
    secrets,
    helpersDir: join(stateDir, "helpers"),
    who: `rackwright-agent/${controller}`,
    scriptsDir: config.scriptsDir,
    buildersDir: config.buildersDir,
    switchDriversDir: config.switchDriversDir,
    biosDriversDir: config.biosDriversDir,
    testsDir: config.testsDir,
    tool: room.run,
    boots,
    images,
    consoles,
    copies: createCopies(join(stateDir, "copies"), images),
    state: journal.state,
    privateKey: key.private,
    certified: () => certifiedKey(stateDir, room.run),
  };
  const ended: Record<string, number> = {};
  const report = (result: CommandResult): void => {
    ended[result.status] = (ended[result.status] ?? 0) + 1;
    reports.command(result);
  };
  const executor = createExecutor({
    journal,
    act: (command, action, before, leave, heard) => act(tools, command, action, before, leave, heard),
    observe: (command, signal) => observePower(tools, command, signal),
    secretVersion: (command) => secretVersion(tools, command),
    clock,
    breaker,
    report,
    now,
    monotonic,
    sleep: pause,
    atOnce: limits.commandsAtOnce,
    log,
  });
  const health = (): Health => ({
    ...executor.counts(),
    toolsRunning: room.counts().running,
    toolsWaiting: room.counts().waiting,
    breakersOpen: breaker.counts().open,
    domainsResting: breaker.counts().resting,
    consolesListening: consoles.counts().listening,
    consolesKnown: consoles.counts().known,
    reportsWaiting: reports.counts().waiting,
    reportsSent: reports.counts().sent,
    reportsDropped: reports.counts().dropped,
    journalBytes: journal.bytes(),
    clockOffsetMs: clock.offsetMs(),
    clockDistrust: clock.distrust(),
    ended,
    residentBytes: process.memoryUsage.rss(),
  });
  const bootService = await startBootService({
    ...config.listen,
    boots,
    images,
    captures,
    discovery,
    bootFilesDir: config.bootFilesDir,
    health,
    log,
  });
  executor.recover();
  const forgetImages = (): void => {
    try {
      const files = images.forget(new Date(now() - limits.unusedImageDays * dayMs));
      if (files > 0) log("dropped images that no node was given for long", { files });
    } catch (error) {
      log("images that no node was given for long are still here", { error: String(error) });
    }
  };
  forgetImages();
  const forgetsDaily = setInterval(forgetImages, dayMs);
  let stopping = false;
  const closeSocket = await listen(socketOf(stateDir), async (body) => {
    if (stopping) throw new Error("the agent is stopping and takes nothing new");
    return JSON.stringify(
      await take(body, {
        journal,
        executor,
        report: reports.command,
        look: (command) => look(consoles, command, now()),
        lab,
        now,
        log,
      }),
    );
  });
  log("ready", { lab, journal: journal.id, port: bootService.port, commands: journal.state.commands.size });

  await new Promise<void>((resolve) => {
    process.on("SIGTERM", () => {
      if (!stopping) return resolve();
      log("stopping at once: what runs is ended", executor.counts());
      executor.kill();
    });
  });
  stopping = true;
  clearInterval(forgetsDaily);
  log("stopping: what runs may end", executor.counts());
  await executor.drain();
  await consoles.stop();
  await reports.stop(reportPatienceMs);
  await Promise.all([closeSocket(), bootService.stop()]);
  await journal.close();
  process.exit(0);
}
