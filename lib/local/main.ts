/** `npm start`: the main job, end to end on one machine. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { ids } from "../aws/clock.ts";
import type { LabFile } from "../contracts/lab-file.ts";
import type { ReservationView } from "../contracts/reservation-views.ts";
import { explain } from "../contracts/scalars.ts";
import { problemText, readLabFile } from "../inventory/read.ts";
import { ApiError, apiClient } from "./cli/api-client.ts";
import { follow, isAtRest, isHandedOver, type MainJob, prepareLab, resultOf } from "./cli/main-job.ts";
import { help, type Options, readOptions, UsageError } from "./cli/options.ts";
import { jsonReporter, plainReporter, type Reporter, terminalReporter } from "./cli/reporter.ts";
import { makeDemoImage } from "./demo-image.ts";
import { ImageError } from "./image-formats.ts";
import { importImage } from "./image-store.ts";
import { type Layout, layoutOf, settle, userKey, writeAtomically } from "./layout.ts";
import { rackMachines } from "./rack/config.ts";
import { missingFor, qemuIn, rackKindOf } from "./rack/kinds.ts";
import { isFree } from "./rack/ports.ts";
import { labNetworkOf, networkMissing } from "./rack/qemu/network.ts";
import { holderOf, type Stack, StackError, startStack } from "./stack.ts";

const root = join(import.meta.dirname, "../..");
const watchdogSeconds = 5;
const user = "student";
const reservationMinutes = 60;

function readLab({ lab, count, hangs, deadBmcs }: Options): LabFile {
  let text: string;
  try {
    text = readFileSync(lab, "utf8");
  } catch (error) {
    throw new UsageError(`--lab: ${error instanceof Error ? error.message : String(error)}`);
  }
  const reading = readLabFile(text);
  if (!reading.ok) {
    const [first] = reading.problems;
    const more = reading.problems.length > 1 ? ` (and ${reading.problems.length - 1} more)` : "";
    throw new UsageError(`--lab: ${first === undefined ? lab : problemText(lab, first)}${more}`);
  }
  const { file } = reading.read;
  const { nodes } = file;
  const named: [string, string][] = [
    ...hangs.map(({ node }): [string, string] => ["--hang", node]),
    ...deadBmcs.map((node): [string, string] => ["--dead-bmc", node]),
  ];
  for (const [option, node] of named) {
    if (!nodes.some(({ id }) => id === node))
      throw new UsageError(`${option}: lab ${file.lab} has no node ${node}`);
  }
  if (count > nodes.length)
    throw new UsageError(`--count: lab ${file.lab} has ${nodes.length} nodes, ${count} are wanted`);
  return file;
}

/** Undefined: what the lab says. */
function readMachines({ machines }: Options): z.infer<typeof rackMachines> | undefined {
  if (machines === null) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(machines, "utf8"));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--machines: ${machines} is not JSON: ${why}`);
  }
  const parsed = rackMachines.safeParse(value);
  if (!parsed.success) throw new UsageError(`--machines: ${machines}: ${explain(parsed.error)}`);
  return parsed.data;
}

/** The programs are built anew: it takes less than a second, and what runs is what is in the tree. */
function buildPrograms(): void {
  const built = spawnSync(process.execPath, ["esbuild.config.ts"], { cwd: root, encoding: "utf8" });
  if (built.status !== 0) throw new StackError(`the build failed:\n${built.stdout}${built.stderr}`);
}

async function main(options: Options): Promise<number> {
  const startedAt = Date.now();
  const reporter = reporterFor(options, startedAt);
  const lab = readLab(options);
  const layout = layoutOf(options.data);
  const holder = holderOf(layout);
  if (holder !== null)
    throw new UsageError(`--data: ${options.data} is in use by process ${holder}: stop it first`);
  if (!(await isFree(options.port)) && !isOurs(layout, options.port)) {
    throw new UsageError(`--port: ${options.port} is taken: name another one`);
  }
  const missing = missingFor(options.rack);
  if (missing.length > 0)
    throw new UsageError(`--rack ${options.rack}: ${missing.join(", ")} is not there: npm run build:metal`);
  const lacking = options.net === "tap" ? networkMissing() : [];
  if (lacking.length > 0) throw new UsageError(`--net tap wants ${lacking.join(", ")}`);
  let stopping = false;
  const stop = () => {
    stopping = true;
  };
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  buildPrograms();
  const stack = await startStack({
    layout,
    settings: await settle(layout),
    lab,
    apiPort: options.port,
    watchdogSeconds,
    machines: readMachines(options),
    rackKind: options.net === "tap" ? qemuIn(labNetworkOf(options.data)) : rackKindOf[options.rack],
    agentUrl: options.agentUrl,
  });
  try {
    const job: MainJob = {
      api: apiClient(stack.api, stack.token),
      reporter,
      sleep: (ms) => Promise.race([new Promise<void>((resolve) => setTimeout(resolve, ms)), stack.failed]),
      now: () => Date.now(),
      stopping: () => stopping,
    };
    reporter.say(
      `API and status page: ${stack.api}/   console: ${stack.api}/console   everything is kept in ${options.data}`,
    );
    return await run(job, stack, layout, options);
  } finally {
    if (stopping && !options.json) reporter.say("Stopping; start again to carry on.");
    await stack.stop();
  }
}

/** The port is held by a run of ours that was killed, whose leftovers are about to be ended. */
const isOurs = (layout: Layout, port: number): boolean =>
  existsSync(layout.processes) &&
  existsSync(layout.run) &&
  JSON.parse(readFileSync(layout.run, "utf8")).port === port;

async function run(job: MainJob, stack: Stack, layout: Layout, options: Options): Promise<number> {
  await prepareLab(job, stack.lab);
  const told = new Map<string, number>();
  const id = (await unfinished(job, layout)) ?? (await begin(job, stack, layout, options));
  const ready = await follow(job, id, told, (view) => isHandedOver(view) || isAtRest(view));
  if (job.stopping()) return options.once ? 1 : 0;
  const nodes = ready.nodes.length;
  if (isHandedOver(ready)) tellConnections(job.reporter, ready, layout);
  else if (!options.once)
    job.reporter.say(
      `Reservation ${id} ended as ${ready.state}: ${ready.cause?.message ?? "no reason given"}`,
    );
  if (!options.once) {
    job.reporter.say("It stays up until Ctrl-C.");
    await follow(job, id, told, () => false);
    return 0;
  }
  if (isHandedOver(ready)) await job.api.end(id, "one reservation was asked for (--once)");
  const last = await follow(job, id, told, isAtRest);
  job.reporter.result(resultOf(last, nodes));
  if (last.state !== "complete" && !options.json)
    job.reporter.say(`failed: ${last.cause?.message ?? "no reason given"}`);
  return last.state === "complete" ? 0 : 1;
}

/** A reservation of an earlier run that has not come to its end: it is carried on. */
async function unfinished({ api, reporter }: MainJob, { run: file }: Layout): Promise<string | null> {
  if (!existsSync(file)) return null;
  const { reservation } = z
    .looseObject({ reservation: z.string() })
    .parse(JSON.parse(readFileSync(file, "utf8")));
  try {
    const view = await api.reservation(reservation);
    if (isAtRest(view)) return null;
    reporter.say(`Carrying on with reservation ${reservation}, which is ${view.state}`);
    return reservation;
  } catch (error) {
    // It was killed before the reservation was made.
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

async function begin(
  { api, reporter }: MainJob,
  { rackControl }: Stack,
  layout: Layout,
  options: Options,
): Promise<string> {
  const image = await storeImage(layout, options);
  const { revision } = await api.registerImage(image);
  reporter.say(`Image ${image.id}: revision ${revision}, ${(image.sizeBytes / 1024 / 1024).toFixed(1)} MiB`);
  await breakThings(rackControl, options);
  const { publicKey } = userKey(layout);
  // The id is ours and on disk before the request is made, so that being killed in between leaves nothing that nobody knows.
  const id = ids.next("res");
  writeAtomically(layout.run, JSON.stringify({ reservation: id, port: options.port }));
  await api.reserve({
    id,
    owner: "you",
    image: image.id,
    prefer: [...options.hangs.map(({ node }) => node), ...options.deadBmcs],
    count: options.count,
    minutes: reservationMinutes,
    user,
    publicKey,
  });
  reporter.say(`Reservation ${id}: ${options.count} nodes with ${image.id}`);
  return id;
}

async function storeImage(
  layout: Layout,
  { rack, image: named, badImage, hangs, deadBmcs }: Options,
): Promise<{ id: string; sha256: string; sizeBytes: number }> {
  const image = named ?? rackKindOf[rack].image;
  const made = join(layout.images, "demo.part");
  // Faults show only where something is loaded, so that a run with faults has an image that no node has yet.
  const variant = badImage || hangs.length > 0 || deadBmcs.length > 0 ? String(Date.now()) : "";
  if (image === null) await makeDemoImage(made, variant);
  const content = await importImage(image ?? made, layout.images);
  await rm(made, { force: true });
  if (badImage) {
    const file = join(layout.images, content.sha256);
    await writeFile(file, Buffer.from("damaged"), { flag: "r+" });
  }
  return { id: named === null ? "demo" : "image", ...content };
}

async function breakThings(rackControl: string, { hangs, deadBmcs }: Options): Promise<void> {
  const add = [
    ...hangs.map((hang) => ({ kind: "hang", ...hang })),
    ...deadBmcs.map((node) => ({ kind: "dead-bmc", node })),
  ];
  if (add.length === 0) return;
  const response = await fetch(`${rackControl}/faults`, { method: "POST", body: JSON.stringify({ add }) });
  if (!response.ok) throw new StackError(`the rack refused the faults: ${await response.text()}`);
}

function tellConnections(reporter: Reporter, { connections }: ReservationView, layout: Layout): void {
  for (const { node, address, user: account } of connections) {
    const [host, port = "22"] = address.split(":");
    reporter.say(
      `${node}: ssh -i ${layout.userKey} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -p ${port} ${account}@${host}`,
    );
  }
}

function reporterFor({ json }: Options, startedAt: number): Reporter {
  const write = (text: string) => void process.stdout.write(text);
  if (json) return jsonReporter(write);
  if (process.stdout.isTTY) return terminalReporter(write, () => process.stdout.columns);
  return plainReporter(write, startedAt);
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(help);
  else process.exitCode = await main(options);
} catch (error) {
  const usage = error instanceof UsageError;
  process.stderr.write(
    `rackwright: ${usage || error instanceof StackError || error instanceof ApiError || error instanceof ImageError ? error.message : error instanceof Error ? error.stack : String(error)}\n`,
  );
  process.exitCode = usage ? 2 : 1;
}
