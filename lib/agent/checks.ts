/** What the doctor looks at. Each check says what it found and, if that is not well, what to do about it. */
import { accessSync, constants, existsSync, readdirSync, readlinkSync, statfsSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { ask, socketOf } from "./ask.ts";
import { cloudClock } from "./clock.ts";
import { type AgentConfig, readConfig } from "./config.ts";
import { readDistro } from "./installer.ts";
import { secretsIn } from "./secrets.ts";

export interface Finding {
  /** `missing`: something does not work without it. `note`: it may not be needed here. */
  readonly verdict: "ok" | "missing" | "note";
  readonly what: string;
  readonly found: string;
  /** What to do; null when all is well. */
  readonly advice: string | null;
}

const ok = (what: string, found: string): Finding => ({ verdict: "ok", what, found, advice: null });
const missing = (what: string, found: string, advice: string): Finding => ({
  verdict: "missing",
  what,
  found,
  advice,
});
const note = (what: string, found: string, advice: string): Finding => ({
  verdict: "note",
  what,
  found,
  advice,
});

const oldestNode = 24;
const leastFreeGib = 10;
const others = 0o077;
const writableByOthers = 0o022;

/** Debian's packages of what drivers run. */
const tools: readonly (readonly [tool: string, packageName: string, need: string])[] = [
  ["timeout", "coreutils", "every power tool is bounded by it"],
  ["ipmitool", "ipmitool", "power driver ipmi"],
  ["fence_ipmilan", "fence-agents", "power driver fence"],
  ["virsh", "libvirt-clients", "power driver libvirt"],
  ["ssh", "openssh-client", "logging in to nodes with a certificate"],
];

export const findTool = (name: string, path = process.env["PATH"] ?? ""): string | null =>
  [...path.split(":"), "/usr/sbin", "/sbin"]
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    }) ?? null;

export function checkMachine(): Finding[] {
  const version = process.versions.node;
  const node =
    Number(version.split(".")[0]) >= oldestNode
      ? ok("Node", version)
      : missing("Node", version, `Node ${oldestNode} or newer is wanted`);
  return [
    node,
    ...tools.map(([tool, packageName, need]) => {
      const file = findTool(tool);
      if (file !== null) return ok(tool, file);
      const advice = `apt-get install --no-install-recommends ${packageName}   (${need})`;
      return tool === "timeout"
        ? missing(tool, "not installed", advice)
        : note(tool, "not installed", advice);
    }),
    checkSsmAgent(),
  ];
}

function checkSsmAgent(): Finding {
  const what = "amazon-ssm-agent";
  const runs = readdirSync("/proc").some((pid) => /^\d+$/.test(pid) && nameOf(pid) === what);
  return runs
    ? ok(what, "runs")
    : note(
        what,
        "does not run",
        "register this machine by a hybrid activation: docs/lab-controller.md, step 2",
      );
}

/** The file that a process runs, by its name. */
function nameOf(pid: string): string | null {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`));
  } catch {
    // It has ended, or is somebody else's.
    return null;
  }
}

export async function checkConfig(file: string): Promise<Finding[]> {
  let config: AgentConfig;
  try {
    config = readConfig(file);
  } catch (error) {
    const advice = "rackwright-agent install writes one; correct what is wrong in it";
    return [missing("configuration", error instanceof Error ? error.message : String(error), advice)];
  }
  return [
    ok("configuration", `${file}: controller ${config.controller} of lab ${config.lab}`),
    checkState(config),
    ...checkSecrets(config),
    checkBootFiles(config),
    ...checkScripts("power script", config.scriptsDir),
    ...checkScripts("build system", config.buildersDir, /[.]mjs$/),
    ...checkScripts("switch driver", config.switchDriversDir, /[.]json$/),
    ...checkScripts("BIOS driver", config.biosDriversDir, /[.]json$/),
    ...checkScripts("test", config.testsDir, /[.]json$/),
    ...checkDistros(config),
    checkCredentials(),
    await checkClock(config),
    await checkDaemon(config),
  ];
}

function checkState({ stateDir }: AgentConfig): Finding {
  const what = "state directory";
  try {
    accessSync(stateDir, constants.W_OK);
    if ((statSync(stateDir).mode & others) !== 0)
      return missing(what, `${stateDir} is open to others`, `chmod 700 ${stateDir}`);
    const { bavail, bsize } = statfsSync(stateDir);
    const freeGib = (bavail * bsize) / 2 ** 30;
    return freeGib >= leastFreeGib
      ? ok(what, `${stateDir}, ${freeGib.toFixed(0)} GiB free`)
      : note(
          what,
          `${stateDir}, ${freeGib.toFixed(1)} GiB free`,
          "images are kept here: make room for those of this lab",
        );
  } catch {
    return missing(what, `${stateDir} is not there, or cannot be written`, `mkdir -p -m 700 ${stateDir}`);
  }
}

function checkSecrets({ secretsDir }: AgentConfig): Finding[] {
  if (!existsSync(secretsDir))
    return [missing("secrets", `${secretsDir} is not there`, `mkdir -p -m 700 ${secretsDir}`)];
  const names = readdirSync(secretsDir, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".json"))
    .map((name) => name.slice(0, -".json".length));
  if (names.length === 0) {
    const advice = `write {"username": "…", "password": "…"} into ${secretsDir}/NAME.json, chmod 600; NAME is what the lab file calls the credential`;
    return [note("secrets", `${secretsDir} holds none`, advice)];
  }
  const secrets = secretsIn(secretsDir);
  return names.map((name) => {
    try {
      secrets.read(name);
      return ok(`secret ${name}`, "readable by this user alone");
    } catch (error) {
      return missing(
        `secret ${name}`,
        error instanceof Error ? error.message : String(error),
        "correct the file",
      );
    }
  });
}

function checkBootFiles({ bootFilesDir }: AgentConfig): Finding {
  const absent = ["kernel", "ramdisk"].filter((name) => !existsSync(join(bootFilesDir, name)));
  return absent.length === 0
    ? ok("boot files", bootFilesDir)
    : note("boot files", `${absent.join(" and ")} not in ${bootFilesDir}`, "network installations need both");
}

/** `besides`: files that are no executables, and may lie there. */
function checkScripts(what: string, folder: string, besides = /^$/): Finding[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => !besides.test(name));
  return names.map((name) => {
    const file = join(folder, name);
    const { mode } = statSync(file);
    if ((mode & writableByOthers) !== 0)
      return missing(`${what} ${name}`, "can be written by others", `chmod go-w ${file}`);
    return (mode & 0o100) === 0
      ? missing(`${what} ${name}`, "is not executable", `chmod +x ${file}`)
      : ok(`${what} ${name}`, file);
  });
}

function checkDistros({ distrosDir }: AgentConfig): Finding[] {
  if (!existsSync(distrosDir)) return [];
  const names = readdirSync(distrosDir).filter((name) => name.endsWith(".json"));
  return names.map((file) => {
    const name = file.slice(0, -".json".length);
    try {
      return ok(`distribution ${name}`, readDistro({ distrosDir }, name).tree);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return missing(`distribution ${name}`, why, "docs/build-systems.md says what stands in it");
    }
  });
}

function checkCredentials(): Finding {
  const file = process.env["AWS_SHARED_CREDENTIALS_FILE"] ?? join(homedir(), ".aws", "credentials");
  if (process.env["AWS_ACCESS_KEY_ID"] !== undefined) return ok("AWS credentials", "from the environment");
  return existsSync(file)
    ? ok("AWS credentials", file)
    : missing(
        "AWS credentials",
        `${file} is not there`,
        "the SSM agent writes it once this machine is registered",
      );
}

async function checkClock({ reports }: AgentConfig): Promise<Finding> {
  const what = "clock, and the way to AWS";
  const clock = cloudClock(Date.now, () => performance.now());
  const sentAt = Date.now();
  try {
    const response = await fetch(reports.endpoint, { method: "HEAD", signal: AbortSignal.timeout(10_000) });
    clock.heard(response.headers.get("date"), sentAt);
  } catch (error) {
    const why = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    const advice = "open 443 outward to it; nothing has to be opened inward";
    return missing(what, `${reports.endpoint} cannot be reached: ${why}`, advice);
  }
  const distrust = clock.distrust();
  return distrust === null
    ? ok(what, `${((clock.offsetMs() ?? 0) / 1000).toFixed(1)} s off`)
    : missing(what, distrust, "without a right clock nothing is switched");
}

async function checkDaemon({ stateDir }: AgentConfig): Promise<Finding> {
  const what = "daemon";
  try {
    // Anything that is no delivery is refused, with a word: that word is what we want to hear.
    await ask(socketOf(stateDir), "{}", 2000);
    return ok(what, "answers");
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (message.includes("NotADelivery")) return ok(what, "answers");
    return note(what, "does not run", "systemctl enable --now rackwright-agent");
  }
}
