/**
 * Everything on one machine, as processes: DynamoDB, the cloud (queues, SSM, functions), for the lab its controller (SSM
 * agent and our agent) and the virtual rack. Whatever an earlier run has left behind is ended first, but for the rack: it is
 * the hardware, and lives on as real machines would.
 */
import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { shim } from "../agent/install.ts";
import { isAlive, type Living, startOf } from "../agent/living.ts";
import type { LabFile } from "../contracts/lab-file.ts";
import type { Policy } from "../core/correction/policy.ts";
import type { CloudConfig } from "./cloud-main.ts";
import { dynamoDbProgram, tendStream } from "./dynamodb.ts";
import { tokenFrom } from "./issuer.ts";
import { type Layout, type Settings, writeAtomically } from "./layout.ts";
import { localPolicy } from "./policy.ts";
import { end } from "./process.ts";
import type { rackMachines } from "./rack/config.ts";
import type { RackKind } from "./rack/kinds.ts";
import { rackFile } from "./rack/store.ts";

const root = join(import.meta.dirname, "../..");
const agentBundle = join(root, "dist/agent/rackwright-agent.mjs");
const runBundle = join(root, "dist/agent/rackwright-run.mjs");
const functionsDir = join(root, "dist/functions");

const records = z.record(z.string(), z.strictObject({ pid: z.int(), start: z.string().nullable() }));
type Records = z.infer<typeof records>;

/** A part of the stack that did not come up, or ended by itself: with the end of its log. */
export class StackError extends Error {
  override readonly name = "StackError";
}

/** A machine of the rack: one with the id of a node stands behind that node's BMC. */
export type RackMachine = z.input<typeof rackMachines>[number];

export interface Stack {
  /** By the name of each part. */
  readonly pids: Readonly<Record<string, number>>;
  readonly api: string;
  /** Lets its bearer do everything. */
  readonly token: string;
  readonly rackControl: string;
  /** The lab with each BMC's address replaced by that of the virtual machine that stands in for it. */
  readonly lab: LabFile;
  /** Ends everything, the rack frozen; resolves when it is done. */
  stop(): Promise<void>;
  /** Rejects when a part ends by itself. */
  readonly failed: Promise<never>;
}

export interface StackSettings {
  readonly layout: Layout;
  readonly settings: Settings;
  readonly lab: LabFile;
  readonly apiPort: number;
  readonly watchdogSeconds: number;
  /** What is in the rack where that is not what the lab says; null: what the lab says. */
  readonly machines?: readonly RackMachine[] | undefined;
  /** What the machines are. */
  readonly rackKind: RackKind;
  /** Where machines find the agent, if not where those of the rack do. */
  readonly agentUrl?: string | null;
  /** In place of the agent that is shipped: a bench's, whose hardware answers at once. */
  readonly agentProgram?: string;
  /** SendCommand is refused beyond that, as AWS may do it; null: never. */
  readonly sendCommandsPerSecond?: number | null;
  /** A module that the functions' process loads before anything else: a bench's, which counts what they ask of AWS. */
  readonly preload?: string;
  /** In place of the one for virtual machines (policy.ts). */
  readonly policy?: Policy;
}

const startPatienceMs = 30_000;
const stopPatienceMs = 10_000;

export async function startStack({
  layout,
  settings,
  lab,
  apiPort,
  watchdogSeconds,
  machines,
  rackKind: kind,
  agentUrl = null,
  agentProgram = agentBundle,
  sendCommandsPerSecond = null,
  preload,
  policy = localPolicy,
}: StackSettings): Promise<Stack> {
  const { ports } = settings;
  const rackKind = agentUrl === null ? kind : { ...kind, agentUrl: () => agentUrl };
  const controller = lab.controllers[0] ?? "";
  const url = (port: number | undefined) => `http://127.0.0.1:${port}`;
  await endLeftovers(layout);
  prepareController(layout, settings, lab, rackKind);
  deployFunctions(layout, functionsDir);
  const running: Records = { main: { pid: process.pid, start: startOf(process.pid) } };
  const children = new Map<string, ChildProcess>();
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  // Whoever waits for it hears it; nobody has to.
  failed.catch(() => undefined);
  let stopping = false;

  /** Starts a part in a process group of its own, so that Ctrl-C reaches us alone; its output goes to its log. */
  function start(
    name: string,
    command: string,
    parameters: readonly string[],
    environment: NodeJS.ProcessEnv = {},
  ): ChildProcess {
    const log = openSync(logOf(layout, name), "a", 0o600);
    const child = spawn(command, [...parameters], {
      cwd: root,
      env: { ...process.env, ...environment },
      detached: true,
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    const ended = (why: string) => {
      if (!stopping)
        fail(new StackError(`${name} ${why}; the end of ${logOf(layout, name)}:\n${tail(layout, name)}`));
    };
    child.once("error", (error) => ended(`did not start: ${error.message}`));
    child.once("exit", (code, signal) => ended(`ended with ${signal ?? code}`));
    if (child.pid !== undefined) {
      running[name] = { pid: child.pid, start: startOf(child.pid) };
      writeAtomically(layout.processes, JSON.stringify(running));
    }
    children.set(name, child);
    return child;
  }
  const node = (
    name: string,
    file: string,
    parameters: readonly string[],
    environment: NodeJS.ProcessEnv = {},
  ) =>
    start(
      name,
      process.execPath,
      ["--disable-warning=ExperimentalWarning", file, ...parameters],
      environment,
    );

  async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + startPatienceMs;
    while (!(await Promise.race([holds().catch(() => false), failed]))) {
      if (Date.now() > deadline)
        throw new StackError(
          `${what} did not come up within ${startPatienceMs / 1000} s; see ${layout.logs}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }
  const answers = (address: string) => async () => (await fetch(address)).status < 500;

  try {
    const external = process.env["DYNAMODB_ENDPOINT"];
    if (external === undefined) {
      const program = dynamoDbProgram();
      start("dynamodb", program.file, program.parameters(ports.dynamodb ?? 0, layout.database));
    }
    const rack = await startRack(
      layout,
      settings,
      machines ?? lab.nodes.filter(isOfRack).map(({ id, macs }) => ({ id, macs })),
      rackKind,
      () => node("rack", rackKind.program, ["--config", join(layout.rack, "config.json")]),
      until,
    );
    await until("dynamodb", answers(external ?? url(ports.dynamodb)));
    if (external === undefined) tendStream(layout.database);
    const webhook = process.env["EVENTS_WEBHOOK_URL"];
    const cloud: CloudConfig = {
      schema: "rackwright.cloud/1",
      ports: { api: apiPort, sqs: ports.sqs ?? 0, ssm: ports.ssm ?? 0, images: ports.images ?? 0 },
      dynamodbEndpoint: external ?? url(ports.dynamodb),
      functions: layout.functions,
      queuesFile: layout.queues,
      ssmFile: layout.ssm,
      imagesDir: layout.images,
      mailDir: layout.mail,
      issuerFile: layout.issuer,
      events: {
        file: layout.events,
        streamPositionFile: layout.streamPosition,
        webhook: webhook === undefined ? null : { url: webhook, positionFile: layout.webhookPosition },
      },
      watchdogSeconds,
      sendCommandsPerSecond,
      policy: JSON.stringify(policy),
    };
    const cloudMain = join(root, "lib/local/cloud-main.ts");
    const cloudParameters = ["--config", JSON.stringify(cloud)];
    if (preload === undefined) node("cloud", cloudMain, cloudParameters);
    else node("cloud", "--import", [preload, cloudMain, ...cloudParameters]);
    const credentials = {
      AWS_ACCESS_KEY_ID: controller,
      AWS_SECRET_ACCESS_KEY: "local",
      RACKWRIGHT_AGENT_CONFIG: agentConfigOf(layout),
    };
    node("agent", agentProgram, ["serve"], credentials);
    node(
      "ssm-agent",
      join(root, "lib/local/ssm/controller-main.ts"),
      ["--endpoint", url(ports.ssm), "--controller", controller, "--state", layout.controller],
      {
        ...credentials,
        PATH: `${layout.bin}:${process.env["PATH"] ?? ""}`,
      },
    );
    await until("the API", answers(`${url(apiPort)}/v1/openapi.json`));
    // One that is not content (a BMC refuses its credential) is up all the same.
    await until(
      "the agent",
      async () => (await fetch(`http://${rackKind.agentHost}:${ports.agent}/metrics`)).ok,
    );
    const token = await tokenFrom(url(apiPort), process.env["USER"] ?? "operator", ["operator"]);
    writeAtomically(layout.token, token, 0o600);
    return {
      pids: Object.fromEntries(Object.entries(running).map(([name, { pid }]) => [name, pid])),
      api: url(apiPort),
      token,
      rackControl: url(rack.controlPort),
      lab: {
        ...lab,
        nodes: lab.nodes.map((each) => {
          if (!isOfRack(each)) return each;
          const ports = rack.nodes.find(({ id }) => id === each.id) ?? { bmcPort: 0 };
          const bmc = { ...each.bmc, ...rackKind.bmc(ports.bmcPort) };
          const serial = rackKind.console(ports);
          return serial === undefined ? { ...each, bmc } : { ...each, bmc, console: serial };
        }),
      },
      failed,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }

  async function stop(): Promise<void> {
    stopping = true;
    // The hands first, then the brain, then its memory: nobody loses a word that he could still have said.
    for (const name of ["ssm-agent", "agent", "cloud", "dynamodb", "rack"]) {
      const living = running[name];
      if (living !== undefined) await end(living, "SIGTERM", stopPatienceMs);
    }
    const rack = readRack(layout);
    if (rack !== null) await end(rack.living, "SIGTERM", stopPatienceMs);
    writeAtomically(layout.processes, "{}");
  }
}

/** A virtual machine of libvirt's is no machine of the rack: it is where its connection says. */
const isOfRack = ({ bmc }: LabFile["nodes"][number]): boolean => bmc.driver !== "libvirt";

/** Another folder of bundles takes the place of the one before; whoever runs them is told by SIGHUP. */
function deployFunctions({ functions: link }: Layout, folder: string): void {
  rmSync(`${link}.new`, { force: true });
  symlinkSync(folder, `${link}.new`);
  renameSync(`${link}.new`, link);
}

const logOf = ({ logs }: Layout, name: string): string => join(logs, `${name}.log`);

function tail(layout: Layout, name: string): string {
  const file = logOf(layout, name);
  return existsSync(file)
    ? readFileSync(file, "utf8").trimEnd().split("\n").slice(-8).join("\n")
    : "(no log)";
}

/** The process id of the run that uses the data directory now, or null. */
export function holderOf(layout: Layout): number | null {
  if (!existsSync(layout.processes)) return null;
  const { main } = records.parse(JSON.parse(readFileSync(layout.processes, "utf8")));
  return main !== undefined && isAlive(main) ? main.pid : null;
}

/** What a run that was killed has left: ended, but for the rack. */
async function endLeftovers(layout: Layout): Promise<void> {
  if (!existsSync(layout.processes)) return;
  const left = records.parse(JSON.parse(readFileSync(layout.processes, "utf8")));
  for (const [name, living] of Object.entries(left)) {
    if (name !== "rack" && name !== "main") await end(living, "SIGKILL", stopPatienceMs);
  }
}

function readRack(layout: Layout): { living: Living; file: z.infer<typeof rackFile> } | null {
  const path = join(layout.rack, "rack.json");
  if (!existsSync(path)) return null;
  const file = rackFile.parse(JSON.parse(readFileSync(path, "utf8")));
  return { file, living: { pid: file.pid, start: file.processStart } };
}

/** The rack that lives, or a new one, thawed from where the last was frozen. */
async function startRack(
  layout: Layout,
  { ports, bmc }: Settings,
  machines: readonly RackMachine[],
  kind: RackKind,
  start: () => ChildProcess,
  until: (what: string, holds: () => Promise<boolean>) => Promise<void>,
): Promise<z.infer<typeof rackFile>> {
  const old = readRack(layout);
  if (old !== null && isAlive(old.living)) return old.file;
  writeFileSync(
    join(layout.rack, "config.json"),
    JSON.stringify({
      schema: "rackwright.rack/1",
      dir: layout.rack,
      controlPort: ports.rack,
      bootServer: kind.agentUrl(ports.agent ?? 0),
      ...(kind.network === undefined ? {} : { network: kind.network }),
      credential: bmc,
      nodes: machines,
    }),
    { mode: 0o600 },
  );
  const child = start();
  await until("the rack", async () => readRack(layout)?.file.pid === child.pid);
  const rack = readRack(layout);
  if (rack === null) throw new StackError("the rack has not told its ports");
  return rack.file;
}

const agentConfigOf = ({ dir }: Layout): string => join(dir, "agent.json");

/** What a person sets up once on a lab controller: configuration, secrets, boot files, the program on the PATH. */
function prepareController(layout: Layout, { ports, bmc }: Settings, lab: LabFile, rackKind: RackKind): void {
  writeAtomically(
    agentConfigOf(layout),
    JSON.stringify({
      schema: "rackwright.agent/1",
      controller: lab.controllers[0],
      lab: lab.lab,
      stateDir: layout.agent,
      secretsDir: layout.secrets,
      bootFilesDir: layout.bootFiles,
      switchDriversDir: join(layout.dir, "switch-drivers"),
      biosDriversDir: join(layout.dir, "bios-drivers"),
      testsDir: join(layout.dir, "tests"),
      listen: { host: rackKind.agentHost, port: ports.agent },
      publicUrl: rackKind.agentUrl(ports.agent ?? 0),
      discovery: true,
      imageStoreUrl: `http://127.0.0.1:${ports.images}/images`,
      reports: {
        queueUrl: `http://127.0.0.1:${ports.sqs}/000000000000/reports`,
        endpoint: `http://127.0.0.1:${ports.sqs}`,
        region: "us-east-1",
      },
      // Virtual machines write for seconds, where real ones write for minutes.
      limits: { progressSeconds: 1 },
    }),
  );
  for (const name of new Set(lab.nodes.map((node) => node.bmc.credential))) {
    writeAtomically(join(layout.secrets, `${name}.json`), JSON.stringify(bmc), 0o600);
  }
  rackKind.fillBootFiles(layout.bootFiles);
  const command = join(layout.bin, "rackwright-agent");
  writeFileSync(command, shim(process.execPath, agentBundle, runBundle));
  chmodSync(command, 0o755);
}
